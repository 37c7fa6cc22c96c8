// How long the hypervisor takes on RISC-V from where firmware enters it to a guest's first instruction.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { flatten, readElf } from "../../tools/build/elf.ts";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import { RISCV64 } from "../../tools/build/targets/riscv64.ts";
import { RISCV64_RESET, RISCV64_RESET_LONGEST } from "./figures.ts";
import { LONGEST_ON_RISCV64, withLongestLists } from "./longest.ts";
import { parseBegin, parseCycles } from "./parse.ts";
import { assemble, OUT } from "./programs.ts";
import { buildRiscv64System, type Riscv64BenchSystem } from "./riscv64Machine.ts";
import { figureRow, type FigureRow } from "./rows.ts";
import { runGuest } from "./run.ts";

/** Where the guest's image belongs: the PLC guest's place. */
const ENTRY = 0x8020_0000;
const IMAGE = "riscv64-reset-guest.bin";
const PARTITION = `
  bench: { guest: plc, image: ${IMAGE}, cpus: [0], memory: 16M, interrupts: direct, devices: [rtc], pmu: true }
`;

export async function measureRiscv64Reset(progress: (line: string) => void): Promise<FigureRow[]> {
  progress("RISC-V: entry to a guest's first instruction …");
  writeAtomically(join(ROOT, OUT, IMAGE), flatten(readElf(readFileSync(assemble("reset", ENTRY, { isa: "riscv64" })))));
  const longest = await buildRiscv64System("reset-longest", PARTITION, (plan) => withLongestLists(plan, LONGEST_ON_RISCV64));
  return [
    figureRow(RISCV64_RESET, await resetOf(await buildRiscv64System("reset", PARTITION))),
    figureRow(RISCV64_RESET_LONGEST, await resetOf(longest)),
  ];
}

async function resetOf({ plan, machineArguments }: Riscv64BenchSystem): Promise<number> {
  const { lines } = await runGuest({ machineArguments, plan, lastLine: /^[0-9a-f]{16} $/, emulator: RISCV64.emulator });
  return parseCycles(lines) - parseBegin(lines);
}

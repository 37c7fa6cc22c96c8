// What the hypervisor's paths cost on RISC-V. Guests in assembly (test/system/assembly/riscv64) count them in QEMU, where an
// instruction is a nanosecond, and print what they found: of interrupts the most of 10,000, of calls and accesses the least.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PARTITION_DIRECT, PARTITION_PMU } from "../../partitions/blob/layout.table.ts";
import { assembled, numbersOf, Riscv64System } from "../system/riscv64System.ts";
import type { Riscv64Spec } from "../system/riscv64System.ts";
import {
  RISCV64_APLIC, RISCV64_CALL, RISCV64_COMPRESSED, RISCV64_IPI, RISCV64_MESSAGE, RISCV64_PROBE, RISCV64_SET_TIMER, RISCV64_TIMER,
  RISCV64_WIRE,
} from "./figures.ts";
import type { Figure } from "./figures.ts";
import { figureRow } from "./rows.ts";
import type { FigureRow } from "./rows.ts";

interface Counting {
  /** Of test/system/assembly/riscv64. */
  readonly guest: string;
  readonly spec: Partial<Riscv64Spec>;
  /** What it prints, in order; undefined: no figure of the benchmark's. */
  readonly figures: readonly (Figure | undefined)[];
}

const LEAST = undefined;
const COUNTING: readonly Counting[] = [
  { guest: "times", spec: {}, figures: [LEAST, RISCV64_TIMER, RISCV64_CALL] },
  { guest: "msi", spec: { file: true }, figures: [LEAST, RISCV64_MESSAGE, undefined] },
  {
    guest: "wired",
    spec: { file: true, wired: true },
    figures: [
      LEAST, RISCV64_WIRE, RISCV64_PROBE, RISCV64_SET_TIMER, RISCV64_APLIC, RISCV64_COMPRESSED, RISCV64_IPI, undefined, undefined,
    ],
  },
];

/** Microseconds: the tick is seldom among what is counted. */
const TICK = 20_000;

export async function measureRiscv64(progress: (line: string) => void): Promise<FigureRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "axv-bench-riscv64-"));
  const rows: FigureRow[] = [];
  try {
    for (const { guest, spec, figures } of COUNTING) {
      progress(`RISC-V: ${guest}`);
      rows.push(...(await countedBy({ guest: assembled(folder, guest), ...spec }, figures)));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return rows;
}

async function countedBy(spec: Riscv64Spec, figures: readonly (Figure | undefined)[]): Promise<FigureRow[]> {
  const system = await Riscv64System.boot({ ...spec, flags: PARTITION_DIRECT + PARTITION_PMU, tick: TICK });
  try {
    await system.until("figures", () => numbersOf(system).length === figures.length);
    const found = numbersOf(system);
    return figures.flatMap((figure, n) => (figure === undefined ? [] : [figureRow(figure, Number(found[n]))]));
  } finally {
    await system.stop();
  }
}

// Measures on RISC-V what linux.ts does: Debian's Linux from its first instruction to its first program, in a partition, with
// direct interrupts and with injected ones, and without a hypervisor. There it has the direct one's device tree: what it has of
// AIA is at the board's own addresses.
//
// That is measured of a quiet kernel; and, to be known, of one whose log is on its console. Its 13 KB come at once, when the
// driver of the 16550 begins: what is more than a console's ring holds waits until the housekeeper has sent it, a piece at a time
// beside the guest, and without a hypervisor for nothing, for QEMU's UART has no speed.
import { join } from "node:path";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import { RISCV64 } from "../../tools/build/targets/riscv64.ts";
import { type Figure, type Mode, MODES, RISCV64_LINUX, RISCV64_LINUX_LOG } from "./figures.ts";
import { LAST_LINE, placeOf } from "./linux.ts";
import { type LinuxFiles, linuxFiles } from "./linuxFiles.ts";
import { parseBegin, parseLinux } from "./parse.ts";
import { OUT } from "./programs.ts";
import { beginningAt, buildRiscv64System, type Riscv64BenchSystem } from "./riscv64Machine.ts";
import { figureRow, type FigureRow } from "./rows.ts";
import { runGuest } from "./run.ts";

const { emulator } = RISCV64;
/**
 * Not at RAM's end, where QEMU puts its device tree: of one in a partition's memory no seed is taken, and without one Linux does
 * more, which has nothing to do with a hypervisor.
 */
const MEMORY = "{ size: 512M, at: 0x98000000 }";
const NANOSECONDS = 1e9;

/** Virtual seconds. */
async function bareSeconds({ plan, deviceTrees }: Riscv64BenchSystem, { kernel, initrd }: LinuxFiles): Promise<number> {
  const file = join(ROOT, OUT, "riscv64-linux.dtb");
  writeAtomically(file, compileTree(deviceTrees.get("linux")?.() ?? ""));
  const [image, tree] = [placeOf(plan, "image"), placeOf(plan, "device tree")];
  const machineArguments = beginningAt(image, [[image, kernel], [placeOf(plan, "initrd"), initrd], [tree, file]], tree);
  const { lines } = await runGuest({ machineArguments, plan: undefined, lastLine: LAST_LINE, emulator, isPiped: true });
  return parseLinux(lines) - parseBegin(lines) / NANOSECONDS;
}

/** `name`: of its files; `more`: on the kernel's command line. */
async function rowsOf(
  name: string, figures: Readonly<Record<Mode, Figure>>, more: string, progress: (line: string) => void,
): Promise<FigureRow[]> {
  const files = await linuxFiles("init", progress, "riscv64");
  const build = (mode: Mode): Promise<Riscv64BenchSystem> =>
    buildRiscv64System(`${name}-${mode}`, `${files.partition("[0]", MEMORY, more)}    clock: own\n    interrupts: ${mode}\n`);
  progress(`RISC-V: Linux without a hypervisor${more} …`);
  const bare = await bareSeconds(await build("direct"), files);
  const rows: FigureRow[] = [];
  for (const mode of MODES) {
    progress(`RISC-V: Linux in a partition, ${mode} interrupts${more} …`);
    const { plan, machineArguments } = await build(mode);
    const { lines } = await runGuest({ machineArguments, plan, lastLine: LAST_LINE, emulator, isPiped: true });
    rows.push(figureRow(figures[mode], parseLinux(lines) / bare));
  }
  return rows;
}

export const measureRiscv64Linux = async (progress: (line: string) => void): Promise<FigureRow[]> => [
  ...(await rowsOf("linux", RISCV64_LINUX, " quiet", progress)),
  ...(await rowsOf("linux-log", RISCV64_LINUX_LOG, "", progress)),
];

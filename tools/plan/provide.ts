// Makes the images that come with the project, when a system uses them: file → what builds it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { BOARD_ISAS } from "../../boards/isa.ts";
import { ROOT } from "../build/files.ts";
import { buildProgram, isUpToDate } from "../build/index.ts";
import { PLC, PLC_RISCV64 } from "../build/programs.ts";
import { QUICK_WASM } from "../build/quickWasm.ts";
import { inProject } from "../../partitions/project.ts";
import { ensureLinux, isLinuxReady, LINUX_FOLDERS } from "../linux/linux.ts";
import { debianTree } from "../linux/trees.ts";

export type Progress = (line: string) => void;

interface Builder {
  readonly files: readonly string[];
  readonly build: (progress: Progress) => Promise<unknown>;
  /** `build` would leave its files as they are. */
  readonly isReady: () => Promise<boolean> | boolean;
}

const BUILDERS: readonly Builder[] = [
  { files: ["build/plc/plc.bin"], build: (progress) => buildProgram(PLC, progress), isReady: () => isUpToDate(PLC) },
  {
    files: ["build/plc-riscv64/plc-riscv64.bin"],
    build: (progress) => buildProgram(PLC_RISCV64, progress),
    isReady: () => isUpToDate(PLC_RISCV64),
  },
  ...BOARD_ISAS.map((isa) => ({
    files: ["Image", "initramfs.cpio.gz"].map((name) => `${LINUX_FOLDERS[isa]}/${name}`),
    build: (progress: Progress) => ensureLinux(progress, isa),
    isReady: () => isLinuxReady(isa),
  })),
];

export async function provide(files: readonly string[], progress: Progress): Promise<void> {
  for (const builder of BUILDERS) if (builder.files.some((file) => files.includes(file))) await builder.build(progress);
}

/** `file`: relative to the project, named as Debian names it. */
export async function provideTree(file: string, progress: Progress): Promise<void> {
  const place = inProject(file);
  await mkdir(dirname(place), { recursive: true });
  await copyFile(await debianTree(basename(file), progress), place);
}

/** The files that `provide` would leave as they are. What is wrong with the others it will say. */
export async function readyFiles(): Promise<ReadonlySet<string>> {
  const ready = await Promise.all(BUILDERS.map(async ({ isReady }) => isReady()).map((asked) => asked.catch(() => false)));
  return new Set(BUILDERS.flatMap(({ files }, index) => (ready[index] === true ? files : [])));
}

/** The same by a process of its own, while this one does something else. What fails there says nothing: `provide` will say it. */
export async function provideApart(files: readonly string[], progress: Progress): Promise<void> {
  const child = spawn(process.execPath, [...QUICK_WASM, join(ROOT, "tools/plan/provide-apart.ts"), ...files], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  createInterface({ input: child.stderr }).on("line", progress);
  await once(child, "close").catch(() => undefined); // it could not even be started
}

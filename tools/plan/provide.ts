// Makes the images that come with the project, when a system uses them: file → what builds it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../build/files.ts";
import { buildProgram } from "../build/index.ts";
import { PLC } from "../build/programs.ts";
import { QUICK_WASM } from "../build/quickWasm.ts";
import { ensureLinux } from "../linux/linux.ts";

export type Progress = (line: string) => void;

type Builder = (progress: Progress) => Promise<unknown>;

/** Kernel and initramfs come together. */
const buildLinux: Builder = (progress) => ensureLinux(progress);

const BUILDERS: ReadonlyMap<string, Builder> = new Map([
  ["build/plc/plc.bin", (progress) => buildProgram(PLC, progress)],
  ["build/linux/Image", buildLinux],
  ["build/linux/initramfs.cpio.gz", buildLinux],
]);

export async function provide(files: readonly string[], progress: Progress): Promise<void> {
  const builders = new Set(files.flatMap((file) => BUILDERS.get(file) ?? []));
  for (const build of builders) await build(progress);
}

/** The same by a process of its own, while this one does something else. What fails there says nothing: `provide` will say it. */
export async function provideApart(files: readonly string[], progress: Progress): Promise<void> {
  const child = spawn(process.execPath, [...QUICK_WASM, join(ROOT, "tools/plan/provide-apart.ts"), ...files], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  createInterface({ input: child.stderr }).on("line", progress);
  await once(child, "close").catch(() => undefined); // it could not even be started
}

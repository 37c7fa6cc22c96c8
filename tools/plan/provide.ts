// Makes the images that come with the project, when a system uses them: file → what builds it.
import { buildProgram } from "../build/index.ts";
import { PLC } from "../build/programs.ts";
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

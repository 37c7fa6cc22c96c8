// Makes the images that come with the project, when a system uses them: file → what builds it.
import { buildProgram } from "../build/index.ts";
import { PLC } from "../build/programs.ts";

export type Progress = (line: string) => void;

const BUILDERS: Readonly<Record<string, (progress: Progress) => Promise<unknown>>> = {
  "build/plc/plc.bin": (progress) => buildProgram(PLC, progress),
};

export async function provide(files: readonly string[], progress: Progress): Promise<void> {
  const builders = new Set(files.flatMap((file) => BUILDERS[file] ?? []));
  for (const build of builders) await build(progress);
}

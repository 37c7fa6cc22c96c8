// node tools/build/main.ts PROGRAM|all builds programs (programs.ts); generate writes only the declarations they import.
import { BuildError } from "./errors.ts";
import { buildProgram, generate } from "./index.ts";
import { buildProvenCore, UnprovenCoreError } from "../verify/provenCore.ts";
import { CORES, PROGRAMS } from "./programs.ts";

const wanted = process.argv[2] ?? "all";
try {
  const programs = PROGRAMS.filter(({ name }) => wanted === "all" || wanted === "generate" || wanted === name);
  if (programs.length === 0) {
    throw new BuildError("unknown-program", `"${wanted}" (known: ${PROGRAMS.map(({ name }) => name).join(", ")})`);
  }
  for (const program of programs) {
    const progress = (line: string): void => console.error(line);
    if (wanted === "generate") await generate(program);
    else if (CORES.includes(program)) await buildProvenCore(progress, program);
    else await buildProgram(program, progress);
  }
} catch (error) {
  if (!(error instanceof BuildError || error instanceof UnprovenCoreError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

// node tools/build/main.ts PROGRAM|all builds programs (programs.ts); generate writes only the declarations they import.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { BuildError } from "./errors.ts";
import { buildProgram, generate } from "./index.ts";
import { buildProvenCore, isProven, UnprovenCoreError } from "../verify/provenCore.ts";
import { CORE, CORES, type Program, PROGRAMS } from "./programs.ts";

/** In a process of its own. */
async function buildApart({ name }: Program): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, name], { stdio: "inherit" });
  if ((await once(child, "close"))[0] !== 0) process.exitCode = 1; // it has said why
}

const wanted = process.argv[2] ?? "all";
try {
  const programs = PROGRAMS.filter(({ name }) => wanted === "all" || wanted === "generate" || wanted === name);
  if (programs.length === 0) {
    throw new BuildError("unknown-program", `"${wanted}" (known: ${PROGRAMS.map(({ name }) => name).join(", ")})`);
  }
  // A core takes as long as all the rest: other ISAs' are built beside this one's.
  const apart = wanted === "all" ? CORES.filter((core) => core !== CORE && !isProven(core)) : [];
  // What two write at the same time, neither takes for unchanged (cache.ts).
  if (apart.length > 0) for (const core of CORES) await generate(core);
  const built = Promise.all(apart.map(buildApart));
  for (const program of programs.filter((each) => !apart.includes(each))) {
    const progress = (line: string): void => console.error(line);
    if (wanted === "generate") await generate(program);
    else if (CORES.includes(program)) await buildProvenCore(progress, program);
    else await buildProgram(program, progress);
  }
  await built;
} catch (error) {
  if (!(error instanceof BuildError || error instanceof UnprovenCoreError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

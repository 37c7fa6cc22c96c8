// node tools/build/main.ts core|plc|plc-reader|all builds programs; generate writes only the declarations they import.
import { BuildError } from "./errors.ts";
import { buildProgram, generate } from "./index.ts";
import { PROGRAMS } from "./programs.ts";

const wanted = process.argv[2] ?? "all";
try {
  const programs = PROGRAMS.filter(({ name }) => wanted === "all" || wanted === "generate" || wanted === name);
  if (programs.length === 0) {
    throw new BuildError("unknown-program", `"${wanted}" (known: ${PROGRAMS.map(({ name }) => name).join(", ")})`);
  }
  for (const program of programs) {
    if (wanted === "generate") await generate(program);
    else await buildProgram(program, (line) => console.error(line));
  }
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

// node tools/verify/main.ts [--isa ISA] [--json] [--explain ENTRY]: proves the core that tools/build has made, and prints the
// table.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { analyse, type Problem } from "./analyse.ts";
import { explain } from "./explain.ts";
import { readMeasured } from "./measured.ts";
import { formatReport } from "./table.ts";
import { CORES } from "../build/programs.ts";
import { TARGETS } from "../build/targets/index.ts";
import { verify } from "./verify.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const { values } = parseArgs({
  options: {
    isa: { type: "string", default: "aarch64" },
    json: { type: "boolean", default: false },
    explain: { type: "string" },
  },
});

const core = CORES.find(({ isa }) => isa === values.isa);
if (core === undefined) {
  console.error(`no core for "${values.isa}" (known: ${CORES.map(({ isa }) => isa).join(", ")})`);
  process.exit(1);
}
const TARGET = TARGETS[core.isa];
const ELF = join(ROOT, `build/${core.name}/${core.name}.elf`);
const WASM = join(ROOT, `build/${core.name}/${core.name}.wasm`);

if (values.explain === undefined) {
  const report = verify(ELF, WASM, TARGET);
  const problems = report.problems.map(({ code, message, at }) => ({ code, message, at }));
  console.log(
    values.json ? JSON.stringify({ ...report, problems }, undefined, 1) : formatReport(report, readMeasured(ELF)).join("\n"),
  );
  complain(report.problems);
} else {
  const problems: Problem[] = [];
  const analysis = analyse(ELF, WASM, TARGET, problems);
  const routine = analysis?.program.routines.get(values.explain);
  if (analysis === undefined || routine === undefined) {
    const known = [...(analysis?.program.routines.keys() ?? [])].sort();
    console.error(`no routine ${values.explain} could be analysed (known: ${known.join(", ")})`);
    process.exitCode = 1;
  } else {
    console.log(explain(analysis.program, analysis.code, routine).join("\n"));
  }
  complain(problems);
}

function complain(problems: readonly Problem[]): void {
  for (const { message } of problems) console.error(message);
  if (problems.length > 0) process.exitCode = 1;
}

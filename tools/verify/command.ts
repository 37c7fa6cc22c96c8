// What `node tools/verify/main.ts` prints: the table of a core that tools/build has made, or what one number of it is made of.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { analyse, type Problem } from "./analyse.ts";
import { displayPath } from "./errors.ts";
import { explain } from "./explain.ts";
import { readMeasured } from "./measured.ts";
import { formatReport } from "./table.ts";
import { CORES } from "../build/programs.ts";
import { TARGETS } from "../build/targets/index.ts";
import { verify } from "./verify.ts";

const BUILT = fileURLToPath(new URL("../../build", import.meta.url));

export interface Said {
  readonly lines: readonly string[];
  /** With any, the exit status is 1. */
  readonly errors: readonly string[];
}

/** `folder`: where the cores lie, each in a folder of its own. */
export function command(parameters: readonly string[], folder = BUILT): Said {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      isa: { type: "string", default: "aarch64" },
      json: { type: "boolean", default: false },
      explain: { type: "string" },
    },
  });
  const core = CORES.find(({ isa }) => isa === values.isa);
  if (core === undefined) {
    return { lines: [], errors: [`no core for "${values.isa}" (known: ${CORES.map(({ isa }) => isa).join(", ")})`] };
  }
  const elf = join(folder, core.name, `${core.name}.elf`);
  const wasm = join(folder, core.name, `${core.name}.wasm`);
  if (!existsSync(elf)) return { lines: [], errors: [`${displayPath(elf)} is not there: node tools/build/main.ts ${core.name}`] };
  const target = TARGETS[core.isa];
  if (values.explain !== undefined) {
    const problems: Problem[] = [];
    const analysis = analyse(elf, wasm, target, problems);
    const routine = analysis?.program.routines.get(values.explain);
    if (analysis !== undefined && routine !== undefined)
      return { lines: explain(analysis.program, analysis.code, routine), errors: messagesOf(problems) };
    const known = [...(analysis?.program.routines.keys() ?? [])].sort();
    const missing = `no routine ${values.explain} could be analysed (known: ${known.join(", ")})`;
    return { lines: [], errors: [missing, ...messagesOf(problems)] };
  }
  const report = verify(elf, wasm, target);
  const problems = report.problems.map(({ code, message, at }) => ({ code, message, at }));
  const lines = values.json ? [JSON.stringify({ ...report, problems }, undefined, 1)] : formatReport(report, readMeasured(elf));
  return { lines, errors: messagesOf(problems) };
}

const messagesOf = (problems: readonly { readonly message: string }[]): string[] => problems.map(({ message }) => message);

// Every function that verify proves a bound of, beside the most instructions that it took when QEMU executed it.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../tools/build/files.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { CORE } from "../../tools/build/programs.ts";
import { writeMeasured } from "../../tools/verify/measured.ts";
import { Code } from "../../tools/verify/native/code.ts";
import { disassemble } from "../../tools/verify/native/disassemble.ts";
import { loadElf } from "../../tools/verify/native/elf.ts";
import { BUDGETS, verify } from "../../tools/verify/verify.ts";
import { MODES } from "./figures.ts";
import { END, type Progress, systemAlone, systemOfPair } from "./matrix.ts";
import { OUT } from "./programs.ts";
import { runGuest } from "./run.ts";
import { type BenchSystem, GICS } from "./system.ts";
import { countTrace } from "./trace.ts";

export interface HandlerRow {
  readonly name: string;
  /** Instructions in the worst case, proven. */
  readonly bound: number;
  /** Loops as long as a byte count come on top. */
  readonly bySize: boolean;
  /** Undefined: it was not executed. */
  readonly measured: number | undefined;
}

/** What must not be. */
export const isUnsound = ({ bound, measured }: HandlerRow): boolean => measured !== undefined && measured > bound;

/** Each sample takes the same instructions as the one before it. */
const SAMPLES = 20;
const TRACE = join(ROOT, OUT, "trace.log");

/** Functions' most instructions in one boot of that system. */
async function traced({ plan, machineArguments }: BenchSystem, code: Code, end: number): Promise<Map<string, number>> {
  const base = plan.image.base;
  const filter = `0x${base.toString(16)}+0x${end.toString(16)}`;
  try {
    await runGuest({ machineArguments: [...machineArguments, "-singlestep", "-d", "exec,nochain", "-dfilter", filter, "-D", TRACE], plan, lastLine: END });
    return countTrace(TRACE, code, base);
  } finally {
    rmSync(TRACE, { force: true });
  }
}

export async function measureHandlers(progress: Progress): Promise<HandlerRow[]> {
  const { elf: elfPath, wasm } = await buildProgram(CORE);
  const elf = loadElf(elfPath);
  const code = new Code(elf, disassemble(elfPath));
  const end = Math.max(...code.functions.map((one) => one.end));
  const most = new Map<string, number>();
  for (const gic of GICS) {
    for (const mode of MODES) {
      for (const system of [systemAlone, systemOfPair]) {
        progress(`handlers: GICv${gic}, ${mode} interrupts, ${system === systemAlone ? "alone" : "a pair of guests"} …`);
        const counted = await traced(await system(gic, mode, SAMPLES), code, end);
        for (const [name, count] of counted) most.set(name, Math.max(most.get(name) ?? 0, count));
      }
    }
  }
  writeMeasured(readFileSync(elfPath), most);
  return verify(elfPath, wasm, BUDGETS).entries.map(({ name, instructions, perIteration }) => ({
    name,
    bound: instructions,
    bySize: perIteration.length > 0,
    measured: most.get(name),
  }));
}

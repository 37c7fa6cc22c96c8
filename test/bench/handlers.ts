// Every function that verify proves a bound of, beside the most instructions that it took when QEMU executed it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { analyse, type Analysis, type Problem } from "../../tools/verify/analyse.ts";
import { type Taken, writeMeasured } from "../../tools/verify/measured.ts";
import type { Code } from "../../tools/verify/native/code.ts";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { type EntryRow, verify } from "../../tools/verify/verify.ts";
import { measuredCore } from "./core.ts";
import { BenchError } from "./errors.ts";
import { MODES } from "./figures.ts";
import { END, type Progress, systemAlone, systemOfPair, systemOfSweep } from "./matrix.ts";
import { runGuest } from "./run.ts";
import { type BenchSystem, GICS } from "./system.ts";
import { type ByteLoops, countTrace, more } from "./trace.ts";

export interface HandlerRow {
  readonly name: string;
  /** inner: verify's report has no row of it. */
  readonly kind: EntryRow["kind"] | "inner";
  /** Instructions in the worst case, proven. */
  readonly bound: number;
  /** Loops as long as a byte count come on top. */
  readonly bySize: boolean;
  /** Undefined: it was not executed. */
  readonly measured: Taken | undefined;
}

/** What must not be. */
export const isUnsound = ({ bound, measured }: HandlerRow): boolean => measured !== undefined && measured.besidesSizes > bound;

/** Each sample takes the same instructions as the one before it. */
const SAMPLES = 20;

/** Functions' most instructions in one boot of that system. */
async function traced({ plan, machineArguments }: BenchSystem, code: Code, loops: ByteLoops): Promise<Map<string, Taken>> {
  const { base } = plan.image;
  const end = Math.max(...code.functions.map((one) => one.end));
  const folder = mkdtempSync(join(tmpdir(), "axv-trace-"));
  const log = join(folder, "trace.log");
  const tracing = ["-d", "in_asm,exec,nochain", "-dfilter", `0x${base.toString(16)}+0x${end.toString(16)}`, "-D", log];
  try {
    await runGuest({ machineArguments: [...machineArguments, ...tracing], plan, lastLine: END, restarts: true });
    return countTrace(log, code, base, loops);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function analysed(elf: string, wasm: string): Analysis {
  const problems: Problem[] = [];
  const analysis = analyse(elf, wasm, AARCH64, problems);
  const [problem] = problems;
  if (problem !== undefined || analysis === undefined)
    throw problem ?? new BenchError("figure-missing", `nothing is proven of ${elf}`);
  return analysis;
}

export async function measureHandlers(progress: Progress): Promise<HandlerRow[]> {
  const { elf, wasm } = await measuredCore();
  const { code, program } = analysed(elf, wasm);
  const routines = [...program.routines.values()];
  const loops: ByteLoops = {
    heads: new Set(routines.flatMap(({ byteLoops }) => byteLoops)),
    round: (name) => Math.max(0, ...(program.routines.get(name)?.cost.perIteration.values() ?? [])),
  };
  const most = new Map<string, Taken>();
  for (const gic of GICS) {
    for (const mode of MODES) {
      progress(`handlers: GICv${gic}, ${mode} interrupts …`);
      for (const system of [systemAlone, systemOfPair, systemOfSweep]) {
        for (const [name, taken] of await traced(await system(gic, mode, SAMPLES), code, loops))
          most.set(name, more(taken, most.get(name)));
      }
    }
  }
  writeMeasured(readFileSync(elf), most);
  const kinds = new Map(verify(elf, wasm, AARCH64).entries.map(({ name, kind }) => [name, kind] as const));
  return routines.map(({ name, cost }) => ({
    name,
    kind: kinds.get(name) ?? "inner",
    bound: cost.instructions,
    bySize: cost.perIteration.size > 0,
    measured: most.get(name),
  }));
}

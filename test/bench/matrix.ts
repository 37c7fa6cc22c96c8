// Takes every path in every setting: without a hypervisor, with injected and with direct interrupts, on both interrupt
// controllers, alone and beside a Linux under load. One boot of QEMU is one cell: a setting's guest, or its pair of guests.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import { buildProgram } from "../../tools/build/index.ts";
import type { Program } from "../../tools/build/programs.ts";
import type { Aarch64Plan as Plan, Plan as AnyPlan, PlannedMatch } from "../../partitions/plan/plan.ts";
import { debianTree } from "../../tools/linux/trees.ts";
import { type Distribution, exactly } from "./distribution.ts";
import { BenchError } from "./errors.ts";
import { type Mode, MODES } from "./figures.ts";
import { LONGEST_ON_AARCH64, withLongestLists } from "./longest.ts";
import { linuxFiles } from "./linuxFiles.ts";
import { parseGuest, parsePair, parseReset, parseSweep } from "./parse.ts";
import { BENCH_GUEST, OUT, productPath, RECEIVER, SENDER, SWEEP } from "./programs.ts";
import { runGuest, type Transcript } from "./run.ts";
import { bareMachine, type BenchSystem, buildSystem, type Gic, GICS } from "./system.ts";

export type Setting = "bare" | Mode;
export type Company = "alone" | "linux";

/** What one boot has measured. */
export interface Cell {
  readonly gic: Gic;
  readonly setting: Setting;
  readonly company: Company;
  /** By the path's name. */
  readonly paths: ReadonlyMap<string, Distribution>;
  /** Undefined without a hypervisor. */
  readonly transcript?: Transcript;
}

export type Progress = (line: string) => void;

export const SETTLED = /^bench: settled/;
export const END = /^bench: (end|failed)/;
/** Of the boards that there are, the longest; and what it is known by. */
const REAL_TREE = "rk3588-orangepi-5-plus.dtb";
const REAL_BOARD: PlannedMatch = { path: "/", property: "compatible", how: "has", value: "xunlong,orangepi-5-plus" };
/** The image's length in its arm64 Image header. */
const IMAGE_SIZE = 16;
/** So many samples are asked for there (assembly/start.S). */
const RESERVED = 32;
/** Lines of output that an error quotes. */
const QUOTED = 20;
const MIB = 1024 * 1024;
/** So much longer is the second image, from which the time to copy a byte is found. */
const PADDING = 4 * MIB;

/** The image of a guest that takes so many samples of each path; undefined: as many as it will. */
async function imageOf(program: Program, samples: number | undefined): Promise<string> {
  const { binary } = await buildProgram(program);
  if (samples === undefined) return productPath(binary);
  const bytes = new Uint8Array(readFileSync(binary));
  new DataView(bytes.buffer).setBigUint64(RESERVED, BigInt(samples), true);
  const path = join(ROOT, OUT, `${program.name}-${samples}.bin`);
  writeAtomically(path, bytes);
  return productPath(path);
}

/** A partition whose guest is one of the benchmark's. `guest: plc` as to its machine: the board's, at QEMU's addresses. */
const partition = (name: string, image: string, cpus: readonly number[], mode: Mode, devices: string): string => `
  ${name}:
    guest: plc
    image: ${image}
    cpus: [${cpus.join(", ")}]
    memory: 16M
    interrupts: ${mode}
    devices: [${devices}]
    pmu: true
`;

async function bare(gic: Gic): Promise<Cell> {
  const { elf } = await buildProgram(BENCH_GUEST);
  const { lines } = await runGuest({ machineArguments: [...bareMachine(gic), "-kernel", elf], plan: undefined, lastLine: END });
  return { gic, setting: "bare", company: "alone", paths: parseGuest(lines).paths };
}

/** A guest that measures itself, and a second pCPU for the housekeeping. */
export async function systemAlone(gic: Gic, mode: Mode, samples?: number): Promise<BenchSystem> {
  const yaml = `partitions:${partition("bench", await imageOf(BENCH_GUEST, samples), [0], mode, "rtc")}`;
  return buildSystem({ name: `v${gic}-${mode}-alone`, gic, cpus: 2, yaml });
}

/** The same, but that pCPU is Linux's, and the housekeeping is done there. */
async function systemBesideLinux(gic: Gic, mode: Mode, samples: number | undefined, progress: Progress): Promise<BenchSystem> {
  const { partition: linux } = await linuxFiles("load", progress);
  const yaml = `partitions:${partition("bench", await imageOf(BENCH_GUEST, samples), [0], mode, "rtc")}${linux("[1]")}`;
  return buildSystem({ name: `v${gic}-${mode}-linux`, gic, cpus: 2, yaml });
}

/** Two guests for doorbells and a restart, and a pCPU for the housekeeping. */
export async function systemOfPair(gic: Gic, mode: Mode, samples?: number): Promise<BenchSystem> {
  const sender = partition("sender", await imageOf(SENDER, samples), [0], mode, "rtc");
  const receiver = partition("receiver", await imageOf(RECEIVER, samples), [1], mode, "");
  const yaml = `partitions:${sender}${receiver}\nchannels:\n  bell: { between: [sender, receiver] }\n`;
  return buildSystem({ name: `v${gic}-${mode}-pair`, gic, cpus: 3, yaml });
}

/**
 * A guest that asks for everything once, fails, is started again, and stops all of its vCPUs at once: as many as a
 * partition can have beside a pCPU for housekeeping.
 */
export async function systemOfSweep(gic: Gic, mode: Mode): Promise<BenchSystem> {
  const sweep = partition("sweep", await imageOf(SWEEP, undefined), [0, 1, 2, 3, 4, 5, 6], mode, "rtc");
  const yaml = `partitions:${sweep}    on_failure: restart\n`;
  return buildSystem({ name: `v${gic}-${mode}-sweep`, gic, cpus: "all", yaml });
}

/** One cell: a guest that measures itself. */
export async function hosted(gic: Gic, mode: Mode, company: Company, { samples, progress }: Request): Promise<Cell> {
  const system =
    company === "alone" ? await systemAlone(gic, mode, samples) : await systemBesideLinux(gic, mode, samples, progress);
  const transcript = await runGuest({ ...system, lastLine: END, withExits: true });
  if (company === "linux") expectLoad(transcript.lines);
  const { reset, paths } = parseGuest(transcript.lines);
  return { gic, setting: mode, company, paths: new Map([...paths, ["reset", exactly(reset)]]), transcript };
}

function expectLoad(lines: readonly string[]): void {
  const begun = lines.findIndex((line) => line.includes("bench: load"));
  if (begun < 0 || begun > lines.findIndex((line) => SETTLED.test(line))) {
    throw new BenchError(
      "guest-failed",
      `Linux was not yet under load when measuring began:\n${lines.slice(-QUOTED).join("\n")}`,
    );
  }
}

async function pair(gic: Gic, mode: Mode, { samples }: Request): Promise<Cell> {
  const system = await systemOfPair(gic, mode, samples);
  const transcript = await runGuest({ ...system, lastLine: END, restarts: true, withExits: true });
  const { doorbell, restart, restartCached } = parsePair(transcript.lines);
  const copied = system.plan.partitions[0]?.loads.reduce((sum, { size }) => sum + size, 0) ?? 0;
  return {
    gic,
    setting: mode,
    company: "alone",
    paths: new Map([
      ["doorbell", doorbell],
      ["restart", exactly(restart)],
      ["restart-cached", exactly(restartCached)],
      ["copied", exactly(copied)],
    ]),
    transcript,
  };
}

/** From reset to a guest's first instruction, where all lists are at their longest, and where firmware hands over a real tree. */
async function resets(gic: Gic, mode: Mode, { progress }: Request): Promise<Cell> {
  const yaml = `partitions:${partition("bench", await imageOf(BENCH_GUEST, undefined), [0], mode, "rtc")}`;
  const reset = async (name: string, alter: (plan: Plan) => AnyPlan, more: readonly string[]): Promise<Distribution> => {
    const { plan, machineArguments } = await buildSystem({ name: `v${gic}-${mode}-${name}`, gic, cpus: 2, yaml, alter });
    return exactly(await resetOf({ plan, machineArguments: [...machineArguments, ...more] }));
  };
  const longest = await reset("longest", (plan) => withLongestLists(plan, LONGEST_ON_AARCH64), []);
  const matched = (plan: Plan): Plan => ({ ...plan, firmwareTree: { expected: true, matches: [REAL_BOARD] } });
  const tree = await reset("tree", matched, ["-dtb", await debianTree(REAL_TREE, progress)]);
  return { gic, setting: mode, company: "alone", paths: new Map([["reset-longest", longest], ["reset-tree", tree]]) };
}

const resetOf = async ({ plan, machineArguments }: Pick<BenchSystem, "plan" | "machineArguments">): Promise<number> =>
  parseReset((await runGuest({ machineArguments, plan, lastLine: /^bench: (reset|failed)/ })).lines);

/** Instructions for each byte of a guest's image: what a longer one takes longer, from reset to its first instruction. */
export async function measureCopying(): Promise<number> {
  const { binary } = await buildProgram(BENCH_GUEST);
  const reset = async (name: string, image: string): Promise<number> => {
    const yaml = `partitions:${partition("bench", productPath(image), [0], "injected", "rtc")}`;
    return resetOf(await buildSystem({ name, gic: 3, cpus: 1, yaml }));
  };
  const shorter = await reset("copy", binary);
  return ((await reset("copy-padded", padded(binary))) - shorter) / PADDING;
}

/** The same image with zeros behind it. */
function padded(image: string): string {
  const bytes = readFileSync(image);
  const longer = new Uint8Array(bytes.length + PADDING);
  longer.set(bytes);
  new DataView(longer.buffer).setBigUint64(IMAGE_SIZE, BigInt(longer.length), true);
  const path = join(ROOT, OUT, "padded.bin");
  writeAtomically(path, longer);
  return path;
}

/** The dearest accesses to the interrupt controller are among all of them. */
async function sweep(gic: Gic, mode: Mode): Promise<Cell> {
  const transcript = await runGuest({ ...(await systemOfSweep(gic, mode)), lastLine: END, restarts: true });
  return { gic, setting: mode, company: "alone", paths: parseSweep(transcript.lines), transcript };
}

export interface Request {
  /** In which the guest measures itself. */
  readonly companies: readonly Company[];
  /** Of each path, in a partition; undefined: as many as the guests take by themselves. */
  readonly samples?: number;
  readonly progress: Progress;
}

export async function measureCells(request: Request): Promise<Cell[]> {
  const { companies, progress } = request;
  const cells: Cell[] = [];
  for (const gic of GICS) {
    progress(`GICv${gic}: without a hypervisor …`);
    cells.push(await bare(gic));
    for (const mode of MODES) {
      for (const company of companies) {
        progress(`GICv${gic}: ${mode} interrupts, ${company === "alone" ? "alone" : "beside a Linux under load"} …`);
        cells.push(await hosted(gic, mode, company, request));
      }
      progress(`GICv${gic}: ${mode} interrupts, the longest lists, and a real device tree …`);
      cells.push(await resets(gic, mode, request));
      progress(`GICv${gic}: ${mode} interrupts, a pair of guests …`);
      cells.push(await pair(gic, mode, request));
      progress(`GICv${gic}: ${mode} interrupts, a guest that asks for everything once …`);
      cells.push(await sweep(gic, mode));
    }
  }
  return cells;
}

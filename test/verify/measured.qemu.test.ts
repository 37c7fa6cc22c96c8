// Soundness: no run of a function on an emulated CPU executes more instructions than verify says it can. Random programs, run
// through every way they can take, compiled as the build does it, and also with the loop transformations that the build switches
// off.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { RISCV64 } from "../../tools/build/targets/riscv64.ts";
import type { Target } from "../../tools/build/targets/target.ts";
import { Code } from "../../tools/verify/native/code.ts";
import { disassemble } from "../../tools/verify/native/disassemble.ts";
import { loadElf } from "../../tools/verify/native/elf.ts";
import { readMarkers, withIntrinsics } from "../../tools/verify/native/markers.ts";
import { analyseProgram } from "../../tools/verify/native/program.ts";
import { type HandlerRow, isUnsound, measureHandlers } from "../bench/handlers.ts";
import { count, countingHarness } from "./counting.ts";
import { ARGUMENTS, randomFrom, randomProgram } from "./random-program.ts";
import { nestingOf, PRELUDE, preludeOf, withElf } from "./sample.ts";

const FUNCTIONS = 32;

interface Result {
  readonly name: string;
  readonly proven: number;
  readonly measured: number;
}

/** Proven and measured worst case of every function of a random program. */
async function compare(target: Target, seed: number, flags: readonly string[]): Promise<Result[]> {
  const { c, functions, nesting } = randomProgram(preludeOf(target), FUNCTIONS, randomFrom(seed));
  const measurements = functions.map((name) => ({ name, arguments: Array.from({ length: ARGUMENTS }, (_, bits) => bits) }));
  const source = { target, c, assembly: countingHarness(measurements, target), flags, entry: "_start" };
  const { bytes, program } = withElf(source, (path) => {
    const elf = loadElf(path);
    const code = new Code(elf, disassemble(path, target.reading), target.reading);
    return { bytes: readFileSync(path), program: analyseProgram(code, readMarkers(elf), withIntrinsics(nestingOf(nesting))) };
  });
  const refused = program.problems.filter(({ message }) => !message.includes("measure")); // it calls through a register
  expect(refused.map(({ message }) => message)).toEqual([]);
  const counts = await count(bytes, measurements, target);
  return functions.map((name, index) => ({
    name,
    proven: program.routines.get(name)?.cost.instructions ?? NaN,
    measured: Math.max(...counts.slice(index * ARGUMENTS, (index + 1) * ARGUMENTS)),
  }));
}

const VARIANTS: readonly (readonly [string, readonly string[], readonly number[]])[] = [
  ["as the build compiles", [], [101, 102, 103]],
  ["with loops unrolled", ["-funroll-loops"], [201, 202]],
  // The second one has a loop that clang splits in two nested ones.
  ["for size", ["-Os"], [301, 22 * 7919]],
  ["with everything that moves loops", ["-O3", "-funroll-loops", "-mllvm", "-unroll-runtime"], [401, 402]],
  ["with little optimisation", ["-O1"], [501]],
];

const RISCV64_VARIANTS: typeof VARIANTS = [
  ["as the build compiles", [], [605]],
  ["with everything that moves loops", ["-O3", "-funroll-loops", "-mllvm", "-unroll-runtime"], [615]],
];

describe.each([
  ...VARIANTS.map(([name, ...variant]) => [`AArch64, ${name}`, AARCH64, ...variant] as const),
  ...RISCV64_VARIANTS.map(([name, ...variant]) => [`RISC-V, ${name}`, RISCV64, ...variant] as const),
])("%s", (_, target, flags, seeds) => {
  test.each(seeds)("random program %i", async (seed) => {
    const results = await compare(target, seed, flags);
    expect(results.filter(({ proven, measured }) => !(measured <= proven))).toEqual([]);
    // Some runs take a worst case to the last instructions, or the comparison would show little.
    expect(Math.max(...results.map(({ proven, measured }) => measured / proven))).toBeGreaterThan(0.9);
  });
});

test("the count is exact: known functions, called with known arguments", async () => {
  const c = `${PRELUDE}
    __attribute__((naked)) u32 straight(u32 x) { __asm__("nop\\n nop\\n nop\\n ret"); }
    __attribute__((naked)) u32 rounds(u32 x) { __asm__("1: sub w0, w0, #1\\n cbnz w0, 1b\\n ret"); }`;
  const measurements = [{ name: "straight", arguments: [0, 1] }, { name: "rounds", arguments: [1, 10, 1000] }];
  const elf = withElf({ c, assembly: countingHarness(measurements, AARCH64), entry: "_start" }, (path) => readFileSync(path));
  expect(await count(elf, measurements, AARCH64)).toEqual([4, 4, 3, 21, 2001]);
});

test("also on RISC-V", async () => {
  const c = `${preludeOf(RISCV64)}
    __attribute__((naked)) u32 straight(u32 x) { __asm__("nop\\n nop\\n lui a1, 0x12345\\n ret"); }
    __attribute__((naked)) u32 rounds(u32 x) { __asm__("1: addi a0, a0, -1\\n bnez a0, 1b\\n ret"); }`;
  const measurements = [{ name: "straight", arguments: [0, 1] }, { name: "rounds", arguments: [1, 10, 1000] }];
  const target = RISCV64;
  const source = { target, c, assembly: countingHarness(measurements, target), entry: "_start" };
  const elf = withElf(source, (path) => readFileSync(path));
  expect(await count(elf, measurements, target)).toEqual([4, 4, 3, 21, 2001]);
});

describe("the core", () => {
  /** Entered by what no guest of ours can cause: SErrors, the hypervisor's own faults, 32-bit guests, FIQs, a cluster that
   * refuses. And what comes behind a WFE, which QEMU executes as if it were nothing. */
  const NEVER =
    /^(panic|trapSerror|axv_vectors|axv_vector_(el2[ht]_|fiq|serror).*|axv_probe_failed|axv_stop.*|axv_look \(after WFI\))$/;

  let rows: readonly HandlerRow[];
  beforeAll(async () => {
    rows = await measureHandlers(() => {});
  });

  test("no function takes more instructions than are proven", () => {
    expect(rows.filter(isUnsound)).toEqual([]);
  });

  test("every handler was executed, and most of what is inside", () => {
    const missed = rows.filter(({ kind, measured }) => kind !== "inner" && measured === undefined).map(({ name }) => name);
    expect(missed.filter((name) => !NEVER.test(name))).toEqual([]);
    const inside = rows.filter(({ kind }) => kind === "inner");
    expect(inside.filter(({ measured }) => measured !== undefined).length).toBeGreaterThan(inside.length / 2);
  });
});

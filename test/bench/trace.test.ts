// What a trace says that functions took: from the first instruction to the return, callees included.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Taken } from "../../tools/verify/measured.ts";
import type { Code } from "../../tools/verify/native/code.ts";
import { analyse } from "../verify/sample.ts";
import { type ByteLoops, countTrace } from "./trace.ts";

const BASE = 0x1000;
const ASSEMBLY = `
  .text
  .globl _start
  .type _start, %function
_start: bl outer          // an exception's vector
        eret
  .type outer, %function
outer:  stp x29, x30, [sp, #-16]!
        bl inner
        ldp x29, x30, [sp], #16
        b inner           // goes on in it
  .type inner, %function
inner:  cbz x0, 1f
        nop
1:      ret
  .type sleeper, %function
sleeper:
        wfi
        nop
        b sleeper
  .type copier, %function
copier: bl bytes
        eret
  .type looper, %function
looper: nop
        sub x0, x0, #1
        cbnz x0, looper + 4
        eret
  .type bytes, %function
bytes:  subs x0, x0, #1
        b.ne bytes
        ret
`;
/** `cpu:function+first..last`, in instructions. <: rewound to there; x: stopped there; =: begun again, not listed. */
const PLACE = /^([<x=]?)(?:(\d):)?([a-z_]+)(?:\+(\d+)(?:\.\.(\d+))?)?$/;
const NO_BYTE_LOOPS = { heads: new Set<number>(), round: () => 0 };

const counted = (places: readonly string[]): Record<string, number> =>
  Object.fromEntries(Object.entries(taken(places, NO_BYTE_LOOPS)).map(([name, { instructions }]) => [name, instructions]));

/** Of the sample: what PLACE says. */
function taken(places: readonly string[], loops: ByteLoops): Record<string, Taken> {
  const { code } = analyse({ assembly: ASSEMBLY, entry: "_start" });
  const folder = mkdtempSync(join(tmpdir(), "axv-trace-test-"));
  try {
    const log = join(folder, "trace.log");
    writeFileSync(log, [...places.flatMap((place) => linesOf(code, place)), "Trace 9: cut o"].join("\n"));
    return Object.fromEntries(countTrace(log, code, BASE, loops));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const A64 = 4;
const hex = (address: number): string => address.toString(16).padStart(16, "0");

function linesOf(code: Code, place: string): string[] {
  const [, mark = "", cpu = "0", name = "", first = "0", last = first] = PLACE.exec(place) ?? [];
  const at = BASE + (code.named(name)?.start ?? NaN) + A64 * Number(first);
  if (mark === "<") return [`cpu_io_recompile: rewound execution of TB to ${hex(at)}`];
  if (mark === "x") return [`Stopped execution of TB chain before 0x7f0d10143bc0 [${hex(at)}] `];
  const instructions = Number(last) - Number(first) + 1;
  const host = 0x7f0d10000000 + 0x100 * at + instructions;
  const listed = Array.from({ length: instructions }, (_, n) => `0x${(at + A64 * n).toString(16)}:  d503201f  nop`);
  return [
    ...(mark === "=" ? [] : ["----------------", "IN: ", ...listed, ""]),
    `Trace ${cpu}: 0x${host.toString(16)} [${hex(0)}/${hex(at)}/00000061/ff020201] `,
  ];
}

const THROUGH = [
  "_start",
  "outer",
  "outer+1",
  "inner",
  "inner+1",
  "inner+2",
  "outer+2",
  "outer+3",
  "inner",
  "inner+2",
  "_start+1",
];
/** What is counted is what is known to have been executed: that something comes after it. */
const AFTER = "sleeper";

test("calls, a function that goes on in another one, and a whole exception", () => {
  expect(counted([...THROUGH, AFTER])).toEqual({ inner: 3, outer: 9, _start: 11 });
});

test("an instruction that QEMU begins twice is executed once", () => {
  const twice = THROUGH.flatMap((place) => [place, `<${place}`, place]);
  expect(counted([...twice, AFTER])).toEqual({ inner: 3, outer: 9, _start: 11 });
  const stopped = THROUGH.flatMap((place) => [place, `x${place}`, place]);
  expect(counted([...stopped, AFTER])).toEqual({ inner: 3, outer: 9, _start: 11 });
});

test("blocks of several instructions, also where one ends before an access, and is begun again there", () => {
  const blocks = ["_start", "outer+0..1", "inner+0", "inner+1..2", "outer+2..3", "inner", "inner+2", "_start+1", AFTER];
  expect(counted(blocks)).toEqual({ inner: 3, outer: 9, _start: 11 });
  const rewound = blocks.flatMap((place) => (place === "outer+2..3" ? [place, "<outer+3", "outer+3"] : [place]));
  expect(counted(rewound)).toEqual({ inner: 3, outer: 9, _start: 11 });
});

test("a loop back into the middle of the block that it ends is counted round by round; a block is listed but once", () => {
  expect(counted(["looper+0..2", "looper+1..2", "=looper+1..2", "looper+3", AFTER])).toEqual({ looper: 8 });
});

test("a block that is not listed is no guess", () => {
  expect(() => counted(["=inner+0..2", AFTER])).toThrow("does not list");
});

test("CPUs that take turns do not disturb each other", () => {
  const turns = THROUGH.flatMap((place) => [`0:${place}`, `1:${place}`]);
  expect(counted([...turns, `0:${AFTER}`, `1:${AFTER}`])).toEqual({ inner: 3, outer: 9, _start: 11 });
});

test("the longest counts", () => {
  expect(counted(["inner", "inner+2", ...THROUGH, AFTER])).toMatchObject({ inner: 3 });
});

test("an exception leaves what was running behind; the guest's next one starts anew", () => {
  expect(counted(["_start", "outer", "outer+1", ...THROUGH, AFTER])).toEqual({ inner: 3, outer: 9, _start: 11 });
});

test("what comes after WFI is an entry of its own, up to the next WFI", () => {
  expect(counted(["sleeper", "sleeper+1", "sleeper+2", "sleeper", AFTER])).toEqual({ sleeper: 1, "sleeper+0x4 (after WFI)": 3 });
});

test("rounds of a loop as long as a byte count are told apart", () => {
  const { code } = analyse({ assembly: ASSEMBLY, entry: "_start" });
  const loops = {
    heads: new Set([code.named("bytes")?.start ?? NaN]),
    round: (name: string) => (name === "bytes" || name === "copier" ? 2 : 0),
  };
  const three = ["copier", "bytes", "bytes+1", "bytes", "bytes+1", "bytes", "bytes+1", "bytes+2", "copier+1", AFTER];
  expect(taken(three, loops)).toEqual({
    bytes: { instructions: 7, besidesSizes: 1 },
    copier: { instructions: 9, besidesSizes: 3 },
  });
});

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
  .type bytes, %function
bytes:  subs x0, x0, #1
        b.ne bytes
        ret
`;
const NO_BYTE_LOOPS = { heads: new Set<number>(), round: () => 0 };

const counted = (places: readonly string[]): Record<string, number> =>
  Object.fromEntries(Object.entries(taken(places, NO_BYTE_LOOPS)).map(([name, { instructions }]) => [name, instructions]));

/** Of the sample: places are \`function+instructions\`; anything else is a line of QEMU's own. */
function taken(places: readonly string[], loops: ByteLoops): Record<string, Taken> {
  const { code } = analyse({ assembly: ASSEMBLY, entry: "_start" });
  const folder = mkdtempSync(join(tmpdir(), "axv-trace-test-"));
  try {
    const log = join(folder, "trace.log");
    writeFileSync(log, [...places.map((place) => lineOf(code, place)), "Trace 9: cut o"].join("\n"));
    return Object.fromEntries(countTrace(log, code, BASE, loops));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function lineOf(code: Code, place: string): string {
  const [, cpu = "0", name, offset = "0"] = /^(?:(\d):)?([a-z_]+)\+?(\d+)?$/.exec(place) ?? [];
  const start = name === undefined ? undefined : code.named(name)?.start;
  if (start === undefined) return place;
  return `Trace ${cpu}: 0x7f0d10143bc0 ` +
    `[0000000000000000/${(BASE + start + 4 * Number(offset)).toString(16).padStart(16, "0")}/00000061/ff020201] `;
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
  const twice = THROUGH.flatMap((place) => [place, "cpu_io_recompile: rewound execution of TB to 0000000000001000", place]);
  expect(counted([...twice, AFTER])).toEqual({ inner: 3, outer: 9, _start: 11 });
  const stopped = THROUGH.flatMap((place) => [
    place,
    "Stopped execution of TB chain before 0x7f0d10143bc0 [0000000000001000] ",
    place,
  ]);
  expect(counted([...stopped, AFTER])).toEqual({ inner: 3, outer: 9, _start: 11 });
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

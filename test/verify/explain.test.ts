// The longest path as people read it: its lines add up, callees stand below their calls, loops show their rounds.
import { expect, test } from "vitest";
import { explain } from "../../tools/verify/explain.ts";
import { analyse, BOUNDED, PRELUDE } from "./sample.ts";

test("a path with a loop, calls and a tail call", () => {
  const sample = analyse({
    assembly: `${BOUNDED}.text
      f: str x30, [sp, #-16]!
      1: nop
      bounded 3, 7
      cbnz x0, 1b
      bl g
      bl g
      ldr x30, [sp], #16
      b h
      g: nop\n ret
      h: ret`,
  });
  const routine = sample.routine("f");
  expect(explain(sample.program, sample.code, routine)).toEqual([
    "            16  f",
    "             1    f",
    "             4    loop, 2 times (stated, line 7):",
    "             2      each round",
    "             1        f+0x4",
    "             1        f+0x8",
    "             2      and out",
    "             1        f+0x4",
    "             1        f+0x8",
    "             1    f+0xc",
    "             2      calls g",
    "             1        g",
    "             1        g+0x4",
    "             1    f+0x10",
    "             2      calls g (as above)",
    "             1    f+0x14",
    "             1    f+0x18",
    "             1      goes on in h",
    "             1        h",
  ]);
});

test("lines of one source line are one", () => {
  const c = `${PRELUDE}
#line 5 "core/sample.ts"
u32 f(u32 x) { return x * 3 + 1; }`;
  const sample = analyse({ c });
  const lines = explain(sample.program, sample.code, sample.routine("f"));
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^ +3 {4}core\/sample\.ts:5$/);
});

test("what depends on a size is said", () => {
  const sample = analyse({ c: `${PRELUDE} void f(u64 *to, u64 n) { for (u64 i = 0; i < n; i++) { BYTES_LOOP; to[i] = 0; } }` });
  const lines = explain(sample.program, sample.code, sample.routine("f"));
  expect(
    lines.filter((line) => /^ +by size +loop at .*, as often as the size says \(byte-count, line \d+\):$/.test(line)),
  ).toHaveLength(1);
});

test("retries of an exclusive store, and the source lines of a loop", () => {
  const sample = analyse({ assembly: `${BOUNDED}.text
      f: nop
      1: ldaxr w8, [x0]
      stlxr w10, w9, [x0]
      cbnz w10, 1b
      ret`, lines: true });
  const lines = explain(sample.program, sample.code, sample.routine("f")).map((line) => line.replaceAll(/\/.*\//g, "…/"));
  expect(lines).toEqual([
    "            26  f",
    "             1    …/source.S:9",
    "            21    loop at …/source.S:10, 7 times (retries of an exclusive store):",
    "             3      each round",
    "             1        …/source.S:10",
    "             1        …/source.S:11",
    "             1        …/source.S:12",
    "             3      and out",
    "             1        …/source.S:10",
    "             1        …/source.S:11",
    "             1        …/source.S:12",
    "             1    …/source.S:13",
  ]);
});

test("thousands, and the lines of several markers", () => {
  const sample = analyse({ assembly: `${BOUNDED}.text
      f: nop
      1: nop
      bounded 500, 3
      nop
      bounded 600, 4
      cbnz x0, 1b
      ret` });
  expect(explain(sample.program, sample.code, sample.routine("f")).slice(0, 3)).toEqual([
    "         1,802  f",
    "             1    f",
    "         1,797    loop, 599 times (stated, line 3, 4):",
  ]);
});

// Which marker limits which loop, where clang has moved things: the interesting cases of bounds.ts one by one.
import { describe, expect, test } from "vitest";
import { EXCLUSIVE_ATTEMPTS } from "../../../tools/verify/native/exclusives.ts";
import { analyse, BOUNDED, nestingOf, PRELUDE, refusals, type Sample } from "../sample.ts";

const assembly = (text: string, nesting = nestingOf([])): Sample => analyse({ assembly: `${BOUNDED}.text\n${text}` }, nesting);
const cost = (sample: Sample, name = "f"): number => {
  expect(refusals(sample)).toEqual([]);
  return sample.routine(name).cost.instructions;
};

describe("a loop without a marker of its own is refused", () => {
  test("no marker at all", () => {
    expect(refusals(assembly("f: 1: nop\n cbnz x0, 1b\n ret"))).toEqual(["loop-unmarked"]);
  });

  test("an endless loop", () => {
    expect(refusals(assembly("f: b f"))).toEqual(["loop-unmarked"]);
  });

  test("a way round that leaves the marker out", () => {
    expect(
      refusals(assembly("f: 1: nop\n cbz x0, 2f\n nop\n bounded 4, 1\n nop\n 2: sub x1, x1, #1\n cbnz x1, 1b\n ret")),
    ).toEqual(["loop-unmarked"]);
  });

  test("the message names the function and the source line", () => {
    const c = `${PRELUDE}#line 7 "core/sample.ts"\nvoid f(volatile u32 *p) { while (*p) {} }`;
    const [problem] = analyse({ c }).program.problems;
    expect(problem?.message).toMatch(/^core\/sample\.ts:7: a loop in f: put a loop marker .* \[loop-unmarked\]$/);
    expect(problem?.at).toEqual({ file: "core/sample.ts", line: 7 });
  });
});

describe("loops that clang unrolls", () => {
  const nested = (flags: readonly string[]): Sample =>
    analyse(
      {
        c: `${PRELUDE} u32 f(volatile u32 *p, u32 n) { u32 sum = 0;
#line 10 "core/sample.ts"
          for (u32 i = 0; i < n; i++) { BOUND(100);
            for (u32 j = 0; j < 4; j++) {
              BOUND(4); sum += p[j]; } } return sum; }`,
        flags,
      },
      nestingOf([[10, 12]]),
    );

  test("markers of an unrolled inner loop do not limit the outer one", () => {
    const sample = nested(["-funroll-loops"]);
    const { bounds } = sample.routine("f");
    expect(bounds).toHaveLength(1); // the inner loop is gone
    expect(sample.markers.filter(({ limit }) => limit === 4)).toHaveLength(4);
    // 100 rounds of at least four loads; the smallest limit in the loop, 4, would give 4 rounds.
    expect(cost(sample)).toBeGreaterThan(100 * 8);
    expect(cost(sample)).toBeLessThan(102 * 20);
  });

  test("the same source without unrolling", () => {
    const sample = nested([]);
    expect(sample.routine("f").bounds).toHaveLength(2);
    expect(cost(sample)).toBeGreaterThan(100 * 8);
  });

  test("a loop that has been unrolled four times goes round a quarter as often", () => {
    const four = "nop\n bounded 16, 1\n cbz x0, 9f\n".repeat(4);
    expect(cost(assembly(`f: nop\n 1: ${four} b 1b\n 9: ret`))).toBe(1 + 3 * 9 + 8 + 1);
  });

  test("not knowing which of two loops it is, the larger limit counts", () => {
    const both = "f: nop\n 1: nop\n bounded 3, 1\n nop\n bounded 50, 2\n nop\n cbnz x0, 1b\n ret";
    expect(cost(assembly(both))).toBe(1 + 50 * 4 + 1);
    // With the nesting known, it must be the outer one.
    expect(cost(assembly(both, nestingOf([[1, 2]])))).toBe(1 + 3 * 4 + 1);
    expect(cost(assembly(both, nestingOf([[2, 1]])))).toBe(1 + 50 * 4 + 1);
  });

  test("a peeled first iteration leaves a marker outside, which limits nothing", () => {
    expect(cost(assembly("f: nop\n bounded 5, 1\n nop\n 1: nop\n bounded 5, 1\n cbnz x0, 1b\n ret"))).toBe(2 + 5 * 2 + 1);
  });

  test("two loops with the same line and limit, one unrolled in the other", () => {
    const text = "f: nop\n 1: nop\n bounded 4, 1\n nop\n bounded 4, 1\n nop\n bounded 4, 1\n cbnz x0, 1b\n ret";
    // As one loop unrolled three times: 4 / 3 rounds. Nested in one another: four rounds back.
    expect(cost(assembly(text))).toBe(1 + 4 + 1);
    expect(cost(assembly(text, nestingOf([[1, 1]])))).toBe(1 + 5 * 4 + 1);
  });
});

describe("markers at the address of a loop's header", () => {
  test("the outer loop's, which has no other", () => {
    const text = "f: nop\n 1: nop\n bounded 3, 1\n 2: nop\n bounded 4, 2\n cbnz x0, 2b\n cbnz x1, 1b\n ret";
    // Outer: its marker may be passed only on the way in or on the way back: 3 times back. Inner: 4 rounds.
    expect(cost(assembly(text, nestingOf([[1, 2]])))).toBe(1 + 4 * (1 + 4 * 2 + 1) + 1);
  });

  test("both loops' at the inner header", () => {
    const text = "f: nop\n 1: nop\n bounded 3, 1\n 2: bounded 4, 2\n nop\n cbnz x0, 2b\n cbnz x1, 1b\n ret";
    expect(cost(assembly(text, nestingOf([[1, 2]])))).toBe(1 + 4 * (1 + 5 * 2 + 1) + 1);
  });

  test("outer and inner loop with one header are one loop, whose limits multiply", () => {
    const text = "f: nop\n 1: bounded 3, 1\n nop\n bounded 4, 2\n cbnz x0, 1b\n cbnz x1, 1b\n ret";
    const sample = assembly(text, nestingOf([[1, 2]]));
    expect(cost(sample)).toBe(1 + (4 * 5 + 1) * 3 + 1);
    expect(sample.routine("f").bounds.map(({ why }) => why)).toEqual(["merged"]);
  });

  test("each way round has another loop's marker: their limits multiply", () => {
    const text = "f: nop\n 1: nop\n cbz x0, 2f\n nop\n bounded 4, 2\n nop\n b 1b\n 2: nop\n bounded 3, 1\n cbnz x1, 1b\n ret";
    const sample = assembly(text, nestingOf([[1, 2]]));
    expect(sample.routine("f").bounds.map(({ why }) => why)).toEqual(["merged"]);
    expect(cost(sample)).toBe(1 + 20 * 5 + 4 + 1);
  });
});

describe("loops that clang splits", () => {
  test("the outer half has no marker, but passes the inner half's", () => {
    const text = "f: nop\n 1: nop\n 2: nop\n bounded 6, 1\n cbnz x0, 2b\n cbnz x1, 1b\n ret";
    expect(cost(assembly(text))).toBe(1 + 7 * (1 + 6 * 2 + 1) + 1);
  });

  test("the inner half's marker may be anywhere that all pass", () => {
    const text = "f: nop\n 1: nop\n 2: nop\n cbz x2, 9f\n bounded 6, 1\n nop\n cbz x0, 2b\n cbnz x1, 1b\n 9: ret";
    expect(cost(assembly(text))).toBe(1 + 6 * (1 + 6 * 4 + 1) + (1 + 6 * 4 + 2) + 1);
    const passing = "f: nop\n 1: nop\n 2: nop\n cbz x2, 3f\n bounded 6, 1\n nop\n cbz x0, 2b\n 3: cbnz x1, 1b\n ret";
    expect(refusals(assembly(passing))).toEqual(["loop-unmarked"]);
  });

  test("an unrolled loop in the outer half does not limit it", () => {
    // Line 1 is the split loop: its marker is in the inner half. Line 2 ran inside it and was unrolled in the outer half.
    const text = "f: nop\n 1: nop\n 2: nop\n bounded 6, 1\n cbnz x0, 2b\n nop\n bounded 2, 2\n cbnz x1, 1b\n ret";
    expect(cost(assembly(text, nestingOf([[1, 2]])))).toBe(1 + 7 * (1 + 6 * 2 + 2) + 1);
    const atHeader = "f: nop\n 1: nop\n 2: bounded 6, 1\n nop\n cbnz x0, 2b\n nop\n bounded 2, 2\n cbnz x1, 1b\n ret";
    expect(cost(assembly(atHeader, nestingOf([[1, 2]])))).toBe(1 + 7 * (1 + 7 * 2 + 2) + 1);
  });
});

test("one loop for two that share line and limit counts both", () => {
  const text = "f: nop\n 1: bounded 3, 1\n nop\n bounded 3, 1\n cbnz x0, 1b\n cbnz x1, 1b\n ret";
  expect(cost(assembly(text, nestingOf([[1, 1]])))).toBe(1 + (4 * 4 + 1) * 3 + 1);
});

test("each copy of a loop that is inlined twice has its own marker", () => {
  const c = `${PRELUDE}
    static u32 sum(volatile u32 *p, u32 n) { u32 s = 0; for (u32 i = 0; i < n; i++) { BOUND(9); s += p[i]; } return s; }
    u32 f(volatile u32 *p, u32 n) { return sum(p, n) * sum(p + n, n); }`;
  const sample = analyse({ c });
  expect(sample.routine("f").bounds).toHaveLength(2);
  expect(cost(sample)).toBeLessThan(2 * 10 * 6 + 20);
});

describe("retry loops of exclusive accesses", () => {
  const retry = (between: string, branch = "cbnz w10, 1b"): Sample =>
    assembly(`f: nop\n 1: ldaxr w8, [x0]\n add w9, w8, #1\n stlxr w10, w9, [x0]\n ${between}\n ${branch}\n ret`);

  test("need no marker: as many attempts as there are pCPUs", () => {
    expect(cost(retry("nop"))).toBe(1 + EXCLUSIVE_ATTEMPTS * 5 + 1);
  });

  test.each([
    ["written before it is looked at", "mov w10, #1", undefined],
    ["written as 64 bits", "mov x10, x9", undefined],
    ["written by arithmetic", "orr w10, w10, w9", undefined],
    ["written by a load", "ldr w10, [x1]", undefined],
    ["written by the second register of a pair", "ldp w11, w10, [x1]", undefined],
    ["written back as a base", "ldr w11, [x10], #4", undefined],
    ["not what is looked at", "nop", "cbnz w9, 1b"],
    ["looked at the other way round", "nop", "cbz w10, 1b"],
  ])("are none when the status is %s", (_, between, branch) => {
    expect(refusals(retry(between, branch))).toEqual(["loop-unmarked"]);
  });

  test("are none with a call or another loop inside, for nobody knows what that does to the reservation", () => {
    const bodies = (inside: string): string =>
      `f: str x30, [sp, #-16]!\n 1: ldaxr w8, [x0]\n ${inside}\n stlxr w10, w9, [x0]\n cbnz w10, 1b\n ldr x30, [sp], #16\n ret`;
    expect(refusals(assembly(`${bodies("bl g")}\n g: ret`))).toEqual(["loop-unmarked"]);
    const { bounds } = assembly(bodies("2: nop\n bounded 3, 1\n cbnz x5, 2b")).routine("f");
    expect(bounds.map(({ why }) => why)).toEqual(["stated", "stated"]);
  });

  test("may have several ways back, each a store that has failed", () => {
    const twice = (second: string): Sample =>
      assembly(`f: nop\n 1: ldaxr w8, [x0]\n cbz w8, 2f\n stlxr w10, w9, [x0]\n cbnz w10, 1b\n ret\n 2: ${second}\n ret`);
    expect(twice("stlxr w11, w9, [x0]\n cbnz w11, 1b").routine("f").bounds.map(({ why }) => why)).toEqual(["exclusive"]);
    expect(refusals(twice("stlxr w11, w9, [x0]\n cbnz w9, 1b"))).toEqual(["loop-unmarked"]);
    expect(refusals(twice("cbnz w11, 1b"))).toEqual(["loop-unmarked"]);
  });

  test("are none where the way back is that of success", () => {
    const store = "1: stlxr w10, w9, [x0]\n cbnz w10, 3f";
    const load = "2: ldaxr w8, [x0]\n add w9, w8, #1";
    expect(refusals(assembly(`f: b 2f\n ${store}\n ${load}\n cbz w8, 3f\n b 1b\n 3: ret`))).toEqual(["loop-unmarked"]);
  });

  test("may write the status before the store, and hold what else they write", () => {
    expect(cost(retry("mov w11, #1"))).toBe(1 + EXCLUSIVE_ATTEMPTS * 5 + 1);
    const before = "f: nop\n 1: ldaxr w8, [x0]\n mov w10, #1\n stlxr w10, w9, [x0]\n cbnz w10, 1b\n ret";
    expect(cost(assembly(before))).toBe(1 + EXCLUSIVE_ATTEMPTS * 4 + 1);
  });

  test("are none without the load, or with a way round that leaves the store out", () => {
    expect(refusals(assembly("f: nop\n 1: stlxr w10, w9, [x0]\n cbnz w10, 1b\n ret"))).toEqual(["loop-unmarked"]);
    expect(refusals(assembly("f: nop\n 1: ldaxr w8, [x0]\n cbz w8, 1b\n stlxr w10, w9, [x0]\n cbnz w10, 1b\n ret"))).toEqual([
      "loop-unmarked",
    ]);
  });
});

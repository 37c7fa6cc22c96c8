// The longest path, counted by hand: what each instruction sequence costs is written beside it.
import { describe, expect, test } from "vitest";
import { analyse, BOUNDED, nestingOf, PRELUDE, refusals } from "../sample.ts";

const assembly = (text: string, nesting = nestingOf([])) => analyse({ assembly: `${BOUNDED}.text\n${text}` }, nesting);
const cost = (text: string, name = "f"): number => {
  const sample = assembly(text);
  expect(refusals(sample)).toEqual([]);
  return sample.routine(name).cost.instructions;
};

describe("paths without loops", () => {
  test("a straight line costs its instructions", () => {
    expect(cost("f: nop\n nop\n ret")).toBe(3);
  });

  test("a diamond takes the longer side", () => {
    const diamond = (left: number, right: number): string => `
      f: cbz x0, 1f
      ${"nop\n".repeat(left)}
      b 2f
      1: ${"nop\n".repeat(right)}
      2: ret`;
    expect(cost(diamond(5, 1))).toBe(1 + 5 + 1 + 1);
    expect(cost(diamond(1, 9))).toBe(1 + 9 + 1);
  });

  test("a path that traps counts up to the trap", () => {
    expect(cost("f: cbz x0, 1f\n ret\n 1: nop\n nop\n brk #1")).toBe(4);
  });

  test("ERET ends a path", () => {
    expect(cost("f: nop\n eret")).toBe(2);
  });

  test("every kind of conditional branch goes both ways", () => {
    const branches = ["b.eq 1f", "cbz x0, 1f", "cbnz w0, 1f", "tbz x0, #5, 1f", "tbnz x0, #63, 1f"];
    const sample = assembly(branches.map((branch, n) => `taken${n}: ${branch}\n ret\n 1: nop\n nop\n nop\n ret
      passed${n}: ${branch}\n nop\n nop\n nop\n ret\n 1: ret`).join("\n"));
    expect(refusals(sample)).toEqual([]);
    for (const [n, branch] of branches.entries()) {
      for (const way of ["taken", "passed"]) expect(sample.routine(`${way}${n}`).cost.instructions, `${branch} ${way}`).toBe(5);
    }
  });
});

describe("calls", () => {
  test("a call costs what is called, each time", () => {
    expect(cost("f: str x30, [sp, #-16]!\n bl g\n bl g\n ldr x30, [sp], #16\n ret\n g: nop\n nop\n ret")).toBe(5 + 2 * 3);
  });

  test("a tail call is a call that does not come back", () => {
    expect(cost("f: nop\n b g\n g: nop\n nop\n nop\n ret")).toBe(2 + 4);
  });

  test("a conditional tail call is one of two ways", () => {
    expect(cost("f: cbz x0, g\n nop\n ret\n g: nop\n nop\n nop\n ret")).toBe(1 + 4);
    expect(cost("f: cbz x0, g\n nop\n nop\n nop\n nop\n ret\n g: nop\n ret")).toBe(1 + 5);
  });

  test("control that runs into the next function goes on there", () => {
    expect(cost("f: nop\n g: nop\n ret")).toBe(3);
  });

  test("nothing follows a call that never comes back", () => {
    const sample = assembly("f: str x30, [sp, #-16]!\n bl stop\n .word 0\n stop: nop\n brk #1");
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("f").cost.instructions).toBe(2 + 2);
  });
});

describe("loops", () => {
  test("a loop costs its body once per iteration", () => {
    // The marker is not at the header's address: 10 rounds at most, and none begins without passing it.
    expect(cost("f: mov x1, #10\n 1: nop\n bounded 10, 1\n sub x1, x1, #1\n cbnz x1, 1b\n ret")).toBe(1 + 10 * 3 + 1);
  });

  test("a loop that tests first passes its header once more", () => {
    expect(cost("f: mov x1, #10\n 1: cbz x1, 2f\n bounded 10, 1\n sub x1, x1, #1\n b 1b\n 2: ret")).toBe(1 + 10 * 3 + 1 + 1);
  });

  test("a marker at the header's address may not be passed on entry, so one more round is counted", () => {
    expect(cost("f: mov x1, #10\n 1: bounded 10, 1\n sub x1, x1, #1\n cbnz x1, 1b\n ret")).toBe(1 + 11 * 2 + 1);
  });

  test("costs of nested loops multiply", () => {
    const inner = "mov x2, #7\n 2: nop\n bounded 7, 2\n sub x2, x2, #1\n cbnz x2, 2b";
    const text = `f: mov x1, #5\n 1: nop\n bounded 5, 1\n ${inner}\n sub x1, x1, #1\n cbnz x1, 1b\n ret`;
    const sample = assembly(text, nestingOf([[1, 2]]));
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("f").cost.instructions).toBe(1 + 5 * (1 + (1 + 7 * 3) + 2) + 1);
  });

  test("what a loop calls is called in every iteration", () => {
    const text = `
      f: str x30, [sp, #-16]!
      1: nop
      bounded 4, 1
      bl g
      cbnz x0, 1b
      ldr x30, [sp], #16
      ret
      g: nop\n nop\n ret`;
    expect(cost(text)).toBe(1 + 4 * (3 + 3) + 2);
  });

  test("the longest way around and the longest way out are found apart", () => {
    // Around: 6 instructions. Out: header and marker, then a long tail in the middle of the body.
    const text = `
      f: nop
      1: nop
      bounded 3, 1
      cbz x0, 3f
      nop
      nop
      nop
      b 1b
      3: nop\n nop\n nop\n nop\n nop\n nop\n nop
      ret`;
    expect(cost(text)).toBe(1 + 2 * 6 + 2 + 8);
  });

  test("leaving two loops at once", () => {
    const text = `
      f: nop
      1: nop
      bounded 3, 1
      nop
      2: nop
      bounded 4, 2
      cbz x0, 9f
      cbnz x1, 2b
      cbnz x2, 1b
      9: ret`;
    const sample = assembly(text, nestingOf([[1, 2]]));
    expect(refusals(sample)).toEqual([]);
    // Two rounds go four times through the inner loop (3 instructions) and back; the third leaves both from the inner one's end.
    expect(sample.routine("f").cost.instructions).toBe(1 + 2 * (2 + 4 * 3 + 1) + (2 + 4 * 3 + 1) + 1);
  });

  test("a retry loop of exclusives counts one attempt for each pCPU", () => {
    const sample = assembly("f: nop\n 1: ldaxr w1, [x0]\n add w1, w1, #1\n stlxr w2, w1, [x0]\n cbnz w2, 1b\n ret");
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("f").cost.instructions).toBe(1 + 8 * 4 + 1);
    expect(sample.routine("f").bounds.map(({ why }) => why)).toEqual(["exclusive"]);
  });

  test("compare and exchange, as clang makes it", () => {
    const exchange = "__atomic_compare_exchange_n(p, &a, b, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);";
    const c = `${PRELUDE} u32 f(u32 *p, u32 a, u32 b) { ${exchange} return a; }`;
    const sample = analyse({ c });
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("f").bounds.map(({ why }) => why)).toEqual(["exclusive"]);
  });

  test("a spin lock is no retry loop: it waits for somebody", () => {
    expect(refusals(assembly("f: 1: ldaxr w1, [x0]\n cbnz w1, 1b\n stlxr w2, w1, [x0]\n cbnz w2, 1b\n ret"))).toEqual([
      "loop-unmarked",
    ]);
  });

  test("a loop as long as a byte count costs so much per iteration", () => {
    const sample = analyse({ c: `${PRELUDE} void f(u64 *to, u64 n) { for (u64 i = 0; i < n; i++) { BYTES_LOOP; to[i] = 0; } }` });
    expect(refusals(sample)).toEqual([]);
    const { instructions, perIteration } = sample.routine("f").cost;
    expect([...perIteration.values()]).toEqual([3]); // str, subs, b.ne
    expect(instructions).toBeLessThan(10);
  });

  test("repeating a byte loop does not make its iterations dearer", () => {
    const text = `
      f: str x30, [sp, #-16]!
      1: nop
      bounded 4, 1
      bl g
      cbnz x0, 1b
      ldr x30, [sp], #16
      ret
      g: cbz x1, 3f
      nop
      2: nop
      bounded 0xffffffff, 2
      sub x1, x1, #1
      cbnz x1, 2b
      3: ret`;
    const { cost: found } = assembly(text).routine("f");
    // g costs 1 + 1 + one way out through the loop (3) + 1 besides its rounds.
    expect(found.instructions).toBe(1 + 4 * (3 + 6) + 2);
    expect([...found.perIteration.values()]).toEqual([3]);
  });

  test("where a way with such a loop and a longer one meet, both count: the longer's instructions, and the loop's rounds", () => {
    const loop = "2: nop\n bounded 0xffffffff, 2\n sub x1, x1, #1\n cbnz x1, 2b";
    for (const [one, other] of [[loop, "nop\n".repeat(20)], ["nop\n".repeat(20), loop]]) {
      const { cost: found } = assembly(`f: cbz x0, 8f\n ${one}\n b 9f\n 8: ${other}\n 9: ret`).routine("f");
      expect(found.instructions).toBeGreaterThanOrEqual(22);
      expect([...found.perIteration.values()]).toEqual([3]);
    }
  });
});

describe("ways out of loops", () => {
  const G = "g: nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n ret"; // 10

  test("into another function, on a condition", () => {
    // Two rounds of four; then two instructions, and g.
    expect(cost(`f: nop\n 1: nop\n bounded 3, 1\n cbz x0, g\n nop\n cbnz x1, 1b\n ret\n ${G}`)).toBe(1 + 2 * 4 + 2 + 10);
    // The same at its end: whoever goes back does not go on there.
    expect(cost(`f: nop\n 1: nop\n bounded 3, 1\n nop\n cbz x0, g\n b 1b\n ${G}`)).toBe(1 + 2 * 4 + 3 + 10);
  });

  test("into another function, from a loop inside another", () => {
    const inner = "2: nop\n bounded 5, 2\n cbz x0, g\n cbnz x1, 2b";
    const text = `f: nop\n 1: nop\n bounded 3, 1\n nop\n ${inner}\n cbnz x2, 1b\n ret\n ${G}`;
    const sample = assembly(text, nestingOf([[1, 2]]));
    expect(refusals(sample)).toEqual([]);
    // Inner: four rounds of three, then two on the way to g; or five rounds in all, and back to the outer one.
    expect(sample.routine("f").cost.instructions).toBe(1 + 2 * (2 + 4 * 3 + 3 + 1) + (2 + 4 * 3 + 2) + 10);
  });

  test("the longer of several, whichever comes first", () => {
    const ways = (one: string, other: string): string =>
      `f: nop\n 1: nop\n bounded 3, 1\n cbz x0, 8f\n cbz x1, 9f\n b 1b\n 8: ${one}\n ret\n 9: ${other}\n ret`;
    expect(cost(ways("nop\n nop\n nop\n nop", "nop"))).toBe(1 + 2 * 4 + 2 + 5);
    expect(cost(ways("nop", "nop\n nop\n nop\n nop"))).toBe(1 + 2 * 4 + 3 + 5);
  });

  test("none: it never ends, though each round is marked", () => {
    const advice =
      "put a loop marker into the loop (bound() in AssemblyScript, a record in .axv.bounds in assembly) [loop-unmarked]";
    const endless = assembly("f: nop\n 1: nop\n bounded 3, 1\n b 1b");
    expect(endless.program.problems.map(({ message }) => message)).toEqual([`f never ends: ${advice}`]);
    const c = `${PRELUDE}#line 7 "core/sample.ts"\nvoid f(volatile u32 *p) { for (;;) { BOUND(5); *p = 1; } }`;
    expect(analyse({ c }).program.problems.map(({ message }) => message)).toEqual([`core/sample.ts:7: f never ends: ${advice}`]);
  });
});

test("a loop as long as a byte count has the name of its function, and its source line where that is known", () => {
  const loop = "f: nop\n 1: nop\n bounded 0xffffffff, 0\n cbnz x0, 1b\n ret";
  const places = (lines: boolean): string[] => {
    const sample = analyse({ assembly: `${BOUNDED}.text\n${loop}`, lines });
    expect(refusals(sample)).toEqual([]);
    return [...sample.routine("f").cost.perIteration.keys()];
  };
  expect(places(false)).toEqual(["f"]);
  expect(places(true)).toEqual([expect.stringMatching(/^f \(\/.*\/source\.S:10\)$/)]);
});

test("rounds of a byte loop inside another: each has its own, and the outer one's has the inner one's once", () => {
  const text = `f: nop\n 1: nop\n bounded 0xffffffff, 1\n nop\n 2: nop\n bounded 4, 2\n cbnz x1, 2b\n cbnz x0, 1b\n ret`;
  const sample = assembly(text);
  expect(refusals(sample)).toEqual([]);
  const { instructions, perIteration } = sample.routine("f").cost;
  expect([...perIteration.values()]).toEqual([2 + 4 * 2 + 1]);
  expect(instructions).toBe(1 + (2 + 4 * 2 + 1) + 1);
});

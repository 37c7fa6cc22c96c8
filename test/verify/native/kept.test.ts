// What a function leaves as it was, and that nobody reads what a call has changed.
import { describe, expect, test } from "vitest";
import { bit, list } from "../../../tools/verify/native/instruction.ts";
import { analyse, BOUNDED, PRELUDE, refusals, type Sample } from "../sample.ts";

const assembly = (text: string): Sample => analyse({ assembly: `${BOUNDED}.text\n${text}` });
const changed = (text: string, name = "f"): string[] => list(assembly(text).routine(name).kept.changes);

describe("what a function changes", () => {
  test("what it writes, but not what it puts back from where it was saved", () => {
    expect(changed("f: mov x9, #1\n ldr x10, [x11], #8\n ret")).toEqual(["x9", "x10", "x11"]);
    expect(changed("f: stp x19, x20, [sp, #-16]!\n mov x19, #1\n mov x20, #2\n ldp x19, x20, [sp], #16\n ret")).toEqual([]);
    expect(changed("f: sub sp, sp, #32\n str x19, [sp, #8]\n mov x19, #1\n ldr x19, [sp, #8]\n add sp, sp, #32\n ret")).toEqual(
      [],
    );
  });

  test.each([
    [
      "from another slot",
      "f: stp x19, x20, [sp, #-16]!\n mov x19, #1\n ldr x19, [sp, #8]\n ldr x20, [sp, #8]\n add sp, sp, #16\n ret",
    ],
    ["saved too late", "f: mov x19, #1\n str x19, [sp, #-16]!\n ldr x19, [sp], #16\n ret"],
    ["overwritten meanwhile", "f: str x19, [sp, #-16]!\n mov x19, #1\n str w19, [sp, #4]\n ldr x19, [sp], #16\n ret"],
    ["overwritten by a byte", "f: str x19, [sp, #-16]!\n mov x19, #1\n strb w19, [sp, #4]\n ldr x19, [sp], #16\n ret"],
    ["on one way only", "f: str x19, [sp, #-16]!\n mov x19, #1\n cbz x0, 1f\n ldr x19, [sp]\n1: add sp, sp, #16\n ret"],
    ["its lower half", "f: str x19, [sp, #-16]!\n mov w19, #1\n ldr w19, [sp], #16\n ret"],
  ])("%s: it is another value", (_, text) => {
    expect(changed(text)).toContain("x19");
  });

  test("what those that it calls or goes on in change", () => {
    expect(
      changed("f: str x30, [sp, #-16]!\n bl g\n ldr x30, [sp], #16\n b h\n g: mov x9, #1\n ret\n h: mov x10, #1\n ret"),
    ).toEqual(["x9", "x10"]);
  });
});

describe("behind a call", () => {
  const caller = (before: string, behind: string, callee: string): string[] =>
    refusals(assembly(`f: str x30, [sp, #-16]!\n ${before}\n bl g\n ${behind}\n ldr x30, [sp], #16\n ret\n g: ${callee}\n ret`));

  test("a register that the function changes is lost, also one that the procedure call standard keeps", () => {
    expect(caller("mov x9, #1", "str x9, [x10]", "mov x9, #2")).toEqual(["register-lost"]);
    expect(caller("mov x19, #1", "cmp x19, #1", "mov x19, #2")).toEqual(["register-lost"]);
    expect(caller("mov x9, #1", "cbz x0, 1f\n mov x9, #3\n1: str x9, [x10]", "mov w9, #2")).toEqual(["register-lost"]);
  });

  test("one that it leaves alone, that is written anew, or that is its result, is not", () => {
    expect(caller("mov x9, #1", "str x9, [x10]", "mov x11, #2")).toEqual([]);
    expect(caller("mov x9, #1", "mov x9, #3\n str x9, [x10]", "mov x9, #2")).toEqual([]);
    expect(caller("nop", "str x0, [x10]", "mov x0, #2")).toEqual([]);
  });

  test("so is the return address, where it is not saved", () => {
    expect(refusals(assembly("f: bl g\n ret\n g: ret"))).toEqual(["register-lost"]);
  });

  test("a guest's registers are all read by ERET", () => {
    expect(refusals(assembly("f: bl g\n ldr x30, [x1]\n eret\n g: mov x15, #1\n ret"))).toEqual(["register-lost"]);
    expect(refusals(assembly("f: bl g\n ldp x15, x30, [x1]\n eret\n g: mov x15, #1\n ret"))).toEqual([]);
  });

  test("what clang makes of C loses none, with its own register allocation between functions and without", () => {
    const c = `${PRELUDE}
      static __attribute__((noinline)) u64 mix(u64 a, u64 b) { return a * 31 + (b ^ (a >> 7)); }
      static __attribute__((noinline)) u64 twice(u64 a, u64 b, u64 c) { return mix(a, b) * c + mix(b, c) + a; }
      u64 f(u64 a, u64 b, u64 c, u64 d) { return twice(a, b, c) + twice(b, c, d) * a + mix(c, d); }`;
    for (const flags of [[], ["-mllvm", "-enable-ipra"]]) expect(refusals(analyse({ c, flags }))).toEqual([]);
  });
});

describe("slots of the stack", () => {
  /** x19 is saved at offset 16 of 48 bytes; then comes `meanwhile`, and then it is loaded. Whether it is what it was, each. */
  function kept(cases: readonly (readonly [meanwhile: string, back?: string])[]): boolean[] {
    const { routine } = assembly(cases.map(([meanwhile, back = "ldr x19, [sp, #16]"], n) => `
      f${n}: sub sp, sp, #48\n str x19, [sp, #16]\n mov x19, #1\n ${meanwhile}\n ${back}\n add sp, sp, #48\n ret`).join(""));
    return cases.map((_, n) => (routine(`f${n}`).kept.changes & bit(19)) === 0);
  }
  const stores: readonly (readonly [string, boolean])[] = [
    ["nop", true],
    ["str x1, [sp, #8]", true],
    ["str x1, [sp, #24]", true],
    ["str w1, [sp, #12]", true],
    ["strb w1, [sp, #15]", true],
    ["strb w1, [sp, #16]", false],
    ["strb w1, [sp, #23]", false],
    ["strb w1, [sp, #24]", true],
    ["strh w1, [sp, #14]", true],
    ["strh w1, [sp, #22]", false],
    ["str x1, [sp, #16]", false],
    ["stp x1, x2, [sp]", true],
    ["stp x1, x2, [sp, #8]", false],
    ["stp x1, x19, [sp, #8]", false],
    ["str x1, [sp, x2]", false],
    ["str x1, [x2, #16]", true],
    ["sub sp, sp, #16\n add sp, sp, #16", true],
    ["mov x29, sp\n mov sp, x29", false],
    ["mov sp, x2", false],
  ];

  test("hold what was saved until something else is stored there, or nobody knows where", () => {
    const found = kept(stores.map(([meanwhile]) => [meanwhile]));
    expect(stores.map(([meanwhile], n) => [meanwhile, found[n]])).toEqual(stores);
  });

  test("are found wherever the pointer is meanwhile", () => {
    expect(kept([
      ["sub sp, sp, #16", "ldr x19, [sp, #32]\n add sp, sp, #16"],
      ["nop", "ldr x19, [sp, #16]!\n sub sp, sp, #16"],
      ["nop", "ldp x20, x19, [sp, #8]"],
    ])).toEqual([true, true, true]);
    expect(kept([
      ["sub sp, sp, #16", "ldr x19, [sp, #16]\n add sp, sp, #16"],
      ["nop", "ldp x19, x20, [sp, #8]"],
      ["nop", "ldr x20, [sp, #16]"],
    ])).toEqual([false, false, false]);
  });

  test("are lost on one of two ways, or once round a loop: what is known is what all ways have", () => {
    expect(kept([
      ["cbz x0, 1f\n str x1, [sp, #16]\n1: nop"],
      ["cbz x0, 1f\n nop\n b 2f\n1: str x1, [sp, #16]\n2: nop"],
      ["1: ldr x20, [sp, #16]\n bounded 3, 1\n cbz x0, 2f\n str x1, [sp, #16]\n b 1b\n 2: nop"],
      ["cbz x0, 1f\n str x1, [sp, #8]\n1: nop"],
    ])).toEqual([false, false, false, true]);
  });
});

describe("what counts for the caller", () => {
  test("is only what has changed where the function comes back", () => {
    expect(changed("f: cbz x0, 1f\n mov x9, #1\n eret\n1: mov x10, #1\n ret")).toEqual(["x10"]);
    expect(changed("f: cbz x0, g\n mov x9, #1\n eret\n g: mov x10, #1\n ret")).toEqual(["x10"]);
    expect(changed("f: mov x9, #1\n cbz x0, g\n eret\n g: ret")).toEqual(["x9"]);
    expect(changed("f: mov x9, #1\n wfi\n eret")).toEqual([]);
  });

  test("round a loop, in which it changes before it is looked at", () => {
    expect(changed("f: nop\n1: nop\n bounded 3, 1\n cbz x0, 2f\n mov x9, #1\n b 1b\n 2: ret")).toEqual(["x9"]);
  });

  const needs = (text: string): string[] => list(assembly(text).routine("f").kept.needs);

  test("a function needs what it reads before it writes it, and its result is its caller's", () => {
    expect(needs("f: add x9, x10, x11\n mov x12, #1\n add x9, x9, x12\n ret")).toEqual(["x0", "x10", "x11", "x30"]);
    expect(needs("f: mov x0, x1\n ret")).toEqual(["x1", "x30"]);
    expect(needs("f: cbz x3, 1f\n mov x4, #1\n1: str x4, [x5]\n brk #1")).toEqual(["x3", "x4", "x5"]);
    expect(needs("f: nop\n1: nop\n bounded 3, 1\n str x6, [x7]\n mov x6, x8\n cbnz x9, 1b\n brk #1")).toEqual([
      "x6", "x7", "x8", "x9",
    ]);
  });

  test("and what those need that it calls or goes on in: of what it calls only the arguments", () => {
    expect(needs("f: mov x2, x6\n bl g\n brk #1\n g: str x1, [x2]\n str x19, [x8]\n mov x0, #1\n ret")).toEqual([
      "x1", "x6", "x8",
    ]);
    expect(needs("f: mov x2, x6\n b g\n g: str x1, [x2]\n str x19, [x8]\n brk #1")).toEqual(["x1", "x6", "x8", "x19"]);
    expect(needs("f: bl g\n str x0, [x9]\n brk #1\n g: ret")).toEqual(["x0", "x9"]);
  });
});

test("what is lost behind which call is said", () => {
  const sample = assembly("f: bl g\n str x9, [x10]\n ret\n g: mov x9, #1\n mov x10, #1\n ret");
  const advice =
    "a function changes what its caller still needs; save it around the call, or say in programs.ts what the function keeps";
  expect(sample.program.problems.map(({ message }) => message)).toEqual([
    `x9, x10, x30 behind "bl 0x4008000c <g>" in f: ${advice} [register-lost]`,
  ]);
  const c = `${PRELUDE} u32 g(void); __asm__("g: mov x9, #1\\n ret");
#line 7 "core/sample.ts"
    void f(void) { __asm__ volatile("bl g\\n str x9, [x1]" ::: "x30"); }`;
  expect(analyse({ c }).program.problems[0]).toMatchObject({ code: "register-lost", at: { file: "core/sample.ts", line: 7 } });
});

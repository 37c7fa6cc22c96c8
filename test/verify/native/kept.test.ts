// What a function leaves as it was, and that nobody reads what a call has changed.
import { describe, expect, test } from "vitest";
import { list } from "../../../tools/verify/native/instruction.ts";
import { analyse, PRELUDE, refusals, type Sample } from "../sample.ts";

const assembly = (text: string): Sample => analyse({ assembly: `.text\n${text}` });
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

// Stack depth, counted by hand in assembly and compared with what clang's prologues say.
import { describe, expect, test } from "vitest";
import { analyse, BOUNDED, PRELUDE, refusals, type Sample } from "../sample.ts";

const assembly = (text: string): Sample => analyse({ assembly: `.text\n${text}` });
const bytes = (text: string, name = "f"): number => {
  const sample = assembly(text);
  expect(refusals(sample)).toEqual([]);
  return sample.routine(name).stack.bytes;
};

describe("depth", () => {
  test("a leaf that saves nothing needs nothing", () => {
    expect(bytes("f: nop\n ret")).toBe(0);
  });

  test("every way to move the pointer", () => {
    expect(bytes("f: stp x29, x30, [sp, #-48]!\n ldp x29, x30, [sp], #48\n ret")).toBe(48);
    expect(bytes("f: sub sp, sp, #0x120\n add sp, sp, #0x120\n ret")).toBe(288);
    expect(bytes("f: sub sp, sp, #1, lsl #12\n sub sp, sp, #16\n add sp, sp, #16\n add sp, sp, #1, lsl #12\n ret")).toBe(4112);
    expect(bytes("f: str x19, [sp, #-16]!\n mov x29, sp\n sub sp, sp, #64\n mov sp, x29\n ldr x19, [sp], #16\n ret")).toBe(80);
    expect(
      bytes(
        "f: stp x29, x30, [sp, #-32]!\n add x29, sp, #16\n sub sp, sp, #96\n sub sp, x29, #16\n ldp x29, x30, [sp], #32\n ret",
      ),
    ).toBe(128);
  });

  test("callees add to what is in use at the call", () => {
    const text = `
      f: str x30, [sp, #-16]!
      bl g
      sub sp, sp, #32
      bl h
      add sp, sp, #32
      ldr x30, [sp], #16
      ret
      g: sub sp, sp, #80\n add sp, sp, #80\n ret
      h: sub sp, sp, #64\n add sp, sp, #64\n ret`;
    expect(bytes(text)).toBe(16 + 32 + 64);
  });

  test("a tail call starts where its caller started", () => {
    expect(bytes("f: sub sp, sp, #32\n add sp, sp, #32\n b g\n g: sub sp, sp, #48\n add sp, sp, #48\n ret")).toBe(48);
  });

  test("the deepest of two paths counts", () => {
    expect(bytes("f: cbz x0, 1f\n sub sp, sp, #16\n add sp, sp, #16\n ret\n 1: sub sp, sp, #160\n add sp, sp, #160\n ret")).toBe(
      160,
    );
  });

  test("what clang makes of a local array", () => {
    const c = `${PRELUDE} u32 g(volatile u32 *p) { return *p; }
      u32 f(u32 n) { volatile u32 room[100]; room[n % 100] = n; return g(room) + room[1]; }`;
    const sample = analyse({ c, flags: ["-fno-inline"] });
    expect(refusals(sample)).toEqual([]);
    const use = sample.routine("f").stack.bytes;
    expect(use).toBeGreaterThanOrEqual(400 + 8);
    expect(use).toBeLessThanOrEqual(400 + 48);
  });
});

describe("refused", () => {
  test("a variable-length array in a function that is called", () => {
    const c = `${PRELUDE} u32 f(u32 n) { volatile u32 room[n]; room[0] = n; return room[n - 1]; }
      u32 g(u32 n) { return f(n) + 1; }`;
    expect(refusals(analyse({ c, flags: ["-fno-inline"] }))).toEqual(["stack-dynamic"]);
  });

  test("paths that meet at different depths", () => {
    expect(refusals(assembly("f: cbz x0, 1f\n sub sp, sp, #16\n 1: ret"))).toEqual(["stack-dynamic"]);
  });

  test("a called function that returns with the pointer elsewhere", () => {
    expect(refusals(assembly("f: str x30, [sp, #-16]!\n bl g\n ldr x30, [sp], #16\n ret\n g: sub sp, sp, #16\n ret"))).toEqual([
      "stack-dynamic",
    ]);
  });

  test("a loop that pushes", () => {
    expect(refusals(analyse({ assembly: ".text\n f: 1: sub sp, sp, #16\n cbnz x0, 1b\n ret" }))).toContain("loop-unmarked");
  });
});

describe("entry code", () => {
  test("sets up a stack of its own, also in a function that it calls with nothing on the stack", () => {
    const text = "f: bl g\n bl h\n brk #0\n g: mov sp, x0\n ret\n h: sub sp, sp, #64\n add sp, sp, #64\n ret";
    expect(bytes(text)).toBe(64);
  });

  test("may not do so with something on the stack", () => {
    expect(refusals(assembly("f: str x30, [sp, #-16]!\n bl g\n ldr x30, [sp], #16\n ret\n g: mov sp, x0\n ret"))).toEqual([
      "stack-dynamic",
    ]);
  });

  test("what is on the stack at a WFI is still there after it", () => {
    const sample = assembly("f: sub sp, sp, #48\n wfi\n bl g\n eret\n g: sub sp, sp, #16\n add sp, sp, #16\n ret");
    expect(sample.routine("f+0x8 (after WFI)").stack.bytes).toBe(64);
  });
});

describe("what is said of a stack that cannot be followed", () => {
  const ADVICE = "the depth of the stack must be a constant on every path; no variable-length arrays, no alloca [stack-dynamic]";
  const UNEQUAL = `paths through f leave the stack at different depths: ${ADVICE}`;
  const problems = (text: string): string[] =>
    analyse({ assembly: `${BOUNDED}.text\n${text}` }).program.problems.map(({ message }) => message);
  /** Of a function that nobody calls: only its callers would mind. */
  const irregular = (text: string): string | undefined => {
    const sample = analyse({ assembly: `${BOUNDED}.text\n${text}` });
    expect(refusals(sample)).toEqual([]);
    return sample.routine("f").stack.irregular?.message;
  };
  const calling = (callee: string): string => `e: str x30, [sp, #-16]!\n bl f\n ldr x30, [sp], #16\n ret\n f: ${callee}`;

  test("in what is called with something on the stack", () => {
    expect(problems(calling("mov sp, x0\n mov sp, x1\n ret"))).toEqual([`"mov sp, x0" in f: ${ADVICE}`]);
    expect(problems(calling("sub sp, sp, #16\n ret"))).toEqual([UNEQUAL]);
    expect(problems(calling("sub sp, sp, #16\n b g\n g: ret"))).toEqual([UNEQUAL]);
    expect(problems(calling("b g\n g: add sp, x0, #16\n ret"))).toEqual([`"add sp, x0, #0x10" in g: ${ADVICE}`]);
  });

  test("in what nobody calls, or calls with nothing there", () => {
    expect(irregular("f: nop\n ret")).toBeUndefined();
    expect(irregular("f: sub sp, sp, #16\n ret")).toBe(UNEQUAL);
    expect(irregular("f: sub sp, sp, #16\n b g\n g: ret")).toBe(UNEQUAL);
    expect(irregular("f: sub sp, sp, #16\n eret")).toBeUndefined();
    expect(irregular("f: mov sp, x0\n sub sp, sp, #16\n ret")).toBe(`"mov sp, x0" in f: ${ADVICE}`);
    expect(irregular("f: bl g\n bl h\n brk #1\n g: mov sp, x0\n ret\n h: mov sp, x1\n ret")).toBe(`"mov sp, x0" in g: ${ADVICE}`);
  });

  test("where ways meet", () => {
    expect(problems("f: cbz x0, 1f\n sub sp, sp, #16\n 1: ret")).toEqual([UNEQUAL]);
    expect(problems("f: nop\n 1: nop\n bounded 3, 1\n sub sp, sp, #16\n cbnz x0, 1b\n ret")).toEqual([UNEQUAL]);
  });

  test("by a frame pointer that differs where ways meet", () => {
    const frame = (one: string, other: string): string =>
      `f: sub sp, sp, #32\n mov x29, sp\n cbz x0, 1f\n ${one}\n b 2f\n 1: ${other}\n 2: mov sp, x29\n add sp, sp, #32\n ret`;
    expect(irregular(frame("nop", "nop"))).toBeUndefined();
    expect(irregular(frame("add x29, sp, #0", "nop"))).toBeUndefined();
    expect(irregular(frame("add x29, sp, #8", "nop"))).toBe(`"mov sp, x29" in f: ${ADVICE}`);
    expect(irregular(frame("nop", "add x29, sp, #8"))).toBe(`"mov sp, x29" in f: ${ADVICE}`);
  });

  test("by a frame pointer that a loop changes", () => {
    const head = "f: sub sp, sp, #32\n mov x29, sp";
    const tail = "add sp, sp, #32\n ret";
    expect(problems(`${head}\n 1: nop\n bounded 3, 1\n add x29, sp, #8\n cbnz x0, 1b\n ${tail}`)).toEqual([UNEQUAL]);
    const twoBlocks = "1: nop\n bounded 3, 1\n cbz x1, 2f\n add x29, sp, #8\n 2: nop\n cbnz x0, 1b";
    expect(problems(`${head}\n ${twoBlocks}\n ${tail}`)).toEqual([UNEQUAL]);
    expect(problems(`${head}\n 1: nop\n bounded 3, 1\n mov x29, sp\n cbnz x0, 1b\n ${tail}`)).toEqual([]);
    // Nobody knew it before, and nobody asks.
    expect(problems(`f: sub sp, sp, #32\n 1: nop\n bounded 3, 1\n add x29, sp, #8\n cbnz x0, 1b\n ${tail}`)).toEqual([]);
  });
});

test("another stack is empty: what is called on it adds to nothing", () => {
  const callees = "h: sub sp, sp, #64\n add sp, sp, #64\n ret";
  expect(bytes(`f: mov sp, x0\n sub sp, sp, #32\n bl h\n mov sp, x1\n bl h\n brk #1\n ${callees}`)).toBe(96);
  const other = "k: mov sp, x0\n sub sp, sp, #16\n ret";
  expect(bytes(`f: sub sp, sp, #48\n add sp, sp, #48\n bl k\n bl h\n brk #1\n ${other}\n ${callees}`)).toBe(64);
});

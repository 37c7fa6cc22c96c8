// Every function of a program: who is a root, who is called, what is behind a WFI, and what is said of code that nothing reaches.
import { describe, expect, test } from "vitest";
import { analyse, BOUNDED, nestingOf, refusals, type Sample } from "../sample.ts";

const assembly = (text: string): Sample => analyse({ assembly: `${BOUNDED}.text\n${text}` });
const messages = ({ program }: Sample): string[] => program.problems.map(({ message }) => message);
const roots = ({ program }: Sample): string[] => program.roots.map(({ name }) => name);

/** Around a call. */
const PUSH = "str x30, [sp, #-16]!";
const POP = "ldr x30, [sp], #16";

describe("routines", () => {
  test("roots are those that nobody calls or jumps to; callees are known by their start", () => {
    const sample = assembly(`f: ${PUSH}\n bl g\n bl g\n ${POP}\n b h\n g: ret\n h: ret\n k: cbz x0, h\n ret`);
    expect(messages(sample)).toEqual([]);
    expect(roots(sample)).toEqual(["f", "k"]);
    expect([...sample.program.routines.keys()]).toEqual(["f", "g", "h", "k"]);
    const { callees } = sample.routine("f");
    expect([...callees].map((start) => sample.program.functionAt(start).name).sort()).toEqual(["g", "h"]);
    expect(sample.routine("g").callees).toEqual(new Set());
    expect(() => sample.program.functionAt(1)).toThrow(/^no function at 1$/);
  });

  test("loops as long as a byte count are known by where they begin, others are not", () => {
    const text = "f: nop\n 1: nop\n bounded 3, 1\n cbnz x0, 1b\n nop\n 2: nop\n bounded 0xffffffff, 0\n cbnz x0, 2b\n ret";
    const sample = assembly(text);
    const start = sample.code.named("f")?.start ?? NaN;
    expect(sample.routine("f").byteLoops).toEqual([start + 4 * 4]);
    expect(sample.routine("f").bounds.map(({ why, header }) => [why, header])).toEqual([["stated", 1], ["byte-count", 3]]);
  });

  test("a circle of calls is named from where it begins", () => {
    expect(messages(assembly(`e: b f\n f: b g\n g: b h\n h: cbz x0, g\n ret`))).toEqual([
      "g → h → g: no call path may come back to where it started; turn it into a loop with a bound [recursion]",
    ]);
  });

  test("an error that is no refusal is no problem of the program's", () => {
    const nesting = { ...nestingOf([]), encloses: () => { throw new TypeError("a mistake"); } };
    expect(() => analyse({ assembly: `${BOUNDED}.text\n f: 1: nop\n bounded 3, 1\n cbnz x0, 1b\n ret` }, nesting)).toThrow(
      new TypeError("a mistake"),
    );
  });
});

describe("behind a WFI", () => {
  test("what can be woken twice is one entry, and what is behind the last of several is found too", () => {
    const sample = assembly("f: cbz x0, g\n wfi\n nop\n wfi\n nop\n nop\n eret\n g: nop\n b g2\n g2: wfi\n eret");
    expect(messages(sample)).toEqual([]);
    expect(roots(sample)).toEqual(["f", "f+0x8 (after WFI)", "g2+0x4 (after WFI)", "f+0x10 (after WFI)"]);
    expect(sample.routine("f+0x8 (after WFI)").cost.instructions).toBe(2);
    expect(sample.routine("f+0x10 (after WFI)").cost.instructions).toBe(3);
  });

  test("a loop that waits makes no second entry of the same place", () => {
    const sample = assembly("f: nop\n 1: wfi\n nop\n b 1b");
    expect(messages(sample)).toEqual([]);
    expect(roots(sample)).toEqual(["f", "f+0x8 (after WFI)"]);
  });

  test("the next function may be: it has its own row, and is one entry more", () => {
    const sample = assembly("f: wfi\n g: nop\n eret");
    expect(messages(sample)).toEqual([]);
    expect(roots(sample)).toEqual(["f", "g", "g (after WFI)"]);
  });

  test("nothing may not be", () => {
    expect(messages(assembly("f: nop\n wfi"))).toEqual([
      "control goes to 0x40080008 after a WFI: a branch must stay in its function or go to the start of another one; " +
        "give the target a function symbol [branch-astray]",
    ]);
  });

  test("nor may what cannot be followed", () => {
    expect(refusals(assembly("f: wfi\n br x0"))).toEqual(["indirect-branch"]);
  });
});

describe("in code that a call may be waiting for, a WFI is an instruction as any other", () => {
  const WAITING = "wfi\n nop\n ret";
  test.each([
    ["called", "bl h", ""],
    ["jumped to by what is called", "bl g", "g: b h"],
    ["jumped to on a condition", "bl g", "g: cbz x0, h\n ret"],
    ["called by what is called", "bl g", `g: ${PUSH}\n bl h\n ${POP}\n ret`],
    ["behind a function that runs into it", "bl g", "g: nop"],
    ["behind one whose last instruction is a condition", "bl g", "g: nop\n cbz x0, k"],
    ["behind one whose last instruction is a call", "bl g", `g: ${PUSH}\n ${POP}\n bl k`],
    ["behind one whose last instruction waits", "bl g", "g: nop\n wfi"],
  ])("%s", (_, call, between) => {
    const sample = assembly(`f: ${PUSH}\n ${call}\n ${POP}\n ret\n k: ret\n ${between}\n h: ${WAITING}`);
    expect(refusals(sample).filter((code) => code !== "register-lost")).toEqual([]);
    expect([...sample.program.routines.keys()].filter((name) => name.includes("WFI"))).toEqual([]);
    expect(sample.routine("h").cost.instructions).toBe(3);
  });

  test.each([
    ["a return", "g: cbz x0, k\n ret"],
    ["an end", "g: cbz x0, k\n eret"],
    ["a branch", "g: nop\n b k"],
  ])("but behind one that ends with %s nobody waits", (_, between) => {
    const sample = assembly(`f: ${PUSH}\n bl g\n ${POP}\n ret\n k: ret\n ${between}\n h: wfi\n nop\n eret`);
    expect(messages(sample)).toEqual([]);
    expect(sample.routine("h").cost.instructions).toBe(1);
    expect(roots(sample)).toEqual(["f", "h", "h+0x4 (after WFI)"]);
  });

  test("a function of zeros is refused, whoever else calls whom", () => {
    const sample = assembly(`f: ${PUSH}\n bl g\n bl h\n ${POP}\n ret\n h: ${WAITING}\n g: .rept 16\n .inst 0\n .endr`);
    expect(messages(sample)).toEqual([
      "g runs into g: control flow runs into what is no instruction; end the path with ret, eret, a branch or brk [undecodable]",
    ]);
  });
});

describe("code that no routine reaches", () => {
  const ADVICE =
    "no function symbol leads to this code, so nothing is known about it; label it as a function (.type name, %function) " +
    "[code-unreachable]";

  test("is named by where it is, the first of it", () => {
    expect(messages(assembly(".type f, %function\n f: ret\n mov x0, #1\n mov x0, #2\n .size f, . - f"))).toEqual([
      `code at f+0x4: ${ADVICE}`,
    ]);
    expect(messages(assembly(".type f, %function\n f: ret\n .size f, . - f\n mov x0, #1\n ret"))).toEqual([
      `code at 0x40080004: ${ADVICE}`,
    ]);
  });

  test("is not looked for where something else is wrong: what was refused leads there, perhaps", () => {
    expect(refusals(assembly("f: br x0\n mov x0, #1\n ret"))).toEqual(["indirect-branch"]);
  });

  test("is none if it fills a gap", () => {
    expect(refusals(assembly("f: ret\n nop\n brk #1\n .word 0\n udf #0\n .balign 64\n g: ret"))).toEqual([]);
    expect(refusals(assembly("f: ret\n udf #1"))).toEqual(["code-unreachable"]);
  });
});

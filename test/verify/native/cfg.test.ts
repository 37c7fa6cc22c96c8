// Control flow that verify cannot follow, or may not allow, is refused by name.
import { describe, expect, test } from "vitest";
import { analyse, BOUNDED, PRELUDE, refusals, type Sample } from "../sample.ts";

const assembly = (text: string): Sample => analyse({ assembly: `${BOUNDED}.text\n${text}` });

describe("refused", () => {
  test("a call through a register", () => {
    const sample = analyse({ c: `${PRELUDE} u32 f(u32 (*g)(void)) { return g() + 1; }` });
    expect(refusals(sample)).toEqual(["indirect-call"]);
    expect(sample.program.problems[0]?.message).toMatch(/"blr x0" at f\+0x4/);
  });

  test("a tail call through a register", () => {
    expect(refusals(analyse({ c: `${PRELUDE} u32 f(u32 (*g)(void)) { return g(); }` }))).toEqual(["indirect-branch"]);
  });

  test("a jump table", () => {
    const cases = Array.from({ length: 20 }, (_, index) => `case ${index}: __asm__ volatile("mov x9, #${index}"); break;`).join(
      " ",
    );
    const c = `${PRELUDE} void f(u32 x) { switch (x) { ${cases} } }`;
    expect(refusals(analyse({ c, flags: ["-fjump-tables"] }))).toEqual(["indirect-branch"]);
    expect(refusals(analyse({ c }))).toEqual([]);
  });

  test("RET to another register than the link register is still a return; BR is not", () => {
    expect(refusals(assembly("f: ret x17"))).toEqual([]);
    expect(refusals(assembly("f: br x30"))).toEqual(["indirect-branch"]);
  });

  test("recursion, also through a tail call", () => {
    const direct = assembly("f: str x30, [sp, #-16]!\n bl f\n ldr x30, [sp], #16\n ret");
    expect(refusals(direct)).toEqual(["recursion"]);
    const circle = assembly("f: str x30, [sp, #-16]!\n bl g\n ldr x30, [sp], #16\n ret\n g: b h\n h: cbz x0, f\n ret");
    expect(refusals(circle)).toEqual(["recursion"]);
    expect(circle.program.problems[0]?.message).toMatch(/^f → g → h → f: /);
  });

  test("a branch into the middle of another function", () => {
    const sample = assembly(
      ".type f, %function\n f: b 1f\n .size f, . - f\n .type g, %function\n g: nop\n 1: ret\n .size g, . - g",
    );
    expect(refusals(sample)).toContain("branch-astray");
  });

  test("a path that runs into data", () => {
    expect(refusals(assembly("f: nop\n .word 0x12345678"))).toEqual(["undecodable"]);
  });

  test("a path that runs off the end of the code", () => {
    expect(refusals(assembly("f: nop"))).toEqual(["branch-astray"]);
  });

  test("code that no label leads to", () => {
    expect(refusals(assembly("f: ret\n .balign 128\n mov x0, #1\n ret"))).toEqual(["code-unreachable"]);
    expect(refusals(assembly("f: ret\n .balign 128\n g: mov x0, #1\n ret"))).toEqual([]);
  });

  test("a loop with two entrances", () => {
    expect(refusals(assembly("f: cbz x0, 2f\n 1: nop\n bounded 3, 1\n 2: nop\n cbnz x1, 1b\n ret"))).toEqual([
      "loop-irreducible",
    ]);
  });

  test("what cannot be analysed is reported once, not once for each caller", () => {
    const sample = assembly("f: str x30, [sp, #-16]!\n bl h\n ldr x30, [sp], #16\n ret\n g: b h\n h: br x0");
    expect(refusals(sample)).toEqual(["indirect-branch"]);
    expect([...sample.program.routines.keys()]).toEqual([]);
  });
});

describe("WFI", () => {
  const park = `
    enter: nop
    park: nop
    nop
    bl work
    cbz w0, leave
    wfi
    b park
    leave: ldr x30, [x1]
    eret
    work: nop
    ret`;

  test("ends the path of code that nobody calls, and what follows is an entry of its own", () => {
    const sample = assembly(park);
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("park").cost.instructions).toBe(2 + (1 + 2) + 1 + 2); // park … bl work, cbz, leave, eret
    expect(sample.routine("enter").cost.instructions).toBe(1 + 8);
    expect(sample.routine("park+0x14 (after WFI)").cost.instructions).toBe(1 + 8);
    expect(sample.program.roots.map(({ name }) => name)).toEqual(["enter", "park+0x14 (after WFI)"]);
  });

  test("is an instruction as any other where somebody's call waits for it", () => {
    const sample = assembly("f: str x30, [sp, #-16]!\n bl g\n ldr x30, [sp], #16\n ret\n g: b h\n h: wfi\n nop\n ret");
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("f").cost.instructions).toBe(4 + 1 + 3);
  });

  test("does not make an endless loop in called code harmless", () => {
    expect(refusals(assembly("f: bl g\n ret\n g: wfi\n b g"))).toEqual(["loop-unmarked"]);
  });
});

describe("where things are", () => {
  test("data between functions is skipped", () => {
    const sample = assembly("f: b g\n .quad 0x123456789abcdef0\n .word 0, 10\n g: ret");
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("f").cost.instructions).toBe(2);
  });

  test("labels inside a function that has a size are no functions", () => {
    const sample = assembly(".type f, %function\n f: cbz x0, inner\n nop\n inner: ret\n .size f, . - f");
    expect([...sample.program.routines.keys()]).toEqual(["f"]);
  });

  test("a piece that the linker moved out of a function still belongs to it", () => {
    const sample = assembly("f: nop\n b __CortexA53843419_1000\n 1: nop\n ret\n __CortexA53843419_1000: ldr x0, [x1]\n b 1b");
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("f").cost.instructions).toBe(6);
    expect([...sample.program.routines.keys()]).toEqual(["f"]);
  });
});

// Control flow that verify cannot follow, or may not allow, is refused by name.
import { describe, expect, test } from "vitest";
import { AARCH64_READING } from "../../../tools/verify/native/aarch64.ts";
import { buildGraph, type Graph } from "../../../tools/verify/native/cfg.ts";
import { Code } from "../../../tools/verify/native/code.ts";
import { read, section, symbol } from "../handmade.ts";
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
    const text = "f: cbz x0, 2f\n 1: nop\n bounded 3, 1\n 2: nop\n cbnz x1, 1b\n ret";
    expect(assembly(text).program.problems.map(({ message }) => message)).toEqual([
      "in f: the loop has two entrances, so that it has no bound; enter it at one place [loop-irreducible]",
    ]);
    const [problem] = analyse({ assembly: `${BOUNDED}.text\n${text}`, lines: true }).program.problems;
    expect(problem?.message).toMatch(/^\/.*\/source\.S:12: in f: the loop has two entrances/);
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

describe("what is said", () => {
  const ASTRAY = "a branch must stay in its function or go to the start of another one; give the target a function symbol " +
    "[branch-astray]";
  const NONE = "control flow runs into what is no instruction; end the path with ret, eret, a branch or brk [undecodable]";
  const DIRECT = "only direct branches can be followed; compile with -fno-jump-tables [indirect-branch]";

  test.each([
    ["f: nop\n br x1", `"br x1" at f+0x4: ${DIRECT}`],
    ["f: nop\n bl g + 4\n ret\n g: nop\n ret", `f+0x4 calls the inside of a function: ${ASTRAY}`],
    ["f: nop\n bl . + 64\n ret", `f+0x4 calls the inside of a function: ${ASTRAY}`],
    ["f: nop\n b g + 4\n g: nop\n ret", `f+0x4 goes to g+0x4: ${ASTRAY}`],
    ["f: nop\n cbz x0, g + 4\n ret\n g: nop\n ret", `f+0x4 goes to g+0x4: ${ASTRAY}`],
    ["f: nop", `f goes to 0x40080004: ${ASTRAY}`],
    ["f: nop\n .word 0x12345678", `".word 0x12345678" at f+0x4: ${NONE}`],
    ["f: udf #1", `"udf #0x1" at f: ${NONE}`],
  ])("of %j", (text, message) => {
    expect(assembly(text).program.problems.map((problem) => problem.message)).toEqual([message]);
  });

  test("names the line of the source", () => {
    const lines = (text: string): string => `${PRELUDE}#line 7 "core/sample.ts"\n${text}`;
    const [problem] = analyse({ c: lines("u32 f(u32 (*g)(void)) { return g() + 1; }") }).program.problems;
    const advice = "calls through registers hide the call graph; call the function by its name [indirect-call]";
    expect(problem?.message).toBe(`core/sample.ts:7: "blr x0" at f+0x4: ${advice}`);
    const inside = '__asm__("g: nop\\n ret"); void f(void) { __asm__ volatile("b g + 4"); __builtin_unreachable(); }';
    expect(analyse({ c: lines(inside) }).program.problems[0]?.at).toEqual({ file: "core/sample.ts", line: 7 });
    const call = '__asm__("g: nop\\n ret"); void f(void) { __asm__ volatile("bl g + 4"); }';
    expect(analyse({ c: lines(call) }).program.problems[0]?.at).toEqual({ file: "core/sample.ts", line: 7 });
  });

  test("of what objdump writes in a way that is not known: it is never guessed", () => {
    const TEXT = section({ name: ".text", address: 0x1000, size: 0x100, executable: true });
    const graph = (instruction: string): Graph => {
      const elf = { sections: [TEXT], symbols: [symbol({ name: "f", value: 0x1000, section: TEXT })] };
      const code = new Code(elf, [read(AARCH64_READING, instruction)], AARCH64_READING);
      const inside = { name: "f", start: 0x1000, end: 0x1100 };
      return buildGraph({ code, inside, mayWait: true, returns: () => true }, "f", 0x1000);
    };
    for (const text of ["b somewhere", "bl somewhere", "cbz x1, somewhere"])
      expect(() => graph(text)).toThrow(`"${text}" at f: ${NONE}`);
    expect(() => graph("nop")).toThrow(`f runs into f+0x4: ${NONE}`);
  });
});

describe("blocks", () => {
  /** From where (in instructions) they go where. */
  const blocks = (text: string, name = "f"): string[] => {
    const sample = assembly(text);
    expect(refusals(sample)).toEqual([]);
    const { graph: { blocks: all, entry } } = sample.routine(name);
    return all.map(({ start, instructions, successors, tails, leaves, index }) =>
      [
        `${index}: ${(start - entry) / 4}…${(start - entry) / 4 + instructions.length - 1}`,
        ...(successors.length > 0 ? [`→ ${successors.join(" ")}`] : []),
        ...tails.map((tail) => `⇒ ${sample.code.describe(tail)}`),
        ...(leaves ? ["end"] : []),
      ].join(" "));
  };

  test("end where control parts or meets, and come after all that lead to them but by going back", () => {
    expect(blocks("f: nop\n cbz x0, 2f\n nop\n b 3f\n 2: nop\n 3: nop\n nop\n ret")).toEqual([
      "0: 0…1 → 2 1", "1: 2…3 → 3", "2: 4…4 → 3", "3: 5…7 end",
    ]);
    expect(blocks("f: nop\n 1: nop\n bounded 3, 1\n cbnz x0, 1b\n nop\n ret")).toEqual([
      "0: 0…0 → 1", "1: 1…2 → 1 2", "2: 3…4 end",
    ]);
  });

  test("a branch to what comes next anyway is one way, and parts no block that nothing else leads to", () => {
    expect(blocks("f: cbz x0, 1f\n 1: nop\n ret")).toEqual(["0: 0…2 end"]);
    expect(blocks("f: b 1f\n 1: nop\n ret")).toEqual(["0: 0…2 end"]);
  });

  test("may go on in other functions, or leave in several ways", () => {
    expect(blocks("f: cbz x0, g\n nop\n eret\n g: ret")).toEqual(["0: 0…0 → 1 ⇒ g", "1: 1…2 end"]);
    expect(blocks("f: cbz x0, g\n h: ret\n g: ret")).toEqual(["0: 0…0 ⇒ g ⇒ h"]);
    expect(blocks("f: nop\n b g\n g: ret")).toEqual(["0: 0…1 ⇒ g"]);
    expect(blocks("f: bl g\n g: brk #1")).toEqual(["0: 0…0 end"]);
    expect(blocks("f: nop\n wfi\n nop\n eret")).toEqual(["0: 0…1 end"]);
  });

  test("a function returns by a return, or by going on in one that does", () => {
    const sample = assembly("f: ret\n g: b f\n h: brk #1\n k: b h\n l: cbz x0, h\n b f\n m: eret\n n: cbz x0, f\n eret");
    expect(refusals(sample)).toEqual([]);
    const returning = [...sample.program.routines.values()].filter(({ graph }) => graph.returns).map(({ name }) => name);
    expect(returning).toEqual(["f", "g", "l", "n"]);
  });
});

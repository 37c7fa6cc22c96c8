// What verify reads of RISC-V: where control goes, loops, retries, stack, registers; each on a few instructions.
import { describe, expect, test } from "vitest";
import { RISCV64 } from "../../../tools/build/targets/riscv64.ts";
import { EXCLUSIVE_ATTEMPTS } from "../../../tools/verify/native/exclusives.ts";
import { list } from "../../../tools/verify/native/instruction.ts";
import { analyse, BOUNDED, nestingOf, preludeOf, refusals, type Sample } from "../sample.ts";

const PRELUDE = preludeOf(RISCV64);
const assembly = (text: string): Sample => analyse({ target: RISCV64, assembly: `${BOUNDED}.text\n${text}` });
const fromC = (c: string, flags: readonly string[] = []): Sample => analyse({ target: RISCV64, c: PRELUDE + c, flags });
const cost = (text: string, name = "f"): number => {
  const sample = assembly(text);
  expect(refusals(sample)).toEqual([]);
  return sample.routine(name).cost.instructions;
};

/** Around a call. */
const PUSH = "addi sp, sp, -16\n sd ra, 0(sp)";
const POP = "ld ra, 0(sp)\n addi sp, sp, 16";

describe("where control goes", () => {
  test("calls, tail calls, branches; an instruction has two bytes or four", () => {
    expect(cost(`f: ${PUSH}\n call g\n jal g\n ${POP}\n tail h\n g: nop\n ret\n h: lui a0, 0x12345\n ret`)).toBe(7 + 2 * 2 + 2);
    const ofTwo = ["beq", "bne", "blt", "bge", "bltu", "bgeu"].map((name) => `${name} a0, a1`);
    const ofOne = ["beqz", "bnez", "bltz", "bgez", "blez", "bgtz"].map((name) => `${name} a0`);
    const branches = [...ofTwo, ...ofOne];
    const sample = assembly(branches.map((branch, n) => `f${n}: ${branch}, 1f\n ret\n 1: nop\n nop\n nop\n ret`).join("\n"));
    expect(refusals(sample)).toEqual([]);
    branches.forEach((branch, n) => expect(sample.routine(`f${n}`).cost.instructions, branch).toBe(5));
  });

  test.each([["sret"], ["mret"], ["unimp"], ["ebreak"]])("%s ends a path", (end) => {
    expect(cost(`f: beqz a0, 1f\n ret\n 1: nop\n nop\n ${end}`)).toBe(4);
  });

  test("an ecall is one instruction; the next one comes behind it", () => {
    expect(cost("f: ecall\n nop\n ret")).toBe(3);
  });

  test("WFI ends the path of code that nobody calls, and what follows is an entry of its own", () => {
    const sample = assembly("park: jal work\n beqz a0, leave\n wfi\n j park\n leave: ld ra, 0(a1)\n sret\n work: nop\n ret");
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("park").cost.instructions).toBe(1 + 2 + 1 + 2);
    expect(sample.program.roots.map(({ name }) => name.replace(/\+\S+/, ""))).toEqual(["park", "park (after WFI)"]);
    expect(refusals(assembly("f: jal g\n ret\n g: wfi\n j g"))).toEqual(["loop-unmarked"]);
  });

  test.each([
    ["a call through a register", "f: jalr a0\n ret", "indirect-call"],
    ["a jump through a register", "f: jr a0", "indirect-branch"],
    ["a call that leaves its address elsewhere", "f: jal t0, g\n ret\n g: ret", "indirect-call"],
    ["data that a path runs into", "f: nop\n .word 0xffffffff", "undecodable"],
    ["nothing", "f: nop", "branch-astray"],
    ["an endless loop", "f: j f", "loop-unmarked"],
    ["itself", `f: ${PUSH}\n call f\n ${POP}\n ret`, "recursion"],
  ])("refused: %s", (_, text, code) => {
    expect(refusals(assembly(text))).toEqual([code]);
  });

  test("a call that the linker could not make one instruction of, for it is too far", () => {
    expect(refusals(assembly("f: call g\n ret\n .space 0x200000\n g: ret"))).toEqual(["indirect-call"]);
  });
});

test("data between code is none where a symbol says so", () => {
  const text = "f: j g\n .type table, %object\n table: .quad 0x200000\n .size table, . - table\n g: ret";
  expect(refusals(assembly(text))).toEqual([]);
  expect(refusals(assembly(text.replace("%object", "%notype")))).not.toEqual([]);
});

describe("loops", () => {
  test("a marker's bound counts, of assembly and of what clang makes of C", () => {
    expect(cost("f: 1: addi a0, a0, -1\n bounded 5, 1\n bnez a0, 1b\n ret")).toBe(5 * 2 + 1);
    const sample = fromC(`u32 f(volatile u32 *p, u32 n) { u32 sum = 0;
      for (u32 i = 0; i < n; i++) { BOUND(8); sum += *p; } return sum; }`);
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("f").bounds.map(({ why }) => why)).toEqual(["stated"]);
    expect(sample.routine("f").cost.instructions).toBeGreaterThan(8 * 4);
    expect(sample.routine("f").cost.instructions).toBeLessThan(9 * 8);
  });

  test("a load-reserved and a store-conditional that is tried again: once for each pCPU", () => {
    const retry = (between: string): string =>
      `f: 1: lr.w.aq a3, (a0)\n bne a3, a1, 2f\n sc.w.rl a4, a2, (a0)\n ${between} bnez a4, 1b\n 2: ret`;
    expect(cost(retry(""))).toBe(EXCLUSIVE_ATTEMPTS * 4 + 1);
    expect(refusals(assembly(retry("li a4, 1\n")))).toEqual(["loop-unmarked"]);
    expect(refusals(assembly("f: 1: lr.w a3, (a0)\n sc.w a4, a2, (a0)\n bnez a3, 1b\n ret"))).toEqual(["loop-unmarked"]);
  });

  test("the prelude's atomic operations: one instruction each, but for the comparison", () => {
    const sample = fromC(`
      u32 or(u32 *p, u32 v) { return axv_atomic_or(p, v); }
      u32 exchange(u32 *p, u32 v) { return axv_atomic_exchange(p, v); }
      u32 compare(u32 *p, u32 e, u32 v) { return axv_atomic_compare_exchange(p, e, v); }`);
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("or").cost.instructions).toBe(2);
    expect(sample.routine("exchange").cost.instructions).toBe(2);
    expect(sample.routine("compare").bounds.map(({ why }) => why)).toEqual(["exclusive"]);
  });
});

describe("the stack", () => {
  const bytes = (text: string): number => {
    const sample = assembly(text);
    expect(refusals(sample)).toEqual([]);
    return sample.routine("f").stack.bytes;
  };

  test("every way to move the pointer", () => {
    expect(bytes("f: addi sp, sp, -48\n addi sp, sp, 48\n ret")).toBe(48);
    const byFrame = "addi s0, sp, 32\n addi sp, sp, -96\n addi sp, s0, -32";
    expect(bytes(`f: addi sp, sp, -32\n sd s0, 0(sp)\n ${byFrame}\n ld s0, 0(sp)\n addi sp, sp, 32\n ret`)).toBe(128);
    expect(bytes(`f: ${PUSH}\n call g\n ${POP}\n ret\n g: addi sp, sp, -64\n addi sp, sp, 64\n ret`)).toBe(80);
  });

  test("the address of a stack, in two halves, is no frame", () => {
    expect(bytes("f: lla sp, stack\n addi sp, sp, -32\n sret\n .bss\n .space 1000\n stack:")).toBe(32);
  });

  test("another stack: only with nothing on this one", () => {
    expect(bytes("f: csrrw sp, sscratch, sp\n addi sp, sp, -32\n sret")).toBe(32);
    expect(refusals(assembly(`f: ${PUSH}\n call g\n ${POP}\n ret\n g: mv sp, a0\n ret`))).toEqual(["stack-dynamic"]);
    const c = "u32 f(u32 n) { volatile u32 room[n]; room[0] = n; return room[n - 1]; } u32 g(u32 n) { return f(n) + 1; }";
    expect(refusals(fromC(c, ["-fno-inline"]))).toEqual(["stack-dynamic"]);
  });

  test("what clang makes of a local array", () => {
    const c = `u32 g(volatile u32 *p) { return *p; }
      u32 f(u32 n) { volatile u32 room[100]; room[n % 100] = n; return g(room) + room[1]; }`;
    const sample = fromC(c, ["-fno-inline"]);
    expect(refusals(sample)).toEqual([]);
    expect(sample.routine("f").stack.bytes).toBeGreaterThanOrEqual(400 + 8);
    expect(sample.routine("f").stack.bytes).toBeLessThanOrEqual(400 + 48);
  });
});

describe("registers", () => {
  const changed = (text: string): string[] => list(assembly(text).routine("f").kept.changes);

  test("a function changes what it writes, but not what it puts back", () => {
    expect(changed("f: li t0, 1\n ld t1, 0(a1)\n ret")).toEqual(["x5", "x6"]);
    const saving = (meanwhile: string, load: string): string[] =>
      changed(`f: addi sp, sp, -16\n sd s1, 8(sp)\n li s1, 1\n ${meanwhile}${load} s1, 8(sp)\n addi sp, sp, 16\n ret`);
    expect(saving("", "ld")).toEqual([]);
    expect(saving("", "lw")).toEqual(["x9"]);
    expect(saving("sb s1, 9(sp)\n ", "ld")).toEqual(["x9"]);
  });

  test("what is read behind a call that changed it is lost", () => {
    const caller = (behind: string, callee: string): string[] =>
      refusals(assembly(`f: ${PUSH}\n li s2, 1\n call g\n ${behind}\n ${POP}\n ret\n g: ${callee}\n ret`));
    expect(caller("sd s2, 0(a1)", "li s2, 2")).toEqual(["register-lost"]);
    expect(caller("sd s2, 0(a1)", "li s3, 2")).toEqual([]);
    expect(caller("sd a0, 0(a1)", "li a0, 2")).toEqual([]);
    expect(refusals(assembly("f: call g\n ret\n g: ret"))).toEqual(["register-lost"]);
  });

  test("a guest's registers are all read by sret", () => {
    expect(refusals(assembly("f: call g\n ld ra, 0(a1)\n sret\n g: li t3, 1\n ret"))).toEqual(["register-lost"]);
    expect(refusals(assembly("f: call g\n ld ra, 0(a1)\n ld t3, 8(a1)\n sret\n g: li t3, 1\n ret"))).toEqual([]);
  });

  test("clang's own register allocation between functions loses none", () => {
    const c = `
      static __attribute__((noinline)) u64 mix(u64 a, u64 b) { return a * 31 + (b ^ (a >> 7)); }
      static __attribute__((noinline)) u64 twice(u64 a, u64 b, u64 c) { return mix(a, b) * c + mix(b, c) + a; }
      u64 f(u64 a, u64 b, u64 c, u64 d) { return twice(a, b, c) + twice(b, c, d) * a + mix(c, d); }`;
    for (const flags of [[], ["-mllvm", "-enable-ipra"]]) expect(refusals(fromC(c, flags))).toEqual([]);
  });
});

test("nothing of a loop inside another is lost", () => {
  const c = `u32 f(volatile u32 *p, u32 n) { u32 sum = 0;
#line 10 "core/sample.ts"
    for (u32 i = 0; i < n; i++) { BOUND(100);
      for (u32 j = 0; j < n; j++) {
        BOUND(4); sum += p[j]; } } return sum; }`;
  const sample = analyse({ target: RISCV64, c: PRELUDE + c }, nestingOf([[10, 12]]));
  expect(refusals(sample)).toEqual([]);
  expect(sample.routine("f").bounds).toHaveLength(2);
  expect(sample.routine("f").cost.instructions).toBeGreaterThan(100 * 4 * 4);
});

// What verify reads of RISC-V: everything that it takes from one instruction, as llvm-objdump writes it.
import { describe, expect, test } from "vitest";
import { RISCV64_READING } from "../../../tools/verify/native/riscv64.ts";
import { read, said } from "../handmade.ts";

const EVERY = Array.from({ length: 32 }, (_, n) => n).filter((n) => n !== 0 && n !== 2).map((n) => `x${n}`).join(" ");

/** Instruction → what is read of it. */
const rows: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "where control goes": {
    "j 0x80000010 <f+0x10>": "branch; to 80000010",
    "jal 0x80000010 <f>": "call; to 80000010",
    "jal t0, 0x80000010 <f>": "indirect-call",
    "jal somewhere 0x80": "indirect-call",
    "jalr a0": "indirect-call; writes x10",
    "jalr a1, 0x10(a0)": "indirect-call; reads x10; writes x11",
    "jr a0": "indirect-branch; writes x10",
    "ret": "return; reads x1",
    "sret": `end; reads ${EVERY}`,
    "mret": "end",
    "unimp": "end; padding",
    "ebreak": "end",
    "wfi": "wait",
    "wrs.nto": "wait",
    "wrs.sto": "wait",
    "<unknown>": "undecodable; padding",
    "<unknown> 0x12": "undecodable",
    ".word 0xffffffff": "undecodable; padding",
    "nop": "next; padding",
    "c.nop": "next",
    "fence rw, w": "next",
    "fence.i": "next",
    "pause": "next",
    "ecall": "next; reads x10 x11 x12 x13 x14 x15 x16 x17; writes x10 x11",
  },
  "conditions": {
    ...Object.fromEntries(["beq", "bne", "blt", "bge", "bltu", "bgeu", "bgt", "ble"].map((name) =>
      [`${name} a0, s11, 0x80000010 <f+0x10>`, "conditional; to 80000010; reads x10 x27"])),
    ...Object.fromEntries(["beqz", "bltz", "bgez", "blez", "bgtz"].map((name) =>
      [`${name} a0, 0x80000010 <f+0x10>`, "conditional; to 80000010; reads x10"])),
    "bnez a4, 0x80000010": "conditional; to 80000010; reads x14; if x14 is not zero",
    "bnez zero, 0x80000010": "conditional; to 80000010; if x0 is not zero",
    "beqz a0, somewhere": "conditional; reads x10",
    "bset a0, a1, a2": "next; reads x11 x12; writes x10",
    "xbeq a0, a1": "next; reads x11; writes x10",
    "beqx a0, a1": "next; reads x11; writes x10",
  },
  "registers by all their names": {
    "add ra, gp, tp": "next; reads x3 x4; writes x1",
    "add t0, t1, t2": "next; reads x6 x7; writes x5",
    "add s0, s1, fp": "next; reads x8 x9; writes x8; frame anywhere",
    "add a0, a1, a7": "next; reads x11 x17; writes x10",
    "add s2, s3, s11": "next; reads x19 x27; writes x18",
    "add t3, t5, t6": "next; reads x30 x31; writes x28",
    "add a0, zero, nobody": "next; writes x10",
  },
  "registers that are read and written": {
    "li a0, 0x10": "next; writes x10",
    "lui a0, 0x12345": "next; writes x10",
    "mv a0, a1": "next; reads x11; writes x10",
    "add.uw a0, a0, gp": "next; reads x3 x10; writes x10",
    "ld a0, 0x10(s1)": "next; reads x9; writes x10",
    "ld a0, (s1)": "next; reads x9; writes x10",
    "ld a0, -0x10(s1)": "next; reads x9; writes x10",
    "lbu a0, 0x1(s1)": "next; reads x9; writes x10",
    "sb a0, 0x10(s1)": "next; reads x9 x10",
    "sh a0, 0x10(s1)": "next; reads x9 x10",
    "sw a0, 0x10(s1)": "next; reads x9 x10",
    "sd a0, 0x10(s1)": "next; reads x9 x10",
    "sd zero, 0x10(s1)": "next; reads x9",
    "sda a0, 0x10(s1)": "next; reads x9; writes x10",
    "xsd a0, 0x10(s1)": "next; reads x9; writes x10",
    "hsv.w a0, (a1)": "next; reads x10 x11",
    "hlv.w a0, (a1)": "next; reads x11; writes x10",
    "csrw stvec, t0": "next; reads x5",
    "csrs sie, t0": "next; reads x5",
    "csrc sie, t0": "next; reads x5",
    "csrwi sie, 0x2": "next",
    "csrr t0, scause": "next; writes x5",
    "csrrw t0, sscratch, t1": "next; reads x6; writes x5",
    "sfence.vma a0, a1": "next; reads x10 x11",
    "hfence.gvma a0, a1": "next; reads x10 x11",
    "sinval.vma a0, a1": "next; reads x10 x11",
    "hinval.vvma a0, a1": "next; reads x10 x11",
    "sfence.w.inval": "next",
    "cbo.clean (a0)": "next; reads x10",
    "amoor.w.aqrl a0, a1, (a2)": "next; reads x11 x12; writes x10",
  },
  "reserved loads and conditional stores": {
    "lr.w.aq a3, (a0)": "next; reads x10; writes x13; reserves",
    "lr.d a3, (a0)": "next; reads x10; writes x13; reserves",
    "sc.w.rl a4, a2, (a0)": "next; reads x10 x12; writes x14; fails in x14",
    "sc.d a4, a2, (a0)": "next; reads x10 x12; writes x14; fails in x14",
    "sc.w zero, a2, (a0)": "next; reads x10 x12; fails in x0",
  },
  "the stack pointer": {
    "addi sp, sp, -0x30": "next; sp = stack - 48",
    "addi sp, sp, 0x30": "next; sp = stack + 48",
    "addi sp, sp, 16": "next; sp = stack + 16",
    "addi sp, sp, -16": "next; sp = stack - 16",
    "addi sp, s0, -0x20": "next; reads x8; sp = frame - 32",
    "mv sp, s0": "next; reads x8; sp = frame + 0",
    "mv sp, a0": "next; reads x10; sp anywhere",
    "addi sp, a0, 0x10": "next; reads x10; sp anywhere",
    "add sp, sp, a0": "next; reads x10; sp anywhere",
    "addi sp, sp, a0": "next; reads x10; sp anywhere",
    "addiw sp, sp, 0x10": "next; sp anywhere",
    "andi sp, sp, -0x10": "next; sp anywhere",
    "csrrw sp, sscratch, sp": "next; sp anywhere",
    "csrw sscratch, sp": "next",
    "sd sp, 0x8(a0)": "next; reads x10",
    "ld sp, 0x8(a0)": "next; reads x10; sp anywhere",
    "beq sp, a0, 0x80000010": "conditional; to 80000010; reads x10",
    "mv a0, sp": "next; writes x10",
    "addi a0, sp, 0x10": "next; writes x10",
  },
  "the frame pointer": {
    "addi s0, sp, 0x20": "next; writes x8; frame = stack + 32",
    "addi s0, s0, -0x20": "next; reads x8; writes x8; frame = frame - 32",
    "mv s0, sp": "next; writes x8; frame = stack + 0",
    "mv s0, a0": "next; reads x10; writes x8; frame anywhere",
    "ld s0, 0x8(a0)": "next; reads x10; writes x8; frame anywhere",
    "sd s0, 0x8(a0)": "next; reads x8 x10",
    "beqz s0, 0x80000010": "conditional; to 80000010; reads x8",
  },
  "on the stack": {
    "sd s1, 0x8(sp)": "next; reads x9; stores x9:8 at 8",
    "sd s1, (sp)": "next; reads x9; stores x9:8 at 0",
    "sd s1, -0x8(sp)": "next; reads x9; stores x9:8 at -8",
    "sd nobody, 0x8(sp)": "next; stores part:8 at 8",
    "sw s1, 0x8(sp)": "next; reads x9; stores part:4 at 8",
    "sh s1, 0x8(sp)": "next; reads x9; stores part:2 at 8",
    "sb s1, 0x9(sp)": "next; reads x9; stores part:1 at 9",
    "ld s1, 0x8(sp)": "next; writes x9; loads x9:8 at 8",
    "lw s1, 0x8(sp)": "next; writes x9; loads part:4 at 8",
    "lwu s1, 0x8(sp)": "next; writes x9; loads part:4 at 8",
    "lbu s1, 0x8(sp)": "next; writes x9; loads part:1 at 8",
    "lh s1, 0x8(sp)": "next; writes x9; loads part:2 at 8",
    "fsd fa0, 0x8(sp)": "next; stores anywhere",
    "sdx s1, 0x8(sp)": "next; writes x9; stores anywhere",
    "sd s1, 0x8(spx)": "next; reads x9",
    "sd s1, 0x8(a0)": "next; reads x9 x10",
  },
};

describe.each(Object.entries(rows))("%s", (_, each) => {
  test.each(Object.entries(each))("%s", (text, expected) => {
    expect(said(read(RISCV64_READING, text))).toBe(expected);
  });
});

test.each([
  ["auipc sp, 0x1", "addi sp, sp, 0x10", "next; sp anywhere"],
  ["lui sp, 0x1", "addi sp, sp, 0x10", "next; sp anywhere"],
  ["lui s0, 0x1", "addi s0, s0, 0x10", "next; reads x8; writes x8; frame anywhere"],
  ["lui a0, 0x1", "addi sp, sp, 0x10", "next; sp = stack + 16"],
  ["luix sp, 0x1", "addi sp, sp, 0x10", "next; sp = stack + 16"],
  ["xauipc sp, 0x1", "addi sp, sp, 0x10", "next; sp = stack + 16"],
  ["addi sp, sp, 0x10", "addi sp, sp, 0x10", "next; sp = stack + 16"],
])("behind %s, %s is the lower half of an address, or is none", (previous, text, expected) => {
  expect(said(read(RISCV64_READING, text, previous))).toBe(expected);
});

test("what is written is handed on; functions begin at any compressed instruction, and none is a piece of another", () => {
  const source = { file: "core/sample.ts", line: 7 };
  const written = { address: 0x80000000, bytes: 2, mnemonic: "add", operands: "a0, a1, a2", source };
  expect(RISCV64_READING.decode(written)).toMatchObject(written);
  expect(RISCV64_READING.alignment).toBe(2);
  expect(RISCV64_READING.isDetour("__CortexA53843419_1000")).toBe(false);
});

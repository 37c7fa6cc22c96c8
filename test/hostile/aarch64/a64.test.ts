// Every instruction that hostile guests are made of, held against what clang makes of its text.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readElf } from "../../../tools/build/elf.ts";
import { CLANG, runTool } from "../../../tools/build/native.ts";
import * as a64 from "./a64.ts";

const register = { op0: 3, op1: 4, crn: 12, crm: 11, op2: 6 };
const sys = { op0: 1, op1: 3, crn: 7, crm: 14, op2: 1 };

const INSTRUCTIONS: readonly (readonly [string, number])[] = [
  ["nop", a64.NOP], ["yield", a64.YIELD], ["wfe", a64.WFE], ["wfi", a64.WFI], ["sev", a64.SEV], ["isb", a64.ISB],
  ["dsb ish", a64.DSB_ISH],
  ["ret", a64.RET], ["eret", a64.ERET], [".inst 0", a64.UDF], ["dcps2", a64.DCPS2],
  ["msr daifclr, #2", a64.UNMASK_IRQ], ["msr daifset, #2", a64.MASK_IRQ], ["msr daifset, #15", a64.MASK_ALL],
  ["svc #7", a64.svc(7)], ["hvc #0xffff", a64.hvc(0xffff)], ["smc #0x1234", a64.smc(0x1234)], ["brk #1", a64.brk(1)],
  ["hlt #2", a64.hlt(2)],
  ["mrs x5, S3_4_C12_C11_6", a64.mrs(register, 5)], ["msr S3_4_C12_C11_6, x30", a64.msr(register, 30)],
  ["sys #3, C7, C14, #1, x9", a64.msr(sys, 9)],
  ["ldrb w0, [x1]", a64.ldr(1, 0, 1)], ["ldrh w2, [x3]", a64.ldr(2, 2, 3)], ["ldr w4, [x5]", a64.ldr(4, 4, 5)],
  ["ldr x6, [x7]", a64.ldr(8, 6, 7)],
  ["ldrsb x0, [x1]", a64.ldrs(1, 0, 1)], ["ldrsh x0, [x1]", a64.ldrs(2, 0, 1)], ["ldrsw x0, [x1]", a64.ldrs(4, 0, 1)],
  ["strb w0, [x1]", a64.str(1, 0, 1)], ["strh w0, [x1]", a64.str(2, 0, 1)], ["str w0, [x1]", a64.str(4, 0, 1)],
  ["str x30, [x29]", a64.str(8, 30, 29)],
  ["ldrb w0, [x1], #1", a64.ldrPost(1, 0, 1)], ["ldr x0, [x1], #8", a64.ldrPost(8, 0, 1)],
  ["str w0, [x1], #4", a64.strPost(4, 0, 1)], ["strh w0, [x1], #2", a64.strPost(2, 0, 1)],
  ["ldarb w0, [x1]", a64.ldar(1, 0, 1)], ["ldar x0, [x1]", a64.ldar(8, 0, 1)], ["stlr w2, [x1]", a64.stlr(4, 2, 1)],
  ["stlrh w2, [x1]", a64.stlr(2, 2, 1)],
  ["ldxr x0, [x1]", a64.ldxr(8, 0, 1)], ["ldxrb w0, [x1]", a64.ldxr(1, 0, 1)], ["stxr w3, x0, [x1]", a64.stxr(8, 3, 0, 1)],
  ["stxr w3, w0, [x1]", a64.stxr(4, 3, 0, 1)],
  ["ldp x0, x2, [x1]", a64.ldp(0, 2, 1)], ["stp x0, x2, [x1]", a64.stp(0, 2, 1)], ["ldr q1, [x2]", a64.ldrQ(1, 2)],
  ["str q1, [x2]", a64.strQ(1, 2)],
  ["prfm pldl1keep, [x1]", a64.prfm(1)], ["blr x1", a64.blr(1)], ["adr x0, . + 16", a64.adr(0, 4)], ["mov x5, x1", a64.mov(5, 1)],
  ["eor x3, x3, x4, lsl #13", a64.eorLeft(3, 3, 4, 13)], ["eor x3, x5, x3, lsr #7", a64.eorRight(3, 5, 3, 7)],
  ["subs x4, x4, #1", a64.subs(4, 4, 1)], ["cmp x5, x2", a64.cmp(5, 2)], ["b.ne . - 24", a64.bne(-6)], ["b.lo . + 8", a64.blo(2)],
  ["b.hs . + 12", a64.bhs(3)], ["b .", a64.SPIN],
];

test("each word is what clang makes of the instruction", () => {
  const folder = mkdtempSync(join(tmpdir(), "axv-a64-"));
  try {
    const [source, object] = [join(folder, "a64.S"), join(folder, "a64.o")];
    writeFileSync(source, INSTRUCTIONS.map(([text]) => `${text}\n`).join(""));
    runTool(CLANG, ["--target=aarch64-none-elf", "-march=armv8-a", "-c", source, "-o", object]);
    const text = sectionOf(object, ".text");
    const words = INSTRUCTIONS.map(([name], n) => `${name}: 0x${text.getUint32(4 * n, true).toString(16)}`);
    expect(INSTRUCTIONS.map(([name, word]) => `${name}: 0x${word.toString(16)}`)).toEqual(words);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function sectionOf(file: string, name: string): DataView {
  const elf = readElf(readFileSync(file));
  const section = elf.sections.find((one) => one.name === name);
  if (section === undefined) throw new Error(`${file} has no ${name}`);
  return new DataView(elf.bytes.buffer, elf.bytes.byteOffset + section.offset, section.size);
}

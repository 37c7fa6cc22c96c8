// objdump's text as instructions, and what is said where objdump is not there or refuses.
import { afterEach, expect, test, vi } from "vitest";
import { AARCH64_READING } from "../../../tools/verify/native/aarch64.ts";
import { disassemble, parseDisassembly } from "../../../tools/verify/native/disassemble.ts";
import { RISCV64_READING } from "../../../tools/verify/native/riscv64.ts";
import type { Reading } from "../../../tools/verify/native/reading.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** One line each: where, how long, what, and of which source. */
const lines = (text: string, reading: Reading = AARCH64_READING): string[] =>
  parseDisassembly(text, reading).map(({ address, bytes, mnemonic, operands, source }) => {
    const place = source === undefined ? [] : [`${source.file}:${source.line}`];
    return [address.toString(16), bytes, `${mnemonic} ${operands}`.trim(), ...place].join(" | ");
  });

const TEXT = `
sample.elf:	file format elf64-littleaarch64

Disassembly of section .text:

0000000040080000 <f>:
; f():
; ${process.cwd()}/core/sample.ts:7
40080000: 910083e0     	add	x0, sp, #0x20
40080004: b9400008     	ldr	w8, [x0]   // =0x10
; /elsewhere/x:y.S:12
40080008: d65f03c0     	ret

000000004008000c <g>:
4008000c: d503201f     	nop
; core/sample.ts:0
40080010: d503201f     	nop
		...

Disassembly of section .other:
40080020: 00000000     	<unknown>
; core/other.ts:3
40080024: 12 34 56 78  	.word	0x12345678
40080028:
 note: no instruction
`;

test("every line that is an instruction, with its source; a function and a section begin without one", () => {
  expect(lines(TEXT)).toEqual([
    "40080000 | 4 | add x0, sp, #0x20 | core/sample.ts:7",
    "40080004 | 4 | ldr w8, [x0] | core/sample.ts:7",
    "40080008 | 4 | ret | /elsewhere/x:y.S:12",
    "4008000c | 4 | nop",
    "40080010 | 4 | nop",
    "40080020 | 4 | <unknown>",
    "40080024 | 4 | .word 0x12345678 | core/other.ts:3",
  ]);
  expect(lines("")).toEqual([]);
});

test("only whole lines of their own are a source's, a function's or a section's", () => {
  const text = (between: string): string => `; core/sample.ts:7\n${between}\n 40080000: d503201f \tnop`;
  const known = ["40080000 | 4 | nop | core/sample.ts:7"];
  for (const between of [" Disassembly of section", "x0 <f>:", "0 <f>:x", "0 <f>", "; a:9x", "x; a:9", ";a:9"])
    expect(lines(text(between)), between).toEqual(known);
  for (const between of ["Disassembly of section .x:", "0 <f>:", "00000fab <a b>:"])
    expect(lines(text(between)), between).toEqual(["40080000 | 4 | nop"]);
});

test("compressed instructions have two bytes, and each is told the one before it", () => {
  const previous: (string | undefined)[] = [];
  const reading: Reading = {
    ...RISCV64_READING,
    decode: (written, before) => {
      previous.push(before?.mnemonic);
      return RISCV64_READING.decode(written, before);
    },
  };
  const text = "80000000: 1141         \taddi\tsp, sp, -0x10\n80000002: 0001 \tnop\n80000004: 12345537 \tlui\ta0, 0x12345";
  expect(lines(text, reading)).toEqual([
    "80000000 | 2 | addi sp, sp, -0x10", "80000002 | 2 | nop", "80000004 | 4 | lui a0, 0x12345",
  ]);
  expect(previous).toEqual([undefined, "addi", "nop"]);
});

test("objdump refuses what is no ELF file, in its own words", () => {
  expect(() => disassemble("LICENSE", AARCH64_READING)).toThrow(
    /^llvm-objdump-19 \/.*LICENSE\n.*not recognized[^]*: the command's own words say why \[tool-failed\]$/,
  );
});

test("without objdump it is said which package has it", () => {
  vi.stubEnv("PATH", "");
  expect(() => disassemble("sample.elf", AARCH64_READING)).toThrow(
    /^llvm-objdump-19 not found \(apt-get install llvm-19\): install it with apt-get \[tool-missing\]$/,
  );
});

// Position independence on RISC-V: the linker relaxes, and what its relocations say afterwards still proves it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../tools/build/files.ts";
import { buildNative } from "../../tools/build/native.ts";
import { errorOf, inWorkFolder } from "./build.ts";

const SCRIPT = `ENTRY(_start)
SECTIONS {
  . = BASE; .text : { KEEP(*(.text.head)) *(.text .text.*) } .rodata : { *(.rodata .rodata.*) }
  .data : { *(.data .data.* .bss .bss.*) }
}
`;
const C = `#pragma GCC visibility push(hidden)
extern unsigned long end(unsigned long);
static unsigned long table[4] = {1, 2, 3, 4};
unsigned long boot(unsigned long n) { return end(table[n & 3]++) + n; }
`;

/** Links C and a head in assembly, at an address. */
function link(folder: string, head: string, address = 0x8020_0000, positionIndependent = true): Uint8Array {
  const file = (name: string, text: string): string => (writeFileSync(join(ROOT, folder, name), text), `${folder}/${name}`);
  return buildNative({
    isa: "riscv64",
    cFile: file("program.c", C),
    assembly: [file("head.S", `.section .text.head, "ax"\n.global _start\n_start:\n${head}\n.text\n.global end\nend: ret\n`)],
    linkerScript: file("program.ld", SCRIPT.replace("BASE", String(address))),
    positionIndependent,
    defines: {},
    symbols: { absolute: 0x1234_5678, small: 0x10 },
  }, folder).binary;
}

const HEAD = "call boot\nlla a0, end\ntail end";

test("the same bytes wherever it is linked; a call is one instruction", () =>
  inWorkFolder((folder) => {
    const binary = link(folder, HEAD);
    expect(link(folder, HEAD, 0x1_0000)).toEqual(binary);
    expect(binary[0]).toBe(0xef); // jal ra
  }));

test.each([
  ["data holds differences", "j .\n.balign 8\n.quad end - _start\n.word end - _start\n.word end - ."],
  ["data holds constants", "j .\n.balign 8\n.quad absolute\n.word absolute"],
  ["code has a constant that the linker relaxes", "lui a0, %hi(small)\naddi a0, a0, %lo(small)\nj ."],
  ["code has constants", "lui a0, %hi(absolute)\naddi a0, a0, %lo(absolute)\nsw a0, %lo(absolute)(a0)\nj ."],
])("may have: %s", (_, head) =>
  inWorkFolder((folder) => void expect(link(folder, `${HEAD}\n${head}`).length).toBeGreaterThan(0)));

test.each([
  ["an address in data", "j .\n.balign 8\n.quad end", /R_RISCV_64 to end at _start\+/],
  ["an address made of constants", "lui a0, %hi(end)\naddi a0, a0, %lo(end)", /R_RISCV_HI20 to end/],
  ["an address out of the GOT", "1: auipc a0, %got_pcrel_hi(end)\nld a0, %pcrel_lo(1b)(a0)", /R_RISCV_20 to end/],
  ["half a difference", "j .\n.balign 8\n.reloc ., R_RISCV_ADD32, end\n.word 0", /R_RISCV_ADD32 to end/],
  ["a constant taken for an address", "lla a0, absolute", /R_RISCV_PCREL_HI20 to absolute/],
])("may not have: %s", (_, head, what) =>
  inWorkFolder(async (folder) => {
    // Near zero, where the constant is in reach.
    const error = await errorOf(() => link(folder, `${HEAD}\n${head}`, 0x1200_0000));
    expect(error.code).toBe("not-position-independent");
    expect(error.message).toMatch(what);
    expect(link(folder, `${HEAD}\n${head}`, 0x1200_0000, false).length).toBeGreaterThan(0);
  }));

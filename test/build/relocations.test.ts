// Position independence is proven from the relocations of the linked program, and by moving one.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readElf } from "../../tools/build/elf.ts";
import { ROOT } from "../../tools/build/files.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { buildNative } from "../../tools/build/native.ts";
import { errorOf, inWorkFolder, toy } from "./build.ts";

const TOY = toy("toy-moved");
const BASE = 0x40200000;
const SYMBOLS = { axv_linear_bytes: 65536, absolute: 0x1234 };
const LITTLE_C =
  "void axv_init_linear(void) {}\nunsigned boot(void) { return 1; }\nunsigned trapSync(unsigned vcpu) { return vcpu; }\n";

/** Links C and the toy's assembly with more assembly, at an address. */
function link(folder: string, assembly: string, c = LITTLE_C, address = 0, positionIndependent = true) {
  const file = (name: string): string => join(ROOT, folder, name);
  writeFileSync(file("more.S"), assembly);
  const script = readFileSync(join(ROOT, TOY.linkerScript), "utf8");
  writeFileSync(file("moved.ld"), script.replace(". = 0;", `. = ${address};`).replace("*(.text.head)", "KEEP(*(.text.head))"));
  writeFileSync(file("program.c"), c);
  const sources = {
    isa: "aarch64" as const,
    cFile: `${folder}/program.c`,
    assembly: [...TOY.assembly, `${folder}/more.S`],
    linkerScript: `${folder}/moved.ld`,
  };
  return buildNative({ ...sources, positionIndependent, defines: TOY.defines, symbols: SYMBOLS }, folder);
}

/** `more` is kept by the linker, for the head refers to it. */
const kept = (text: string): string => `.section .text.head, "ax"\n.global more\nmore:\n${text}\n`;

describe("a program that runs anywhere", () => {
  test("has the same bytes wherever it is linked", async () => {
    const c = readFileSync((await buildProgram(TOY)).c, "utf8");
    await inWorkFolder((folder) => {
      expect(link(folder, "", c, BASE).binary).toEqual(link(folder, "", c, 0).binary);
    });
  });

  test.each([
    [
      "code finds symbols by their distance",
      "adrp x0, boot\nadd x0, x0, :lo12:boot\nldr w1, [x0, :lo12:boot]\nadr x2, boot\nb.eq boot\ntbz x0, #1, " +
        "boot\nbl boot\nldr x3, boot",
    ],
    ["data holds differences", ".quad boot - .\n.word boot - .\n.quad more_end - more\nmore_end:"],
    ["data holds constants", ".balign 8\n.quad absolute\n.word absolute"],
  ])("may have: %s", (_, text) =>
    inWorkFolder((folder) => void expect(link(folder, kept(text)).binary.length).toBeGreaterThan(0)),
  );

  test.each([
    ["an address in data", ".balign 8\n.quad boot", /ABS64 to boot at more/],
    ["an address in a literal pool", "ldr x0, =boot\n.ltorg", /ABS64/],
    ["half an address", ".word boot", /ABS32 to boot/],
    ["an address made of constants", "movz x0, #:abs_g1:boot\nmovk x0, #:abs_g0_nc:boot", /MOVW_UABS_G1 to boot/],
    ["an address out of the GOT", "adrp x0, :got:boot\nldr x0, [x0, :got_lo12:boot]", /boot at more/],
    ["a constant taken for an address", "adrp x0, absolute\nadd x0, x0, :lo12:absolute", /ADR_PREL_PG_HI21 to absolute at more/],
  ])("may not have: %s", (_, text, what) =>
    inWorkFolder(async (folder) => {
      const error = await errorOf(() => link(folder, kept(text)));
      expect(error.code).toBe("not-position-independent");
      expect(error.message).toMatch(what);
      // Where the linker script gives the address, the same is no mistake.
      expect(link(folder, kept(text), LITTLE_C, 0, false).binary.length).toBeGreaterThan(0);
    }));
});

describe("reading ELF", () => {
  test("what is not ELF is refused", async () => {
    expect((await errorOf(() => readElf(Uint8Array.of(1, 2, 3)))).code).toBe("elf-malformed");
    expect((await errorOf(() => readElf(new Uint8Array(100)))).code).toBe("elf-malformed");
  });
});

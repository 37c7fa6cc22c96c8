// The linked binary as verify sees it: sections, symbols of every kind, and what is said of a file that is broken.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadElf, symbolValue, type Elf } from "../../../tools/verify/native/elf.ts";
import { withElf } from "../sample.ts";

const ASSEMBLY = `
  .text
  .global f
  .type f, %function
f: nop
  ret
  .size f, . - f
label: ret
  .data
  .type table, %object
table: .quad 1, 2
  .size table, . - table
  .section .rodata, "a"
  .byte 1, 2, 3
  .section .notes, ""
  .byte 7
  .bss
room: .space 32
  .type mark, %common
  .type tls, %gnu_indirect_function
tls: .byte 0
  .set number, 77
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-elf-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const elf = (): Elf => withElf({ assembly: ASSEMBLY }, loadElf);

test("sections: where they lie, what they are, and what is in the file of them", () => {
  const shown = (name: string): string | undefined => {
    const one = elf().sections.find((section) => section.name === name);
    if (one === undefined) return undefined;
    const flags = [one.allocated && "allocated", one.writable && "writable", one.executable && "executable"].filter(Boolean);
    return `${one.size}: ${flags.join(" ")}; ${Buffer.from(one.bytes).toString("hex")}`;
  };
  expect(shown(".text")).toBe("12: allocated executable; 1f2003d5c0035fd6c0035fd6");
  expect(shown(".data")).toBe("16: allocated writable; 01000000000000000200000000000000");
  expect(shown(".rodata")).toBe("3: allocated; 010203");
  expect(shown(".notes")).toBe("1: ; 07");
  expect(shown(".bss")).toBe("33: allocated writable; ");
  expect(elf().sections.find(({ name }) => name === ".text")?.address).toBe(0x40080000);
});

test("symbols: kind, size, whether others see them, and the section", () => {
  const shown = (wanted: string): string | undefined => {
    const one = elf().symbols.find(({ name }) => name === wanted);
    return one && `${one.kind}, ${one.size}, ${one.global ? "global" : "local"}, ${one.section?.name ?? "nowhere"}`;
  };
  expect(shown("f")).toBe("function, 8, global, .text");
  expect(shown("label")).toBe("untyped, 0, local, .text");
  expect(shown("table")).toBe("object, 16, local, .data");
  expect(shown("tls")).toBe("other, 0, local, .bss");
  expect(shown("number")).toBe("untyped, 0, local, nowhere");
  expect(symbolValue(elf(), "number")).toBe(77);
  expect(symbolValue(elf(), "label")).toBe(0x40080008);
  expect(symbolValue(elf(), "none")).toBeUndefined();
});

describe("a broken file is named", () => {
  const ADVICE =
    "the file is not a 64-bit little-endian AArch64 executable with a symbol table; build the core again [elf-malformed]";
  const broken = (change: (bytes: Buffer) => Buffer): string => {
    const path = join(folder, "broken.elf");
    writeFileSync(path, withElf({ assembly: ASSEMBLY }, (whole) => change(readFileSync(whole))));
    return path;
  };

  test("without a symbol table", () => {
    const SYMBOLS = 2;
    const path = broken((bytes) => {
      const sections = Number(bytes.readBigUInt64LE(40));
      for (let n = 0; n < bytes.readUInt16LE(60); n++) {
        const type = sections + n * 64 + 4;
        if (bytes.readUInt32LE(type) === SYMBOLS) bytes.writeUInt32LE(1, type);
      }
      return bytes;
    });
    expect(() => loadElf(path)).toThrow(new RegExp(`^${path} has no symbol table: ${ADVICE.replace("[", "\\[")}$`));
  });

  test("no ELF file at all, and one that is cut off", () => {
    const no = /^.*broken\.elf \(no ELF header: the file is not .*\[elf-malformed\]\): the file is not .* \[elf-malformed\]$/;
    expect(() => loadElf(broken(() => Buffer.from("text")))).toThrow(no);
    expect(() => loadElf(broken((bytes) => bytes.subarray(0, 100)))).toThrow(
      /^.*broken\.elf \(Offset is outside the bounds of the DataView\): the file is not .* \[elf-malformed\]$/,
    );
  });

  test("a file that is not there is no broken one", () => {
    expect(() => loadElf(join(folder, "none.elf"))).toThrow(/^ENOENT: no such file or directory/);
  });
});

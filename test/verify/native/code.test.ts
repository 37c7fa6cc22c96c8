// Which addresses belong to which function: symbols of every kind, and how an address is called in messages.
import { describe, expect, test } from "vitest";
import { AARCH64_READING } from "../../../tools/verify/native/aarch64.ts";
import { Code } from "../../../tools/verify/native/code.ts";
import type { ElfSymbol } from "../../../tools/verify/native/elf.ts";
import { read, section, symbol } from "../handmade.ts";

/** 0x1000…0x1100, and behind it what is no code. */
const TEXT = section({ name: ".text", address: 0x1000, size: 0x100, executable: true });
const DATA = section({ name: ".data", address: 0x1100, size: 0x100 });

const code = (symbols: readonly Partial<ElfSymbol>[], alignment = 4): Code =>
  new Code(
    { sections: [TEXT, DATA], symbols: symbols.map((one) => symbol({ section: TEXT, ...one })) },
    [0x1000, 0x1004, 0x1008, 0x1010].map((address) => ({ ...read(AARCH64_READING, "nop"), address })),
    { ...AARCH64_READING, alignment },
  );
/** name: start…end, each. */
const functions = (...symbols: readonly Partial<ElfSymbol>[]): string[] =>
  code(symbols).functions.map(({ name, start, end }) => `${name}: ${start.toString(16)}…${end.toString(16)}`);

describe("a function", () => {
  test("ends where its size says, where the next one begins, or where the section ends", () => {
    expect(functions(
      { name: "g", value: 0x1010, size: 8, kind: "function" },
      { name: "f", value: 0x1000 },
      { name: "h", value: 0x1020 },
      { name: "k", value: 0x1030, size: 0x20, kind: "function" },
      { name: "l", value: 0x1040, kind: "function" },
    )).toEqual(["f: 1000…1010", "g: 1010…1018", "h: 1020…1030", "k: 1030…1040", "l: 1040…1100"]);
    expect(functions({ name: "f", value: 0x1000, size: 0x200, kind: "function" })).toEqual(["f: 1000…1100"]);
  });

  test("is a symbol that has a name, in what is executed, before its end", () => {
    expect(functions(
      { name: "", value: 0x1000 },
      { name: "in data", value: 0x1100, section: DATA, kind: "function" },
      { name: "nowhere", value: 0x1004, section: undefined },
      { name: "the end", value: 0x1100 },
      { name: "the last", value: 0x10fc },
      { name: "table", value: 0x1008, kind: "object" },
      { name: "other", value: 0x100c, kind: "other" },
    )).toEqual(["the last: 10fc…1100"]);
  });

  test("is no mark of the assembler's, no local label, and no label inside another that has a size", () => {
    expect(functions(
      { name: "f", value: 0x1000, size: 8, kind: "function" },
      { name: "at the start", value: 0x1000 },
      { name: "inside", value: 0x1004 },
      { name: "behind", value: 0x1008 },
      { name: "$x", value: 0x1010 },
      { name: ".Lloop", value: 0x1014 },
      { name: ".loop", value: 0x1018 },
      { name: "a$x", value: 0x101c },
      { name: "b.L", value: 0x1020 },
    )).toEqual(["f: 1000…1008", "behind: 1008…1018", ".loop: 1018…101c", "a$x: 101c…1020", "b.L: 1020…1100"]);
    expect(functions(
      { name: "f", value: 0x1000, size: 8, kind: "function" },
      { name: "g", value: 0x1004, size: 4, kind: "function" },
    )).toEqual(["f: 1000…1004", "g: 1004…1008"]);
  });

  test("of several names has that by which others know it, and is found by all of them", () => {
    const one = code([
      { name: "local", value: 0x1000 },
      { name: "known", value: 0x1000, global: true },
      { name: "typed", value: 0x1000, kind: "function" },
      { name: "next", value: 0x1004 },
    ]);
    expect(one.functions.map(({ name }) => name)).toEqual(["known", "next"]);
    for (const name of ["local", "known", "typed"]) expect(one.named(name)).toBe(one.functions[0]);
    expect(one.named("next")?.start).toBe(0x1004);
    expect(one.named("none")).toBeUndefined();
    expect(one.startingAt(0x1004)?.name).toBe("next");
    expect(one.startingAt(0x1008)).toBeUndefined();
  });

  test("begins at a whole instruction", () => {
    const odd = [{ name: "f", value: 0x1002 }];
    expect(() => code(odd)).toThrow(
      "function f at 0x1002, not a multiple of 4: the file is not a 64-bit little-endian AArch64 executable with a symbol table",
    );
    expect(code(odd, 2).functions).toHaveLength(1);
  });
});

test("an address is called by its function and how far in it is, or by its number", () => {
  const one = code([
    { name: "f", value: 0x1000, size: 8, kind: "function" },
    { name: "g", value: 0x1020, size: 8, kind: "function" },
  ]);
  expect([0x1000, 0x1004, 0x1007, 0x1008, 0x101f, 0x1020, 0x1027, 0x1028, 0xfff].map((at) => one.describe(at))).toEqual([
    "f", "f+0x4", "f+0x7", "0x1008", "0x101f", "g", "g+0x7", "0x1028", "0xfff",
  ]);
});

test("data is where an object lies in what is executed", () => {
  const one = code([
    { name: "table", value: 0x1010, size: 8, kind: "object" },
    { name: "data", value: 0x1100, size: 8, kind: "object", section: DATA },
    { name: "f", value: 0x1020, size: 8, kind: "function" },
    { name: "nowhere", value: 0x1040, size: 8, kind: "object", section: undefined },
  ]);
  const all = [0x100f, 0x1010, 0x1017, 0x1018, 0x1020, 0x1040, 0x1100];
  expect(all.filter((at) => one.isData(at)).map((at) => at.toString(16))).toEqual(["1010", "1017"]);
});

test("what the linker has moved out of a function is none itself", () => {
  const one = code([
    { name: "f", value: 0x1000, size: 8, kind: "function" },
    { name: "__CortexA53843419_1000", value: 0x1010, size: 8, kind: "function" },
    { name: "g", value: 0x1020, size: 8, kind: "function" },
  ]);
  expect(one.functions.map(({ name }) => name)).toEqual(["f", "g"]);
  const all = [0x1000, 0x100f, 0x1010, 0x1017, 0x1018, 0x1020];
  expect(all.filter((at) => one.isDetour(at)).map((at) => at.toString(16))).toEqual(["1010", "1017"]);
  expect(one.describe(0x1010)).toBe("0x1010");
});

test("the instructions of a function, as far as there are any without a gap", () => {
  const one = code([{ name: "f", value: 0x1000 }, { name: "g", value: 0x1008 }, { name: "h", value: 0x1010 }]);
  const inside = (name: string): string[] => {
    const found = one.named(name);
    return found === undefined ? [] : one.inside(found).map(({ address }) => address.toString(16));
  };
  expect([inside("f"), inside("g"), inside("h")]).toEqual([["1000", "1004"], ["1008"], ["1010"]]);
  expect(one.inside({ name: "none", start: 0x100c, end: 0x1014 })).toEqual([]);
  expect(one.all().map(({ address }) => address)).toEqual([0x1000, 0x1004, 0x1008, 0x1010]);
  expect(one.at(0x1004)?.address).toBe(0x1004);
  expect(one.at(0x100c)).toBeUndefined();
});

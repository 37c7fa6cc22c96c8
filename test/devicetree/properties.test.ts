// What properties hold, and how trees are written as source: each kind of value, and what is none.
import { describe, expect, test } from "vitest";
import { compileTree, decompileTree, DeviceTreeError } from "../../partitions/devicetree/compile.ts";
import { cells64, reg, unit, writeDts } from "../../partitions/devicetree/dts.ts";
import type { TreeNode } from "../../partitions/devicetree/dts.ts";
import { bytesOf, textOf } from "../../partitions/devicetree/board-tree/values.ts";
import { FdtError } from "../../partitions/devicetree/errors.ts";
import { readFdt, writeFdt } from "../../partitions/devicetree/fdt.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import {
  addressCells, cellOf, cellsOf, isCompatible, isOn, malformed, nodesFrom, numberOf, phandleOf, sizeCells, stringsOf,
} from "../../partitions/devicetree/properties.ts";
import { seedOffset } from "../../partitions/devicetree/seed.ts";
import { triggerOf } from "../../partitions/devicetree/trigger.ts";

const node = (properties: Readonly<Record<string, Uint8Array>>, children: readonly FdtNode[] = [], name = "x"): FdtNode =>
  ({ name, path: `/${name}`, properties: new Map(Object.entries(properties)), children });
const cells = (...values: number[]): FdtNode => node({ p: bytesOf(values) });
const said = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    if (error instanceof FdtError) return `${error.code} ${error.message}`;
    throw error;
  }
};
const BINDING = "a property of the device tree cannot be read as what its binding says: correct it in the tree's source";
const wrong = (why: string): string => `AXV-P164 \`p\` of /x ${why}: ${BINDING} [AXV-P164]`;

describe("numbers", () => {
  test("are cells, big endian, at any place in memory", () => {
    expect(cellsOf(cells(1, 0xfedc_ba98), "p")).toEqual([1, 0xfedc_ba98]);
    expect(cellsOf(node({ p: Uint8Array.of(9, 9, 9, 0, 0, 1, 2).subarray(3) }), "p")).toEqual([0x102]);
    expect([cellsOf(cells(), "p"), cellsOf(cells(1), "q")]).toEqual([[], []]);
    expect(said(() => cellsOf(node({ p: Uint8Array.of(1, 2, 3, 4, 5) }), "p"))).toBe(wrong("has 5 bytes, which are no cells"));
  });

  test("are one cell, or one or two that make a number", () => {
    expect([cellOf(cells(7), "p"), cellOf(cells(), "p"), cellOf(cells(7), "q")]).toEqual([7, undefined, undefined]);
    expect(said(() => cellOf(cells(1, 2, 3), "p"))).toBe(wrong("has 3 cells, and not one"));
    expect([numberOf(cells(7), "p"), numberOf(cells(2, 7), "p"), numberOf(cells(), "p"), numberOf(cells(0), "p")]).toEqual(
      [7, 2 * 2 ** 32 + 7, undefined, 0],
    );
    expect(said(() => numberOf(cells(1, 2, 3), "p"))).toBe(wrong("has 3 cells, and not one or two"));
  });

  test("of cells and phandles, as they are said, as they are without, and in Linux' own words", () => {
    const of = (properties: Record<string, number>): FdtNode =>
      node(Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, bytesOf([value])])));
    expect([addressCells(of({})), sizeCells(of({}))]).toEqual([2, 1]);
    const both = of({ "#address-cells": 3, "#size-cells": 0 });
    expect([addressCells(both), sizeCells(both)]).toEqual([3, 0]);
    expect([phandleOf(of({ phandle: 4, "linux,phandle": 5 })), phandleOf(of({ "linux,phandle": 5 })), phandleOf(of({}))]).toEqual(
      [4, 5, undefined],
    );
  });
});

describe("strings", () => {
  const strings = (...bytes: number[]): FdtNode => node({ p: Uint8Array.from(bytes) });

  test("end with a NUL each, and are UTF-8", () => {
    expect(stringsOf(node({ p: textOf("a", "", "bc") }), "p")).toEqual(["a", "", "bc"]);
    expect(stringsOf(node({ p: textOf("\u00e9\u4e2d") }), "p")).toEqual(["\u00e9\u4e2d"]);
    expect([stringsOf(strings(), "p"), stringsOf(strings(0), "p"), stringsOf(strings(0), "q")]).toEqual([[], [""], []]);
    expect(stringsOf(strings(0x7f, 0), "p")).toEqual(["\x7f"]);
    expect(said(() => stringsOf(strings(0x61), "p"))).toBe(wrong("does not end its last string"));
    expect(said(() => stringsOf(strings(0x61, 0xff, 0), "p"))).toBe(wrong("is no text"));
    expect(said(() => stringsOf(strings(0xe9, 0), "p"))).toBe(wrong("is no text"));
  });

  test("say what a node is compatible with, and whether it is on", () => {
    const of = (name: string, ...texts: string[]): FdtNode => node({ [name]: textOf(...texts) });
    expect(isCompatible(of("compatible", "a", "b"), "c", "b")).toBe(true);
    expect(isCompatible(of("compatible", "a", "b"), "c")).toBe(false);
    expect(isCompatible(of("compatible", "a"))).toBe(false);
    expect([node({}), of("status", "ok"), of("status", "okay"), of("status", "disabled"), of("status", "fail", "ok")].map(isOn))
      .toEqual([true, true, true, false, false]);
  });
});

test("nodes come before what is in them", () => {
  const tree = node({}, [node({}, [node({}, [], "c")], "b"), node({}, [], "d")], "a");
  expect(nodesFrom(tree).map(({ name }) => name)).toEqual(["a", "b", "c", "d"]);
});

test("what is malformed is told by node and property", () => {
  expect(malformed(node({}), "reg", "is odd")).toMatchObject({
    name: "FdtError", code: "AXV-P164", message: `\`reg\` of /x is odd: ${BINDING} [AXV-P164]`,
  });
});

describe("source", () => {
  const root = (properties: TreeNode["properties"], ...children: TreeNode[]): string =>
    writeDts({ name: "/", properties, children });

  test("has numbers below ten as they are, others in hexadecimal, flags without a value", () => {
    expect(root({ a: [0, 9, 10, 0xff], b: true, c: ["x", "y"], d: [] })).toBe(
      '/dts-v1/;\n\n/ {\n\ta = <0 9 0xa 0xff>;\n\tb;\n\tc = "x", "y";\n\td = <>;\n};\n',
    );
  });

  test("has nodes in nodes, an empty line before each", () => {
    const empty = (name: string): TreeNode => ({ name, properties: {} });
    expect(root({}, { name: "a", properties: { p: [1] }, children: [empty("b")] }, empty("c"))).toBe(
      "/dts-v1/;\n\n/ {\n\n\ta {\n\t\tp = <1>;\n\n\t\tb {\n\t\t};\n\t};\n\n\tc {\n\t};\n};\n",
    );
  });

  test("has texts that dtc reads back as they were", () => {
    const text = 'say "\\x"\tand\nmore\n\t""';
    const source = root({ a: [text] });
    expect(source).toContain('a = "say \\"\\\\x\\"\\tand\\nmore\\n\\t\\"\\"";');
    expect(stringsOf(readFdt(compileTree(source)).root, "a")).toEqual([text]);
    expect(decompileTree(compileTree(root({ a: ["b"] })))).toContain('a = "b";');
  });

  test("has addresses of two cells, and names with them", () => {
    expect(cells64(0x12_3456_789a)).toEqual([0x12, 0x3456_789a]);
    expect(reg(0x1_0000_0002, 0x3_0000_0004)).toEqual([1, 2, 3, 4]);
    expect([unit("cpu", 0), unit("memory", 0x8000_0000)]).toEqual(["cpu@0", "memory@80000000"]);
  });
});

test("dtc that is not there is told with how to have it", () => {
  const { PATH } = process.env;
  process.env["PATH"] = "";
  try {
    expect(() => compileTree("")).toThrow(DeviceTreeError);
    const remedy = "run tools/setup.sh, or install the package device-tree-compiler";
    expect(() => compileTree("")).toThrow(`the device tree compiler \`dtc\` does not start: ${remedy}`);
  } finally {
    process.env["PATH"] = PATH;
  }
  expect(() => compileTree("nonsense")).toThrow(expect.objectContaining({ name: "DeviceTreeError", code: "AXV-P081" }) as Error);
});

test("a seed is where /chosen has it, if it has one", () => {
  const tree = (children: readonly FdtNode[]): Uint8Array =>
    writeFdt({ root: { name: "", properties: new Map(), children }, reserved: [], bootCpu: 0 });
  const seeded = tree([node({}, [], "a"), node({ "rng-seed": Uint8Array.of(7, 7, 7, 7) }, [], "chosen")]);
  const offset = seedOffset(Buffer.concat([Buffer.alloc(8), seeded]).subarray(8)) ?? 0;
  expect(seeded.subarray(offset, offset + 4)).toEqual(Buffer.of(7, 7, 7, 7));
  expect(seedOffset(tree([node({ "rng-seed": Uint8Array.of(7) }, [], "other"), node({}, [], "chosen")]))).toBeUndefined();
  expect(seedOffset(tree([]))).toBeUndefined();
});

test("interrupts are edges by either flag of one, and else levels", () => {
  expect([0, 1, 2, 3, 4, 8, 5, 6].map(triggerOf)).toEqual(["level", "edge", "edge", "edge", "level", "level", "edge", "edge"]);
});

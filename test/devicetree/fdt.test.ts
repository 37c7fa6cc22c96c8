// Blobs that are read and written (Devicetree Specification v0.4, chapter 5), against dtc; and bytes that are none.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import { FdtError } from "../../partitions/devicetree/errors.ts";
import { readFdt, writeFdt } from "../../partitions/devicetree/fdt.ts";
import { cellsOf, nodesFrom, stringsOf } from "../../partitions/devicetree/properties.ts";

const GOLDEN = "test/partitions/golden/";
const SMALL = `/dts-v1/; /memreserve/ 0x80000000 0x10000; /memreserve/ 0x2000000000 0x1000;
  / { #address-cells = <2>; model = "a", "b"; x,address-cells = <1>; cells; empty = "";
      soc { a@1 { reg = <1>; odd = [01 02 03]; }; a@2 { status = "disabled"; }; }; };`;
const small = (): Buffer => Buffer.from(compileTree(SMALL));

describe("a blob", () => {
  test.each(["linux.dts", "gicv2-linux.dts", "old-linux.dts"])("of %s is written as dtc wrote it", (file) => {
    const blob = compileTree(readFileSync(`${GOLDEN}${file}`, "utf8"));
    expect(Buffer.compare(writeFdt(readFdt(blob)), blob)).toBe(0);
  });

  test("with reservations, names that are ends of others, and values of odd lengths is written as dtc wrote it", () => {
    expect(Buffer.compare(writeFdt(readFdt(small())), small())).toBe(0);
  });

  test("is a tree of nodes and their properties", () => {
    const { root, reserved, bootCpu } = readFdt(small());
    expect(nodesFrom(root).map(({ name, path }) => [name, path])).toEqual([
      ["", "/"],
      ["soc", "/soc"],
      ["a@1", "/soc/a@1"],
      ["a@2", "/soc/a@2"],
    ]);
    expect(reserved).toEqual([{ base: 0x8000_0000, size: 0x1_0000 }, { base: 0x20_0000_0000, size: 0x1000 }]);
    expect(bootCpu).toBe(0);
    expect([...root.properties.keys()]).toEqual(["#address-cells", "model", "x,address-cells", "cells", "empty"]);
    expect([stringsOf(root, "model"), stringsOf(root, "cells"), stringsOf(root, "empty"), stringsOf(root, "absent")]).toEqual([
      ["a", "b"],
      [],
      [""],
      [],
    ]);
    expect(cellsOf(root, "#address-cells")).toEqual([2]);
    expect(() => cellsOf(nodesFrom(root)[2] ?? root, "odd")).toThrow("`odd` of /soc/a@1 has 3 bytes, which are no cells");
    expect(() => stringsOf(root, "#address-cells")).toThrow("does not end its last string");
  });

  test("keeps reservations of no bytes, and from 0 on, up to the largest number there is", () => {
    const root = { name: "", path: "/", properties: new Map<string, Uint8Array>(), children: [] };
    const reserved = [
      { base: 0, size: 0x1000 }, { base: 0x8000_0000, size: 0 }, { base: 2 ** 52, size: Number.MAX_SAFE_INTEGER - 2 ** 52 },
    ];
    expect(readFdt(writeFdt({ root, reserved, bootCpu: 3 }))).toEqual({ root, reserved, bootCpu: 3 });
    const beyond = [{ base: 2 ** 52, size: Number.MAX_SAFE_INTEGER - 2 ** 52 + 1 }];
    expect(() => readFdt(writeFdt({ root, reserved: beyond, bootCpu: 0 }))).toThrow("at byte 40, a /memreserve/ is beyond all " +
      "memory");
  });

  test("begins its block of strings as it is asked to, and writes no name twice", () => {
    const properties = new Map([["reg", Uint8Array.of(1)], ["a", new Uint8Array()]]);
    const root = { name: "", path: "/", properties, children: [{ name: "b", path: "/b", properties, children: [] }] };
    const strings = (first?: readonly string[]): string => {
      const blob = Buffer.from(writeFdt({ root, reserved: [], bootCpu: 0 }, first));
      return blob.toString("latin1", blob.readUInt32BE(12)).replaceAll("\0", " ");
    };
    expect([strings(), strings(["a", "x-a"]), strings(["x-a"])]).toEqual(["reg a ", "a x-a reg ", "x-a reg "]);
  });

  test("may have as many bytes as Linux takes, and no more", () => {
    const sized = (bytes: number): Buffer => {
      const blob = Buffer.concat([small(), Buffer.alloc(bytes - small().length)]);
      blob.writeUInt32BE(bytes, 4);
      return blob;
    };
    expect(readFdt(sized(2 ** 21)).root.children).toHaveLength(1);
    expect(() => readFdt(sized(2 ** 21 + 1))).toThrow("2097153 bytes, more than 2097152: the device tree blob is larger than " +
      "any");
  });

  test("may be followed by anything, and stand anywhere", () => {
    const room = Buffer.concat([Buffer.alloc(3), small(), Buffer.from("more")]);
    expect(readFdt(room.subarray(3))).toEqual(readFdt(small()));
  });
});

/** A blob in which words, at offsets into the header, are others. */
function changed(...words: readonly (readonly [number, number])[]): Buffer {
  const bytes = small();
  for (const [at, value] of words) bytes.writeUInt32BE(value, at);
  return bytes;
}
const TOTAL = 4;
const STRUCTURE = 8;
const STRINGS = 12;
const RESERVATIONS = 16;
const VERSION = 20;
const LAST_COMPATIBLE = 24;
const STRINGS_SIZE = 32;
const STRUCTURE_SIZE = 36;
const at = (field: number): number => small().readUInt32BE(field);

/** Tokens in place of the structure; a blob of its own. */
function structured(...tokens: readonly (number | string)[]): Buffer {
  const structure = Buffer.concat(
    tokens.map((token) => {
      if (typeof token === "string") return Buffer.from(token.padEnd(Math.ceil((token.length + 1) / 4) * 4, "\0"), "latin1");
      const word = Buffer.alloc(4);
      word.writeUInt32BE(token);
      return word;
    }),
  );
  const strings = Buffer.from(`a\0${"n".repeat(200)}\0bad name\0`);
  const header = Buffer.alloc(56);
  const total = header.length + structure.length + strings.length;
  for (const [index, word] of [
    0xd00d_feed, total, header.length, header.length + structure.length, 40, 17, 16, 0, strings.length, structure.length,
  ].entries())
    header.writeUInt32BE(word, index * 4);
  return Buffer.concat([header, structure, strings]);
}
const BEGIN = 1;
const END_NODE = 2;
const PROPERTY = 3;
const NOP = 4;
const END = 9;
const deep = (levels: number): (number | string)[] => [
  BEGIN, "", ...Array.from({ length: levels - 1 }, () => [BEGIN, "n"]).flat(), ...new Array<number>(levels).fill(END_NODE), END,
];
const wide = (count: number): (number | string)[] => [
  BEGIN, "", ...Array.from({ length: count - 1 }, (_, n) => [BEGIN, `n${n}`, END_NODE]).flat(), END_NODE, END,
];

const WRONG: readonly (readonly [string, Uint8Array, string, string])[] = [
  ["nothing", Buffer.alloc(0), "AXV-P160", "of 0 bytes"],
  ["text", Buffer.from("/dts-v1/; / { };"), "AXV-P160", "of 16 bytes"],
  ["a header that is cut off", small().subarray(0, 39), "AXV-P161", "39 bytes are no whole header"],
  ["a blob that is cut off", small().subarray(0, -1), "AXV-P161", `${at(TOTAL) - 1} of ${at(TOTAL)} bytes are there`],
  ["a total size of no header", changed([TOTAL, 40]), "AXV-P162", "a structure of"],
  ["a huge one", changed([TOTAL, 2 ** 32 - 1]), "AXV-P163", "4294967295 bytes, more than 2097152"],
  ["version 16", changed([VERSION, 16]), "AXV-P162", "its version is 16, and not 17"],
  ["a later version that cannot be read as 17", changed([VERSION, 18], [LAST_COMPATIBLE, 18]), "AXV-P162", "its version is 18"],
  ["a structure beyond it", changed([STRUCTURE, 2 ** 32 - 4]), "AXV-P162", "a structure of"],
  ["a structure in its header", changed([STRUCTURE, 36]), "AXV-P162", "at byte 36, a structure"],
  ["a structure that is not aligned", changed([STRUCTURE, at(STRUCTURE) + 2]), "AXV-P162", "a structure of"],
  ["a structure of a huge size", changed([STRUCTURE_SIZE, 2 ** 32 - 1]), "AXV-P162", "a structure of 4294967295 bytes"],
  ["a structure without an end", changed([STRUCTURE_SIZE, at(STRUCTURE_SIZE) - 4]), "AXV-P162", "the structure has no end"],
  ["a structure that begins at its end", changed([STRUCTURE, at(STRUCTURE) + at(STRUCTURE_SIZE) - 4], [STRUCTURE_SIZE, 4]),
    "AXV-P162", "the root should begin"],
  ["strings beyond it", changed([STRINGS, at(TOTAL)]), "AXV-P162", "a block of strings of"],
  ["strings that are too few", changed([STRINGS_SIZE, 3]), "AXV-P162", "a name does not end"],
  ["strings that are its structure: a circle", changed([STRINGS, at(STRUCTURE)]), "AXV-P162",
    "the name of a property cannot be this"],
  ["reservations in its header", changed([RESERVATIONS, 0]), "AXV-P162", "at byte 0, the list of /memreserve/ has no end"],
  ["reservations without an end", changed([RESERVATIONS, at(TOTAL) - 8]), "AXV-P162", "the list of /memreserve/ has no end"],
  ["a reservation beyond all memory", changed([40, 2 ** 31]), "AXV-P162", "a /memreserve/ is beyond all memory"],
  ["no END_NODE", structured(BEGIN, "", END), "AXV-P162", "0x00000009 is no token"],
  ["two roots", structured(BEGIN, "", END_NODE, BEGIN, "", END_NODE, END), "AXV-P162", "the end of the structure should be"],
  ["a root with a name", structured(BEGIN, "root", END_NODE, END), "AXV-P162", "the name of a node cannot be this"],
  ["a node without a name", structured(BEGIN, "", BEGIN, "", END_NODE, END_NODE, END), "AXV-P162", "the name of a node"],
  ["a name with a /", structured(BEGIN, "", BEGIN, "a/b", END_NODE, END_NODE, END), "AXV-P162", "the name of a node"],
  ["a name for a terminal", structured(BEGIN, "", BEGIN, "a\x1b[2J", END_NODE, END_NODE, END), "AXV-P162", "the name of a node"],
  ["a long name", structured(BEGIN, "", BEGIN, "n".repeat(128), END_NODE, END_NODE, END), "AXV-P162", "after 127 characters"],
  ["a node twice", structured(BEGIN, "", BEGIN, "a", END_NODE, BEGIN, "a", END_NODE, END_NODE, END), "AXV-P162",
    "/a is there twice"],
  ["a property twice", structured(BEGIN, "", PROPERTY, 0, 0, PROPERTY, 0, 0, END_NODE, END), "AXV-P162", "/ has `a` twice"],
  ["a property longer than all", structured(BEGIN, "", PROPERTY, 2 ** 32 - 1, 0, END_NODE, END), "AXV-P162",
    "4294967295 bytes reach beyond"],
  ["a property with a long name", structured(BEGIN, "", PROPERTY, 0, 2, END_NODE, END), "AXV-P162", "after 127 characters"],
  ["a property whose name is none", structured(BEGIN, "", PROPERTY, 0, 203, END_NODE, END), "AXV-P162",
    "the name of a property"],
  ["a property whose name is beyond all", structured(BEGIN, "", PROPERTY, 0, 2 ** 31, END_NODE, END), "AXV-P162",
    "a name does not end"],
  ["33 levels", structured(...deep(33)), "AXV-P162", "nodes are more than 32 deep"],
  ["16,385 nodes", structured(...wide(2 ** 14 + 1)), "AXV-P162", "there are more than 16384 nodes"],
];

describe("bytes that are no tree are refused with a reason and a remedy", () => {
  test("in whole sentences", () => {
    const said = (bytes: Uint8Array): unknown => {
      try {
        return readFdt(bytes);
      } catch (error) {
        return error instanceof Error ? error.message : error;
      }
    };
    expect([Buffer.alloc(3), Buffer.alloc(39), small().subarray(0, 39)].map(said)).toEqual([
      "of 3 bytes: this is no device tree blob: it does not begin with 0xd00dfeed. Give a .dtb file (dtc -I dts -O dtb makes " +
        "one) [AXV-P160]",
      "of 39 bytes: this is no device tree blob: it does not begin with 0xd00dfeed. Give a .dtb file (dtc -I dts -O dtb makes " +
        "one) [AXV-P160]",
      "39 bytes are no whole header: the device tree blob is cut off: copy it again, whole [AXV-P161]",
    ]);
    const damaged = (at: number, what: string): string =>
      `at byte ${at}, ${what}: the device tree blob is damaged: take it from its maker again, or let dtc write it anew ` +
        "[AXV-P162]";
    const wrong = [structured(END), structured(BEGIN, "", 7), structured(BEGIN, "", END_NODE, NOP, 7), structured(...deep(33))];
    expect(wrong.map(said)).toEqual([
      damaged(56, "the root should begin"), damaged(64, "0x00000007 is no token"),
      damaged(72, "the end of the structure should be"), damaged(56 + 2 * 4 + 31 * 8 + 4, "nodes are more than 32 deep"),
    ]);
    expect(said(changed([VERSION, 18], [LAST_COMPATIBLE, 17]))).toMatchObject({ bootCpu: 0 });
  });

  test.each(WRONG)("%s", (_, bytes, code, words) => {
    let refusal: unknown;
    try {
      readFdt(bytes);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(FdtError);
    expect(refusal).toMatchObject({ code, message: expect.stringContaining(words) as string });
  });

  test("what is just within the limits is read", () => {
    expect(nodesFrom(readFdt(structured(...deep(32))).root)).toHaveLength(32);
    expect(nodesFrom(readFdt(structured(...wide(2 ** 14))).root)).toHaveLength(2 ** 14);
    expect(readFdt(structured(NOP, BEGIN, "", NOP, BEGIN, "n".repeat(127), END_NODE, NOP, END_NODE, NOP, END)).root.children)
      .toHaveLength(1);
  });
});

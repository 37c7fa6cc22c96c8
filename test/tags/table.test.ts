// What is made of tags as they are written: types, places, addresses, the register map. partitions/tags/.
import { describe, expect, test } from "vitest";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { assign, formatLock, keyOf, NO_LOCK, parseLock, type Lock } from "../../partitions/tags/lock.ts";
import { guestTagName, guestTagRegister, registerMap } from "../../partitions/tags/registers.ts";
import { Tag as WrittenTag } from "../../partitions/tags/schema.ts";
import {
  channelBytes, cName, isBit, layoutSum, layoutText, leaves, placeInImage, registersOf, ringsAt, type Tag, type WantedTag,
} from "../../partitions/tags/table.ts";
import { alignmentOf, boundsOf, bytesOf, formatType, isNumeric, parseType } from "../../partitions/tags/type.ts";
import { readWhole } from "../../partitions/source/fields.ts";

describe("types", () => {
  const F32 = 3.4028234663852886e38;
  test.each<[string, number, number, number, boolean, readonly [number, number] | undefined]>([
    // bytes, aligned to, registers, is it a number, from where to where
    ["bool", 1, 1, 1, false, undefined],
    ["bool[9]", 9, 1, 9, false, undefined],
    ["i8", 1, 1, 1, true, [-128, 127]],
    ["u8", 1, 1, 1, true, [0, 255]],
    ["i16", 2, 2, 1, true, [-32768, 32767]],
    ["u16", 2, 2, 1, true, [0, 65535]],
    ["i32", 4, 4, 2, true, [-(2 ** 31), 2 ** 31 - 1]],
    ["u32", 4, 4, 2, true, [0, 2 ** 32 - 1]],
    ["i64", 8, 8, 4, true, [-(2 ** 63), 2 ** 63 - 1]],
    ["u64", 8, 8, 4, true, [0, 2 ** 64 - 1]],
    ["f32", 4, 4, 2, true, [-F32, F32]],
    ["f64", 8, 8, 4, true, [-Number.MAX_VALUE, Number.MAX_VALUE]],
    ["u8[3]", 3, 1, 3, true, [0, 255]],
    ["f64[2]", 16, 8, 8, true, [-Number.MAX_VALUE, Number.MAX_VALUE]],
    ["string[1]", 4, 4, 1, false, undefined],
    ["string[3]", 4, 4, 2, false, undefined],
    ["string[4]", 8, 4, 2, false, undefined],
    ["string[255]", 256, 4, 128, false, undefined],
  ])("%s", (text, bytes, alignment, registers, numeric, bounds) => {
    const type = parseType(text);
    expect([bytesOf(type), alignmentOf(type), registersOf(type), isNumeric(type), boundsOf(type), isBit(type)]).toEqual([
      bytes, alignment, registers, numeric, bounds, text.startsWith("bool"),
    ]);
    expect(formatType(type)).toBe(text);
  });
});

const tag = (name: string, type: string, more: Partial<WantedTag> = {}): WantedTag => ({
  partition: "plc", name, type: parseType(type), unit: undefined, range: undefined, writable: false, description: undefined,
  deadband: 0, clients: undefined, register: undefined, path: [], ...more,
});

describe("as they are written", () => {
  test("a tag is itself; a structure is its fields, which share what it says", () => {
    const written = [
      { name: "A", type: "i32", access: "ro" as const },
      {
        name: "Tank", type: { Level: "f32", Full: "bool" }, unit: "°C", range: [0, 9] as [number, number], access: "rw" as const,
        description: "a tank", deadband: 0.5, clients: ["10.0.0.1"], register: 7,
      },
    ];
    const shared = {
      partition: "plc", unit: "°C", range: [0, 9], writable: true, description: "a tank", deadband: 0.5, clients: ["10.0.0.1"],
      register: 7,
    };
    expect(leaves(written, "plc", ["partitions", "plc"])).toEqual([
      tag("A", "i32", { path: ["partitions", "plc", "tags", 0] }),
      { ...shared, name: "Tank.Level", type: parseType("f32"), path: ["partitions", "plc", "tags", 1, "type", "Level"] },
      { ...shared, name: "Tank.Full", type: parseType("bool"), path: ["partitions", "plc", "tags", 1, "type", "Full"] },
    ]);
    expect(cName("Tank.In.Level")).toBe("Tank_In_Level");
  });

  const told = (text: string): string[] => {
    const source = new YamlSource("a.yaml", text);
    const findings = new Findings(source);
    readWhole(WrittenTag, source.value, findings);
    return findings.sorted.map(({ message, remedy }) => `${message}: ${remedy}`);
  };
  const TYPE =
    "a type: bool, i8…i64, u8…u64, f32, f64, an array such as f32[8] (at most 1024), string[16] (at most 255)";
  const NAME = 'a name such as Tank.Level, of at most 64 of A-Z, a-z, 0-9, "_" and ".", the first one a letter or "_"';
  const STRUCTURE = `${TYPE}; or a structure: { Speed: f32, Count: u16 }`;
  const CLIENTS = "a list of addresses, such as [192.168.1.10, 192.168.2.0/24], at most 64";
  const CLIENT = "an address such as 192.168.1.10, or a network such as 192.168.1.0/24";

  test.each<[string, string[]]>([
    [`{ name: ${"x".repeat(64)}, type: bool }`, []],
    ["{ name: _A.b_9, type: bool }", []],
    ["{ name: A, type: 'bool[1024]' }", []],
    ["{ name: A, type: 'string[255]' }", []],
    ["{ name: A, type: { x: u8 } }", []],
    [`{ name: A, type: { ${Array.from({ length: 64 }, (_, n) => `f${n}: u8`).join(", ")} } }`, []],
    [`{ name: A, type: bool, unit: "${"é".repeat(16)}", description: "${"x".repeat(200)}", deadband: 0, register: 59999 }`, []],
    ["{ name: A, type: bool, clients: ['::1', '10.0.0.0/8'], register: 0, range: [-1, 1.5], access: rw }", []],
    [`{ name: ${"x".repeat(65)}, type: bool }`, [`name cannot be "${"x".repeat(65)}": write ${NAME}`]],
    ["{ name: 9A, type: bool }", [`name cannot be "9A": write ${NAME}`]],
    ["{ name: A-b, type: bool }", [`name cannot be "A-b": write ${NAME}`]],
    ["{ name: 5, type: bool }", [`name cannot be 5: write ${NAME}`]],
    ["{ name: A, type: int }", [`type cannot be "int": write ${TYPE}`]],
    ["{ name: A, type: 'bool[1025]' }", [`type cannot be "bool[1025]": write ${TYPE}`]],
    ["{ name: A, type: 'string[0]' }", [`type cannot be "string[0]": write ${TYPE}`]],
    ["{ name: A, type: 'string[256]' }", [`type cannot be "string[256]": write ${TYPE}`]],
    ["{ name: A, type: string }", [`type cannot be "string": write ${TYPE}`]],
    ["{ name: A, type: xi8 }", [`type cannot be "xi8": write ${TYPE}`]],
    ["{ name: A, type: i8x }", [`type cannot be "i8x": write ${TYPE}`]],
    ["{ name: A, type: 5 }", [`type cannot be 5: write ${STRUCTURE}`]],
    ["{ name: A, type: {} }", [`type cannot be empty: write ${STRUCTURE}`]],
    ["{ name: A, type: { x: y } }", [`type.x cannot be "y": write ${TYPE}`]],
    ["{ name: A, type: bool, unit: '' }", ['unit cannot be "": write a unit such as °C, of at most 16 characters']],
    [`{ name: A, type: bool, unit: ${"x".repeat(17)} }`,
      [`unit cannot be "${"x".repeat(17)}": write a unit such as °C, of at most 16 characters`]],
    ["{ name: A, type: bool, range: [1] }",
      ["range cannot be a list of 1: write [least, greatest], such as [0, 100]: at least 2"]],
    ["{ name: A, type: bool, range: [a, 1] }", ['range[0] cannot be "a": write [least, greatest], such as [0, 100]']],
    ["{ name: A, type: bool, range: 5 }", ["range cannot be 5: write [least, greatest], such as [0, 100]"]],
    ["{ name: A, type: bool, access: w }", ['access cannot be "w": write ro or rw']],
    ["{ name: A, type: bool, description: '' }", ['description cannot be "": write one line of at most 200 characters']],
    ["{ name: A, type: bool, deadband: -0.5 }", ["deadband cannot be -0.5: write a number from 0, such as 0.5"]],
    ["{ name: A, type: bool, deadband: a }", ['deadband cannot be "a": write a number from 0, such as 0.5']],
    ["{ name: A, type: bool, clients: [] }", [`clients cannot be a list of 0: write ${CLIENTS}: at least 1`]],
    ["{ name: A, type: bool, clients: a }", [`clients cannot be "a": write ${CLIENTS}`]],
    [`{ name: A, type: bool, clients: [${"'::1', ".repeat(65)}] }`, [`clients cannot be a list of 65: write ${CLIENTS}`]],
    ["{ name: A, type: bool, clients: [host] }", [`clients[0] cannot be "host": write ${CLIENT}`]],
    ["{ name: A, type: bool, clients: [10.0.0.0/1234] }", [`clients[0] cannot be "10.0.0.0/1234": write ${CLIENT}`]],
    ["{ name: A, type: bool, register: -1 }", ["register cannot be -1: write a register from 0 to 59999"]],
    ["{ name: A, type: bool, register: 60000 }", ["register cannot be 60000: write a register from 0 to 59999"]],
    ["{ name: A, type: bool, register: 1.5 }", ["register cannot be 1.5: write a register from 0 to 59999"]],
    ["{ name: A, type: bool, unti: 1 }",
      ['"unti" is no key of the file: write one of: name, type, unit, range, access, description, deadband, clients, register']],
  ])("%.60s", (text, expected) => expect(told(text)).toEqual(expected));
});

describe("places in the image", () => {
  const placed = (...types: string[]): unknown => placeInImage(types.map((type, at) => tag(`T${at}`, type)));

  test("in their order, each at a multiple of what it consists of; the whole in words", () => {
    expect(placed()).toEqual({ offsets: [], size: 64 });
    expect(placed("bool")).toEqual({ offsets: [64], size: 72 });
    expect(placed("bool", "u16", "bool", "f64", "string[5]")).toEqual({ offsets: [64, 66, 68, 72, 80], size: 88 });
  });

  test("one that fits into a piece that is sent at once is not cut; one that does not begins where it is its turn", () => {
    const piece = pieceBytes();
    const filler = `u8[${piece - 4}]`;
    expect(placed(filler, "f64[2]")).toEqual({ offsets: [64, 64 + piece], size: 64 + piece + 16 });
    expect(placed(filler, "u8[4]")).toEqual({ offsets: [64, 64 + piece - 4], size: 64 + piece });
    expect(placed(filler, "u8[5]")).toEqual({ offsets: [64, 64 + piece], size: 64 + piece + 8 });
    expect(placed("bool", `u8[${piece}]`)).toEqual({ offsets: [64, 64 + piece], size: 64 + 2 * piece });
    expect(placed("bool", `u8[${piece + 1}]`)).toEqual({ offsets: [64, 65], size: 64 + piece + 8 });
  });

  /** Of two lists of bytes that together are more than a piece, the second begins with the next one. */
  function pieceBytes(): number {
    const { offsets } = placeInImage([tag("A", "bool"), tag("B", "u64")]);
    expect(offsets).toEqual([64, 72]);
    for (let words = 2; ; words += 1) {
      const { offsets: [, second = 0] } = placeInImage([tag("A", `u8[${words * 8 - 1}]`), tag("B", "u8[2]")]);
      if (second === 64 + words * 8) return words * 8;
    }
  }

  test("where others may write, rings stand behind it", () => {
    const image = (size: number, ...writable: boolean[]) => ({ size, tags: writable.map((each) => ({ writable: each })) });
    expect([ringsAt(image(72)), ringsAt(image(72, false)), channelBytes(image(72, false))]).toEqual([undefined, undefined, 72]);
    const rings = ringsAt(image(72, false, true)) ?? 0;
    expect([rings >= 72, rings % 64, ringsAt(image(rings, true))]).toEqual([true, 0, rings]);
    expect(channelBytes(image(72, true))).toBeGreaterThan(rings);
    const next = image(rings + 1, true);
    expect(channelBytes(next) - channelBytes(image(72, true)), "which are always as large").toBe((ringsAt(next) ?? 0) - rings);
  });

  test("a table as text, and its sum, by which two know that they mean the same", () => {
    const of = (...tags: Tag[]) => ({ partition: "plc", size: 0, tags });
    const a: Tag = { ...tag("A", "i32"), register: 0, alias: 1, offset: 64 };
    const b: Tag = { ...tag("B", "string[5]"), register: 2, alias: 2, offset: 68 };
    expect(layoutText(of(a, b))).toBe("A i32 64\nB string[5] 68\n");
    expect(layoutSum(of(a))).toBe(0x4a9c_da9a);
    expect(layoutSum(of(b, a))).not.toBe(layoutSum(of(a, b)));
  });
});

describe("addresses", () => {
  const given = (tags: readonly WantedTag[], lock = NO_LOCK, partitions = ["plc"]) => assign(partitions, tags, lock);
  const registers = (tags: readonly WantedTag[], lock?: Lock): (number | undefined)[] => {
    const { addresses } = given(tags, lock);
    return tags.map((each) => addresses.get(keyOf(each))?.register);
  };

  test("registers and bits are counted each by itself, aliases together", () => {
    const all = [tag("A", "i32"), tag("B", "bool[3]"), tag("C", "u8")];
    const { addresses, lock, added, moved, overlapping, homeless } = given(all);
    expect([...addresses]).toEqual([
      ["plc.A", { register: 0, alias: 1 }],
      ["plc.B", { register: 0, alias: 2 }],
      ["plc.C", { register: 2, alias: 3 }],
    ]);
    expect([added, moved, overlapping, homeless]).toEqual([3, [], [], []]);
    expect(lock.next).toEqual({ register: 3, bit: 3, alias: 4 });
  });

  test("those that the file gives go first, and the others around them", () => {
    const all = [tag("A", "u16"), tag("B", "i32", { register: 1 }), tag("C", "u16"), tag("D", "i32")];
    expect(registers(all)).toEqual([0, 1, 3, 4]);
    expect(registers([tag("A", "i32"), tag("B", "u16", { register: 1 })])).toEqual([2, 1]);
    expect(registers([tag("A", "i32"), tag("B", "bool", { register: 0 })])).toEqual([0, 0]);
    expect(given([tag("B", "u16", { register: 9 })]).lock.next).toEqual({ register: 10, bit: 0, alias: 2 });
    expect(given([tag("B", "bool[4]", { register: 9 })]).lock.next).toEqual({ register: 0, bit: 13, alias: 2 });
  });

  const { lock } = given([tag("A", "i32"), tag("B", "u16"), tag("C", "bool")]);

  test("what the lock has stays, also of another type of the same room; one of another room moves behind all", () => {
    expect(registers([tag("C", "bool"), tag("B", "i8"), tag("A", "f32")], lock)).toEqual([0, 2, 0]);
    const grown = given([tag("A", "i32"), tag("B", "u64")], lock);
    expect(grown.addresses.get("plc.B")).toEqual({ register: 3, alias: 2 });
    expect(grown.moved).toEqual([{ tag: tag("B", "u64"), from: 2, to: 3 }]);
    expect(grown.lock.tags.get("plc.B")).toEqual({ type: "u64", register: 3, alias: 2 });
    const bit = given([tag("B", "bool")], lock);
    expect([bit.addresses.get("plc.B"), bit.added]).toEqual([{ register: 1, alias: 2 }, 0]);
    expect(bit.moved).toEqual([{ tag: tag("B", "bool"), from: 2, to: 1 }]);
  });

  test("what the file gives goes before the lock; what is gone keeps its own", () => {
    const moved = given([tag("A", "i32", { register: 40 })], lock);
    expect([moved.addresses.get("plc.A"), moved.moved[0]?.to]).toEqual([{ register: 40, alias: 1 }, 40]);
    const gone = given([tag("New", "u16")], lock);
    expect(gone.addresses.get("plc.New")).toEqual({ register: 3, alias: 4 });
    expect([...gone.lock.tags.keys()]).toEqual(["plc.A", "plc.B", "plc.C", "plc.New"]);
  });

  test.each<[string, readonly WantedTag[], Lock, readonly (readonly [string, string])[]]>([
    ["two that the file gives", [tag("A", "i32", { register: 4 }), tag("B", "u16", { register: 5 })], NO_LOCK, [["B", "plc.A"]]],
    ["two that only touch", [tag("A", "i32", { register: 4 }), tag("B", "u16", { register: 6 })], NO_LOCK, []],
    ["a register and a bit", [tag("A", "i32", { register: 4 }), tag("B", "bool", { register: 4 })], NO_LOCK, []],
    ["one that is gone", [tag("New", "u16", { register: 1 })], lock, [["New", "plc.A"]]],
    ["one that is gone, and begins later", [tag("New", "u64", { register: 0 })],
      { ...lock, tags: new Map([["plc.Old", { type: "u16", register: 3, alias: 1 }]]) }, [["New", "plc.Old"]]],
    ["a wide one and two in it",
      [tag("A", "u64", { register: 0 }), tag("B", "u16", { register: 1 }), tag("C", "u16", { register: 3 })], NO_LOCK,
      [["B", "plc.A"], ["C", "plc.A"]]],
    ["two that are gone", [], { ...lock, tags: new Map(["X", "Y"].map((name, at) => [
      `plc.${name}`, { type: "u16", register: 0, alias: at + 1 },
    ])) }, []],
  ])("that overlap: %s", (_, tags, with_, expected) => {
    expect(given(tags, with_).overlapping.map(({ tag: { name }, owner }) => [name, owner])).toEqual(expected);
  });

  test("up to the last register there is, and no further", () => {
    const at = (register: number, bit = 0): Lock => ({ ...NO_LOCK, next: { register, bit, alias: 1 } });
    expect(registers([tag("A", "i32")], at(59_998))).toEqual([59_998]);
    const full = given([tag("A", "i32"), tag("B", "u16"), tag("C", "bool")], at(59_999));
    expect(full.homeless.map(({ name }) => name)).toEqual(["A"]);
    expect([...full.addresses]).toEqual([["plc.B", { register: 59_999, alias: 1 }], ["plc.C", { register: 0, alias: 2 }]]);
    expect(given([tag("C", "bool[2]")], at(0, 59_999)).homeless).toHaveLength(1);
  });

  test("slots: kept, then those that nobody has had, then those of partitions that are gone", () => {
    const slots = (partitions: string[], had: Readonly<Record<string, number>>): unknown =>
      Object.fromEntries(assign(partitions, [], { ...NO_LOCK, partitions: new Map(Object.entries(had)) }).slots);
    expect(slots(["a", "b"], {})).toEqual({ a: 0, b: 1 });
    expect(slots(["b", "new"], { a: 0, b: 1 })).toEqual({ b: 1, new: 2 });
    const had = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`old${at}`, at]));
    expect(slots(["old3", "new", "other"], had)).toEqual({ old3: 3, new: 0, other: 1 });
  });

  test("a lock is written in the order of its names, and read as it was", () => {
    const written = formatLock({
      next: { register: 5, bit: 6, alias: 7 },
      partitions: new Map([["b", 1], ["a", 0]]),
      tags: new Map([["plc.B", { type: "u16", register: 1, alias: 2 }], ["plc.A", { type: "bool", register: 0, alias: 1 }]]),
    });
    expect(written).toBe(`{
  "version": 1,
  "next": {
    "register": 5,
    "bit": 6,
    "alias": 7
  },
  "partitions": {
    "a": 0,
    "b": 1
  },
  "tags": {
    "plc.A": {
      "type": "bool",
      "register": 0,
      "alias": 1
    },
    "plc.B": {
      "type": "u16",
      "register": 1,
      "alias": 2
    }
  }
}
`);
    expect(parseLock(written)).toEqual({
      next: { register: 5, bit: 6, alias: 7 },
      partitions: new Map([["a", 0], ["b", 1]]),
      tags: new Map([["plc.A", { type: "bool", register: 0, alias: 1 }], ["plc.B", { type: "u16", register: 1, alias: 2 }]]),
    });
  });
});

describe("the register map", () => {
  test("has all, bits first, each with what is told of it", () => {
    const a: Tag = {
      ...tag("A", "i32", { unit: "°C", range: [-1, 9], writable: true, description: "a tag" }), register: 5, alias: 1, offset: 64,
    };
    const bit: Tag = { ...tag("Bit", "bool[2]"), register: 7, alias: 2, offset: 68 };
    const early: Tag = { ...tag("Early", "u16"), register: 2, alias: 3, offset: 70 };
    const rows = registerMap([{ partition: "plc", size: 72, tags: [a, bit, early] }], [
      { name: "plc", slot: 1, guestTags: [{ name: "jitter max", unit: "ns" }, { name: "scans", unit: "count" }] },
    ]);
    const line = ({ kind, first, count, name, type, writable, unit, range, meaning }: (typeof rows)[number]): string =>
      [kind, first, count, name, type, writable ? "rw" : "ro", unit, range, meaning].join("|");
    expect(rows.map(line)).toEqual([
      "bits|7|2|plc.Bit|bool[2]|ro|||",
      "registers|2|1|plc.Early|u16|ro|||",
      "registers|5|2|plc.A|i32|rw|°C|-1…9|a tag",
      "registers|60000|1|test.u16|u16|ro|||always 0x0102",
      "registers|60001|2|test.u32|u32|ro|||always 0x01020304",
      "registers|60003|4|test.u64|u64|ro|||always 0x0102030405060708",
      "registers|60007|2|test.f32|f32|ro|||always 123.5",
      "registers|60200|1|plc.state|u16|ro|||0 off, 1 running, 2 stopping, 3 failed, 4 inspect, 5 paused",
      "registers|60201|1|plc.quality|u16|ro|||of all its values: 0 good, 1 uncertain (old), 2 bad",
      "registers|60202|2|plc.age|u32|ro|ms||since it was last heard of; 4,294,967,295: never",
      "registers|60204|2|plc.uptime|u32|ro|s||since its last start",
      "registers|60206|2|plc.restarts|u32|ro|||times that it has started again",
      "registers|60208|2|plc.watchdog_expired|u32|ro|||times that its watchdog has expired",
      "registers|60210|2|plc.console_dropped|u32|ro|||characters of its console that were lost",
      "registers|61200|4|plc.guest.jitter_max|u64|ro|ns||jitter max",
      "registers|61204|4|plc.guest.scans|u64|ro|||scans",
    ]);
  });

  test("a guest's own values are called so that every protocol takes it", () => {
    expect(guestTagName("plc", "jitter  max (µs)")).toBe("plc.guest.jitter_max_s_");
    expect([guestTagRegister(0, 0), guestTagRegister(1, 2)]).toEqual([61_000, 61_208]);
  });
});

// The lock keeps addresses: whatever is added, taken out or put in another order, no tag that stays
// moves, and none gets what was another's.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assign, formatLock, keyOf, lockPath, NO_LOCK, parseLock } from "../../partitions/tags/lock.ts";
import { isBit, registersOf } from "../../partitions/tags/table.ts";
import type { WantedTag } from "../../partitions/tags/table.ts";
import { formatType, parseType } from "../../partitions/tags/type.ts";
import { planned } from "./tables.ts";

const wanted = (name: string, type: string): WantedTag => ({
  partition: "plc",
  name,
  type: parseType(type),
  unit: undefined,
  range: undefined,
  writable: false,
  description: undefined,
  deadband: 0,
  clients: undefined,
  register: undefined,
  path: [],
});

const TYPES = ["bool", "bool[9]", "i8", "u16", "i32", "f32[3]", "u64", "string[5]"];
const tables = fc.uniqueArray(fc.record({ name: fc.constantFrom(..."ABCDEFGHIJ"), type: fc.constantFrom(...TYPES) }), {
  selector: ({ name }) => name,
  maxLength: 10,
});

test("no tag that stays as it is ever moves, and none ever gets a register or alias that another had, over any history", () => {
  fc.assert(
    fc.property(fc.array(tables, { minLength: 1, maxLength: 6 }), (history) => {
      let lock = NO_LOCK;
      const owners = new Map<string, string>(); // "bits 3" → the tag, with its type, that has had it
      for (const table of history) {
        const tags = table.map(({ name, type }) => wanted(name, type));
        const { addresses, overlapping, homeless, lock: next } = assign(["plc"], tags, lock);
        expect([overlapping, homeless]).toEqual([[], []]);
        for (const tag of tags) {
          const { register, alias } = addresses.get(keyOf(tag)) ?? { register: -1, alias: -1 };
          const old = lock.tags.get(keyOf(tag));
          if (old?.type === formatType(tag.type))
            expect({ register, alias }).toEqual({ register: old.register, alias: old.alias });
          for (let at = register; at < register + registersOf(tag.type); at++) {
            const place = `${isBit(tag.type) ? "bits" : "registers"} ${at}`;
            expect(owners.get(place) ?? tag.name, place).toBe(tag.name);
            owners.set(place, tag.name);
          }
          expect(owners.get(`alias ${alias}`) ?? tag.name).toBe(tag.name);
          owners.set(`alias ${alias}`, tag.name);
        }
        lock = parseLock(formatLock(next)) ?? NO_LOCK;
        expect(formatLock(lock)).toBe(formatLock(next));
      }
    }),
    { numRuns: 300 },
  );
});

describe("a lock file", () => {
  test("stands beside the system, under its name", () => {
    expect(["a.yaml", "b/c.yml", "d"].map(lockPath)).toEqual(["a.tags.json", "b/c.tags.json", "d.tags.json"]);
  });

  const whole = {
    version: 1,
    next: { register: 2, bit: 0, alias: 2 },
    partitions: { plc: 0 },
    tags: { "plc.A": { type: "i32", register: 0, alias: 1 } },
  };
  test("is read as it was written", () => {
    expect(parseLock(JSON.stringify(whole))?.tags.get("plc.A")).toEqual({ type: "i32", register: 0, alias: 1 });
  });
  test.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["another version", JSON.stringify({ ...whole, version: 2 })],
    ["a slot twice", JSON.stringify({ ...whole, partitions: { plc: 0, other: 0 } })],
    ["a type that there is not", JSON.stringify(whole).replace("i32", "i31")],
    ["a register that is the bridge's own", JSON.stringify(whole).replace('"register":0', '"register":60000')],
    ["an alias of 0", JSON.stringify(whole).replace('"alias":1', '"alias":0')],
    ["a key that nobody knows", JSON.stringify({ ...whole, more: 1 })],
  ])("with %s is refused", (_, text) => expect(parseLock(text)).toBeUndefined());
});

describe("a system", () => {
  test("without a lock gives addresses in order, and says that they are not kept", () => {
    const { table, codes, slots } = planned({
      plc: "[{ name: A, type: i32 }, { name: B, type: bool }, { name: C, type: { X: u16, Y: f64 } }]",
      other: "[{ name: A, type: u8 }]",
    });
    const at = table.flatMap(({ partition, tags }) =>
      tags.map(({ name, register, alias, offset }) => [`${partition}.${name}`, register, alias, offset]),
    );
    expect(at).toEqual([
      ["plc.A", 0, 1, 64],
      ["plc.B", 0, 2, 68],
      ["plc.C.X", 2, 3, 70],
      ["plc.C.Y", 3, 4, 72],
      ["other.A", 7, 5, 64],
    ]);
    expect(table.map(({ size }) => size)).toEqual([80, 72]);
    expect(codes).toEqual(["AXV-P130"]);
    expect([...slots]).toEqual([["plc", 0], ["other", 1]]);
  });

  test("with its lock says nothing, and its partitions keep their slots in another order", () => {
    const first = planned({ plc: "[{ name: A, type: i32 }]", other: "[{ name: B, type: u8 }]" });
    expect(first.stale).toBe(true);
    const again = planned({ third: "[]", other: "[{ name: B, type: u8 }]", plc: "[{ name: A, type: i32 }]" }, first.lock);
    expect(again.codes).toEqual([]);
    expect([...again.slots].sort()).toEqual([["other", 1], ["plc", 0], ["third", 2]]);
    expect(again.stale, "the third partition's slot is not in it yet").toBe(true);
    expect(planned({ plc: "[{ name: A, type: i32 }]", other: "[{ name: B, type: u8 }]" }, first.lock).stale).toBe(false);
  });
});

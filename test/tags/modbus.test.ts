// The plant as a Modbus client finds it: values at their registers in both word orders, whose address is
// whose, what is stale, who may write.
import { beforeEach, describe, expect, test } from "vitest";
import {
  GATEWAY_TARGET_FAILED, ILLEGAL_DATA_ADDRESS, ILLEGAL_DATA_VALUE, SERVER_DEVICE_FAILURE, SUCCESS,
} from "../../industrial/modbus/exceptions.ts";
import type { ModbusChange, ModbusClient } from "../../industrial/modbus/target.ts";
import { PlantTarget } from "../../industrial/tags/modbus.ts";
import type { ModbusOptions, TagWriter } from "../../industrial/tags/modbus.ts";
import { fromRegisters } from "../../industrial/tags/value.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { registersOf } from "../../partitions/tags/table.ts";
import { STALE_AFTER, TestPlant } from "./plant.ts";
import { EVERY_TYPE } from "./tables.ts";

const VALUES: Readonly<Record<string, TagValue>> = {
  Bool: true,
  I8: -128,
  U8: 255,
  I16: -32768,
  U16: 65535,
  I32: -(2 ** 31),
  U32: 2 ** 32 - 1,
  I64: -(2n ** 63n),
  U64: 2n ** 64n - 1n,
  F32: -1.5,
  F64: Math.PI,
  Text: "abcdef",
  List: [-1, 2, -3],
  Bits: [false, true],
  Doubles: [1e300, -0.1],
  "Tank.Level": 0.25,
  "Tank.Full": true,
};
const OPTIONS: ModbusOptions = { identification: new Map(), order: "high-first", stale: "exception", write: undefined };
const HERE: ModbusClient = { via: "tcp", address: "10.0.0.7", unit: 1 };

function registers(target: PlantTarget, first: number, count: number): number[] | number {
  const into = Buffer.alloc(2 * count + 4, 0xee);
  const outcome = target.readRegisters("holding registers", first, count, into, 2);
  expect([into[0], into[1], into.at(-1), into.at(-2)], "nothing beside the answer").toEqual([0xee, 0xee, 0xee, 0xee]);
  return outcome === SUCCESS ? Array.from({ length: count }, (_, n) => into.readUInt16BE(2 + 2 * n)) : outcome;
}

test.each(["high-first", "low-first"] as const)("every tag is at its address, %s, and so are the test values", (order) => {
  const own = new TestPlant({ plc: EVERY_TYPE });
  const target = new PlantTarget(own.plant, { ...OPTIONS, order });
  own.scan(0, VALUES);
  for (const { name, type, register } of own.plant.partitions[0]?.tags?.tags ?? []) {
    const count = registersOf(type);
    const into = Buffer.alloc(2 * count);
    if (type.scalar === "bool") {
      expect(target.readBits("coils", register, count, into, 0)).toBe(SUCCESS);
      expect(into[0], name).toBe([VALUES[name]].flat().reduce<number>((bits, bit, k) => bits | (Number(bit) << k), 0));
    } else {
      expect(target.readRegisters("input registers", register, count, into, 0)).toBe(SUCCESS);
      expect(fromRegisters(new DataView(into.buffer, into.byteOffset), 0, type, order), name).toEqual(VALUES[name]);
    }
  }
  const swapped = order === "low-first";
  expect(registers(target, 60000, 3)).toEqual(swapped ? [0x0102, 0x0304, 0x0102] : [0x0102, 0x0102, 0x0304]);
  expect(registers(target, 60003, 4)).toEqual(swapped ? [0x0708, 0x0506, 0x0304, 0x0102] : [0x0102, 0x0304, 0x0506, 0x0708]);
  expect(registers(target, 60007, 2)).toEqual(swapped ? [0, 0x42f7] : [0x42f7, 0]);
});

describe("a plant of two partitions", () => {
  let own: TestPlant;
  let target: PlantTarget;
  let written: string[];
  let takes = true;
  const write: TagWriter = async (partition, writes) => {
    written.push(`${partition}: ${writes.map(({ tag, value }) => `${tag.name}=${String(value)}`).join(" ")}`);
    if (takes) own.scan(partition, Object.fromEntries(writes.map(({ tag, value }) => [tag.name, value])));
    return takes;
  };
  const make = (options: Partial<ModbusOptions> = {}): void => {
    target = new PlantTarget(own.plant, { ...OPTIONS, write, ...options });
    own.tell(0, "running", { uptime: 65_537_000_000_000n, restarts: 3, tags: new Map([[0, 0x0001_0002_0003_0004n], [9, 1n]]) });
    own.tell(1, "running");
    own.scan(0, { Set: 5 });
    own.scan(1, { Read: 9 });
  };
  beforeEach(() => {
    own = new TestPlant(
      {
        plc:
          "[{ name: Set, type: i32, access: rw, range: [-10, 10], clients: [10.0.0.0/24] }, " +
          "{ name: Mode, type: u16, access: rw }, { name: Small, type: i8, access: rw }, { name: Go, type: bool, access: rw }, " +
          '{ name: Pair, type: "bool[2]", access: rw }]',
        other: "[{ name: Read, type: u16 }, { name: Far, type: u16, access: rw, register: 100 }]",
      },
      [{ name: "scans", unit: "count" }],
    );
    written = [];
    takes = true;
    make();
  });

  test("an address that is nobody's is refused, wherever it is in the range", () => {
    expect(registers(target, 0, 5)).toEqual([0, 5, 0, 0, 9]);
    for (const [first, count] of [
      [0, 6],
      [5, 1],
      [99, 2],
      [101, 1],
      [59_999, 2],
      [60_009, 1],
      [65_535, 1],
    ] as const)
      expect(registers(target, first, count), `${first}+${count}`).toBe(ILLEGAL_DATA_ADDRESS);
    expect(target.readBits("discrete inputs", 0, 4, Buffer.alloc(2), 0)).toBe(ILLEGAL_DATA_ADDRESS);
    expect(target.readBits("discrete inputs", 0, 3, Buffer.alloc(2), 0)).toBe(SUCCESS);
  });

  test("state, quality and age are there whatever happens, and what its profile publishes", () => {
    own.pass(40);
    expect(registers(target, 60_100, 12)).toEqual([1, 0, 0, 40, 1, 1, 0, 3, 0, 0, 0, 0]);
    expect(registers(target, 61_000, 4)).toEqual([1, 2, 3, 4]);
    own.tell(0, "failed");
    expect(registers(target, 60_100, 2)).toEqual([3, 2]);
    own.pass(STALE_AFTER + 1);
    own.tell(1, "running");
    expect(registers(target, 60_200, 4), "stale, and how old").toEqual([1, 1, 0, 141]);
  });

  test("stale values are an exception, of that partition's registers alone", () => {
    own.tell(1, "off");
    expect([registers(target, 0, 4), registers(target, 4, 1), registers(target, 0, 5)]).toEqual([
      [0, 5, 0, 0],
      GATEWAY_TARGET_FAILED,
      GATEWAY_TARGET_FAILED,
    ]);
    own.tell(1, "running");
    expect(registers(target, 0, 5)).toEqual([0, 5, 0, 0, 9]);
  });

  test("or the last ones, marked by the quality register, where that is configured", () => {
    make({ stale: "mark" });
    own.tell(1, "off");
    expect(registers(target, 4, 1)).toEqual([9]);
    expect(registers(target, 60_201, 1)).toEqual([2]);
  });

  test("before the first image there is nothing but an exception", () => {
    const empty = new TestPlant({ plc: "[{ name: A, type: u16 }]" });
    expect(registers(new PlantTarget(empty.plant, OPTIONS), 0, 1)).toBe(GATEWAY_TARGET_FAILED);
  });

  const words = (first: number, ...values: number[]): ModbusChange => ({
    kind: "registers",
    first,
    count: values.length,
    bytes: Buffer.from(values.flatMap((value) => [value >> 8, value & 255])),
  });
  const bits = (first: number, count: number, ...bytes: number[]): ModbusChange => ({
    kind: "bits",
    first,
    count,
    bits: Buffer.from(bytes),
  });

  test("a write goes to the guest as one transaction, and reads show it", async () => {
    expect(await target.write(words(0, 0xffff, 0xfffd, 7), HERE)).toBe(SUCCESS);
    expect(written).toEqual(["0: Set=-3 Mode=7"]);
    expect(registers(target, 0, 3)).toEqual([0xffff, 0xfffd, 7]);
    expect(await target.write({ kind: "mask", first: 2, and: 0x00f0, or: 0x0009 }, HERE)).toBe(SUCCESS);
    expect(await target.write(bits(0, 3, 0b101), HERE)).toBe(SUCCESS);
    expect(written.slice(1)).toEqual(["0: Mode=9", "0: Go=true Pair=false,true"]);
  });

  test.each<[string, ModbusChange, number]>([
    ["half a value", words(0, 0), ILLEGAL_DATA_ADDRESS],
    ["the other half", words(1, 0), ILLEGAL_DATA_ADDRESS],
    ["a value and a half", words(2, 0, 0, 0), ILLEGAL_DATA_ADDRESS],
    ["nobody's register", words(5, 0), ILLEGAL_DATA_ADDRESS],
    ["what can only be read", words(4, 1), ILLEGAL_DATA_ADDRESS],
    ["two guests at once", words(3, 0, 0), ILLEGAL_DATA_ADDRESS],
    ["the bridge's own", words(60_100, 1), ILLEGAL_DATA_ADDRESS],
    ["what a guest publishes", words(61_000, 1, 1, 1, 1), ILLEGAL_DATA_ADDRESS],
    ["a value beyond the range", words(0, 0, 11, 1), ILLEGAL_DATA_VALUE],
    ["no 8-bit number", words(3, 200), ILLEGAL_DATA_VALUE],
    ["half of an array", bits(1, 1, 1), ILLEGAL_DATA_ADDRESS],
    ["a bit that is nobody's", bits(3, 1, 1), ILLEGAL_DATA_ADDRESS],
    ["half a value by a mask", { kind: "mask", first: 0, and: 0, or: 0 }, ILLEGAL_DATA_ADDRESS],
  ])("%s is refused as a whole, and no guest hears of it", async (_, change, exception) => {
    expect(await target.write(change, HERE)).toBe(exception);
    expect(written).toEqual([]);
  });

  test("by whom it may not be written, neither alone nor among others", async () => {
    for (const client of [
      { ...HERE, address: "10.0.1.7" },
      { ...HERE, address: "::1" },
      { ...HERE, via: "rtu" as const, address: "/dev/ttyS0" },
    ]) {
      expect(await target.write(words(0, 0, 1), client)).toBe(ILLEGAL_DATA_ADDRESS);
      expect(await target.write(words(0, 0, 1, 2), client)).toBe(ILLEGAL_DATA_ADDRESS);
      expect(await target.write(words(2, 1), client), "that one anybody may").toBe(SUCCESS);
    }
    expect(written).toEqual(["0: Mode=1", "0: Mode=1", "0: Mode=1"]);
  });

  test("to a guest that does not run, or refuses, or that nobody can reach", async () => {
    takes = false;
    expect(await target.write(words(2, 1), HERE)).toBe(SERVER_DEVICE_FAILURE);
    own.tell(0, "paused");
    expect(await target.write(words(2, 1), HERE)).toBe(GATEWAY_TARGET_FAILED);
    make({ write: undefined });
    expect(await target.write(words(2, 1), HERE)).toBe(ILLEGAL_DATA_ADDRESS);
    expect(written).toEqual(["0: Mode=1"]);
  });
});

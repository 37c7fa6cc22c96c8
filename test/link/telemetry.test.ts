import { encode } from "cborg";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { LinkError } from "../../industrial/link/errors.ts";
import { decodeEvent, decodePartition, decodeSystem, decodeVcpu } from "../../industrial/link/telemetry.ts";

type Keys = ReadonlyMap<unknown, unknown>;
const frame = (kind: number, payload: Uint8Array) => ({ kind, partition: 1, payload });
const partition = (keys: Keys) => decodePartition(frame(abi.FRAME_PARTITION, encode(keys)));
const vcpu = (keys: Keys) => decodeVcpu(frame(abi.FRAME_VCPU, encode(keys)));
const event = (keys: Keys) => decodeEvent(frame(abi.FRAME_EVENT, encode(keys)));

const U64_MAX = 0xffff_ffff_ffff_ffffn;

const goodPartition: Keys = new Map<unknown, unknown>([
  [abi.PARTITION_TIME, 5_000_000_000n],
  [abi.PARTITION_STATE, abi.STATE_RUNNING],
  [abi.PARTITION_UPTIME, 4_000_000_000n],
  [abi.PARTITION_RESTARTS, 2],
  [abi.PARTITION_CONSOLE_DROPPED, 0],
  [abi.PARTITION_WATCHDOG_EXPIRED, 1],
  [abi.PARTITION_TAGS, new Map([[0, 4000n], [31, U64_MAX]])],
  [abi.PARTITION_DOORBELLS, 7],
]);
const goodVcpu: Keys = new Map<unknown, unknown>([
  [abi.VCPU_INDEX, 0],
  [abi.VCPU_PCPU, 3],
  [abi.VCPU_STATE, abi.VCPU_ON],
  [abi.VCPU_EXITS, Array.from({ length: abi.EXIT_CAUSES }, (_, at) => at * 10)],
  [abi.VCPU_HELD, 0n],
  [abi.VCPU_TIME, U64_MAX],
  [abi.VCPU_THROTTLED, 41],
]);
const goodEvent: Keys = new Map<unknown, unknown>([
  [abi.EVENT_TIME, 1],
  [abi.EVENT_CODE, abi.EVENT_FAULT],
  [abi.EVENT_A, 0x92000046],
  [abi.EVENT_B, 0x9000000],
  [abi.EVENT_C, 0xffff_8000_0801_0000n],
]);

function code(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof LinkError) return error.code;
    throw error;
  }
  return "no error";
}

test("a partition whose image is updated by itself", () => {
  const image = [abi.IMAGE_REFUSED, abi.IMAGE_WRONG_HASH, 64, 128, 9, 8, 7];
  expect(partition(new Map([...goodPartition, [abi.PARTITION_IMAGE, image]]))).toMatchObject({
    update: { state: "refused", refused: "hash", received: 64, size: 128, version: 9, running: 8, next: 7 },
  });
});

test("a partition", () => {
  expect(partition(goodPartition)).toEqual({
    partition: 1,
    time: 5_000_000_000n,
    state: "running",
    uptime: 4_000_000_000n,
    restarts: 2,
    consoleDropped: 0,
    watchdogExpired: 1,
    doorbells: 7,
    tags: new Map([[0, 4000n], [31, U64_MAX]]),
  });
});

describe("the system", () => {
  const system = (slot: unknown, update: unknown) =>
    decodeSystem(frame(abi.FRAME_SYSTEM, encode(new Map<unknown, unknown>([
      [abi.SYSTEM_TIME, 9n], [abi.SYSTEM_SLOT, slot], [abi.SYSTEM_UPDATE, update],
    ]))));
  test.each([
    [abi.UPDATE_NONE, "none"], [abi.UPDATE_COMMITTED, "committed"], [abi.UPDATE_PENDING, "pending"],
    [abi.UPDATE_HEALTHY, "healthy"], [abi.UPDATE_FAILED, "failed"],
  ])("update %i is called %s", (number, update) => {
    expect(system(0x61, number)).toEqual({ time: 9n, slot: "a", update });
    expect(system(0x62, number).slot).toBe("b");
  });
  const wrong: readonly (readonly [unknown, unknown])[] = [[0x60, 0], [0x63, 0], [0, 0], ["a", 0], [0x61, 5], [0x61, undefined]];
  test.each(wrong)("slot %j, update %j: neither", (slot, update) =>
    expect(code(() => system(slot, update))).toBe("AXV_TELEMETRY_MALFORMED"));
});

test("states are named as core/abi.ts numbers them", () => {
  const names: readonly (readonly [number, string])[] = [
    [abi.STATE_OFF, "off"],
    [abi.STATE_RUNNING, "running"],
    [abi.STATE_STOPPING, "stopping"],
    [abi.STATE_FAILED, "failed"],
    [abi.STATE_INSPECT, "inspect"],
    [abi.STATE_PAUSED, "paused"],
  ];
  for (const [state, name] of names) expect(partition(new Map(goodPartition).set(abi.PARTITION_STATE, state)).state).toBe(name);
});

test("a vCPU", () => {
  expect(vcpu(goodVcpu)).toEqual({
    partition: 1,
    index: 0,
    pcpu: 3,
    state: "on",
    exits: [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120],
    held: 0n,
    throttled: 41,
    time: U64_MAX,
  });
});

test("an event", () => {
  expect(event(goodEvent)).toEqual({
    partition: 1,
    time: 1n,
    code: abi.EVENT_FAULT,
    a: 0x92000046n,
    b: 0x9000000n,
    c: 0xffff800008010000n,
  });
});

test("integers wider than they need to be are taken (the core writes fixed widths)", () => {
  const wide = Buffer.from("a5" + ["00", "01", "02", "03", "04"].map((key) => `${key}1b0000000000000002`).join(""), "hex");
  expect(decodeEvent(frame(abi.FRAME_EVENT, wide))).toEqual({ partition: 1, time: 2n, code: 2, a: 2n, b: 2n, c: 2n });
});

test("unknown keys are skipped: a newer core may say more", () => {
  expect(event(new Map([...goodEvent, [99, "new"]]))).toEqual(event(goodEvent));
});

describe("every key is required and checked", () => {
  const wrong: readonly unknown[] = [undefined, null, -1, 1.5, "1", true, new Uint8Array(1), [1], new Map([["a", 1]])];
  const cases = [
    ...[...goodPartition.keys()].map((key) => ["partition", key, () => goodPartition, partition] as const),
    ...[...goodVcpu.keys()].map((key) => ["vCPU", key, () => goodVcpu, vcpu] as const),
    ...[...goodEvent.keys()].map((key) => ["event", key, () => goodEvent, event] as const),
  ];
  test.each(cases)("%s, key %s", (_, key, good, decodeIt) => {
    const without = new Map(good());
    without.delete(key);
    expect(code(() => decodeIt(without))).toBe("AXV_TELEMETRY_MALFORMED");
    for (const value of wrong) expect(code(() => decodeIt(new Map(good()).set(key, value)))).toBe("AXV_TELEMETRY_MALFORMED");
  });
});

describe("values out of range", () => {
  test.each([
    [
      "a state that does not exist",
      () => partition(new Map(goodPartition).set(abi.PARTITION_STATE, 6)),
      /PARTITION_STATE is 6, not 0…5/,
    ],
    [
      "a tag that does not exist",
      () => partition(new Map(goodPartition).set(abi.PARTITION_TAGS, new Map([[32, 1]]))),
      /tag index 32/,
    ],
    ["a negative tag", () => partition(new Map(goodPartition).set(abi.PARTITION_TAGS, new Map([[0, -1]]))), /tag 0 is -1/],
    ["an exit counter missing", () => vcpu(new Map(goodVcpu).set(abi.VCPU_EXITS, [1, 2])), /2 entries, not 13/],
    [
      "an exit counter that is none",
      () => vcpu(new Map(goodVcpu).set(abi.VCPU_EXITS, new Array(13).fill("x"))),
      /VCPU_EXITS\[0\] is a string/,
    ],
    [
      "a counter above 2^53",
      () => partition(new Map(goodPartition).set(abi.PARTITION_RESTARTS, U64_MAX)),
      /PARTITION_RESTARTS is 18446744073709551615/,
    ],
  ])("%s", (_, action, message) => {
    expect(code(action)).toBe("AXV_TELEMETRY_MALFORMED");
    expect(action).toThrow(message);
  });
});

describe("payloads that are no CBOR map", () => {
  test.each([
    ["empty", ""],
    ["a number", "01"],
    ["an array", "80"],
    ["a map cut off", "a100"],
    ["a key twice", "a200010002"],
    ["bytes behind the map", "a000"],
    ["an array of four thousand million", "a1009affffffff"],
    ["a string longer than the payload", "a1007affffffff61"],
    ["an indefinite map", "bfff"],
    ["500 arrays in each other", "81".repeat(500)],
    ["500 tags in each other", "c1".repeat(500)],
  ])("%s", (_, hex) => {
    for (const decodeIt of [decodePartition, decodeVcpu, decodeEvent]) {
      expect(code(() => decodeIt(frame(abi.FRAME_EVENT, Buffer.from(hex, "hex"))))).toBe("AXV_TELEMETRY_MALFORMED");
    }
  });
});

test("any payload gives a value or a LinkError, never a crash", () => {
  const noise = fc.uint8Array({ maxLength: 512, size: "max" });
  // Damaged telemetry gets further into the decoder than noise does.
  const damaged = fc
    .tuple(fc.constantFrom(goodPartition, goodVcpu, goodEvent), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }))
    .map(([keys, changes]) => {
      const bytes = encode(keys).slice();
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(noise, damaged), (payload) => {
      for (const decodeIt of [decodePartition, decodeVcpu, decodeEvent]) {
        expect(["no error", "AXV_TELEMETRY_MALFORMED"]).toContain(code(() => decodeIt(frame(abi.FRAME_EVENT, payload))));
      }
    }),
    { numRuns: 2000 },
  );
});

// The edge node: births, data, deaths, rebirths, commands, and what is kept while nobody listens.
import { beforeEach, describe, expect, test } from "vitest";
import { EdgeNode } from "../../industrial/sparkplug/node.ts";
import type { CommandAttempt, EdgeNodeOptions } from "../../industrial/sparkplug/node.ts";
import { decodePayload, encodePayload, valueOf } from "../../industrial/sparkplug/payload.ts";
import type { Received, ReceivedPayload } from "../../industrial/sparkplug/payload.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { parseType } from "../../partitions/tags/type.ts";
import { STALE_AFTER, TestPlant } from "../tags/plant.ts";

const TAGS =
  "[{ name: Level, type: f32, deadband: 0.5 }, { name: Big, type: u64 }, { name: Setpoint, type: i16, range: [0, 100], " +
    "access: rw }, { name: Mode, type: u8, access: rw }]";
let own: TestPlant;
let node: EdgeNode;
let sent: { readonly topic: string; readonly payload: ReceivedPayload }[];
let attempts: CommandAttempt[];
const session = {
  publish: (topic: string, bytes: Buffer): void => {
    const payload = decodePayload(bytes);
    if (payload === undefined) throw new Error("no payload");
    sent.push({ topic: topic.replace("spBv1.0/press/", ""), payload });
  },
};
const make = (more: Partial<EdgeNodeOptions> = {}): void => {
  node = new EdgeNode({
    group: "press",
    node: "plc-1",
    plant: own.plant,
    stored: 5,
    write: async () => true,
    attempted: (attempt) => void attempts.push(attempt),
    now: () => own.instant.wall,
    ...more,
  });
};
beforeEach(() => {
  own = new TestPlant({ plc: TAGS, linux: "[]" });
  sent = [];
  attempts = [];
  make();
});

const run = (values: Readonly<Record<string, TagValue>> = {}): void => {
  own.tell(0, "running");
  own.scan(0, { Level: 1, Big: 2n ** 60n + 1n, Setpoint: 20, Mode: 1, ...values });
};
const topics = (): string[] => sent.map(({ topic, payload }) => `${topic} ${payload.seq}`);
const typeOf = (alias: number | undefined) =>
  own.plant.partitions[0]?.tags?.tags.find((tag) => tag.alias === alias)?.type ?? parseType("u64");
const shown = (metrics: readonly Received[]): unknown[] =>
  metrics.map((metric) => [
    metric.name ?? own.plant.partitions[0]?.tags?.tags.find(({ alias }) => alias === metric.alias)?.name,
    valueOf(metric, typeOf(metric.alias)),
  ]);

describe("births", () => {
  test("the node first, with bdSeq and Rebirth, sequence number 0; then each device whose values are good", () => {
    run();
    node.begin(session, 7);
    expect(topics()).toEqual(["NBIRTH/plc-1 0", "DBIRTH/plc-1/plc 1"]);
    const [birth, device] = sent.map(({ payload }) => payload);
    expect(birth?.metrics.map(({ name }) => name)).toEqual(["bdSeq", "Node Control/Rebirth"]);
    expect(birth?.metrics.map((metric) => valueOf(metric, parseType(metric.name === "bdSeq" ? "u64" : "bool")))).toEqual([
      7n,
      false,
    ]);
    expect(shown(device?.metrics ?? [])).toEqual([["Level", 1], ["Big", 2n ** 60n + 1n], ["Setpoint", 20], ["Mode", 1]]);
    expect(new Set(device?.metrics.map(({ alias }) => alias)).size).toBe(4);
  });

  test("a device is born later when its values come later", () => {
    node.begin(session, 0);
    expect(topics()).toEqual(["NBIRTH/plc-1 0"]);
    run();
    expect(topics()).toEqual(["NBIRTH/plc-1 0", "DBIRTH/plc-1/plc 1"]);
  });

  test("by command: again all of it, with the bdSeq of this connection, from sequence number 0", async () => {
    run();
    node.begin(session, 3);
    run({ Setpoint: 21 });
    sent = [];
    const rebirth = (value: boolean) =>
      encodePayload(0, undefined, [{ name: "Node Control/Rebirth", timestamp: 0, type: parseType("bool"), value }]);
    await node.command(undefined, rebirth(false));
    expect(sent).toEqual([]);
    await node.command(undefined, rebirth(true));
    expect(topics()).toEqual(["NBIRTH/plc-1 0", "DBIRTH/plc-1/plc 1"]);
    expect(sent[0]?.payload.metrics.map((metric) => valueOf(metric, parseType("u64")))[0]).toBe(3n);
  });
});

describe("data", () => {
  beforeEach(() => {
    run();
    node.begin(session, 0);
    sent = [];
  });

  test("what has changed, by alias; numbers run from 0 to 255 and begin again", () => {
    for (let n = 0; n < 300; n++) run({ Setpoint: n % 100, Mode: 1 });
    expect(sent[0]?.payload.metrics).toHaveLength(1);
    expect(shown(sent[1]?.payload.metrics ?? [])).toEqual([["Setpoint", 1]]);
    expect(sent.map(({ payload }) => payload.seq)).toEqual(sent.map((_, n) => (n + 2) % 256));
  });

  test("no change that is smaller than the deadband; small ones that add up are told", () => {
    run({ Level: 1.25 });
    run({ Level: 1.375 });
    expect(sent).toEqual([]);
    run({ Level: 1.5 });
    expect(shown(sent[0]?.payload.metrics ?? [])).toEqual([["Level", 1.5]]);
  });

  test("a partition that stops, or tells nothing, dies; and is born when it is back", () => {
    own.tell(0, "off");
    run({ Setpoint: 30 });
    own.pass(STALE_AFTER + 1);
    run({ Setpoint: 31 });
    expect(topics().map((text) => text.replace(/ .*/, ""))).toEqual([
      "DDEATH/plc-1/plc",
      "DBIRTH/plc-1/plc",
      "DDATA/plc-1/plc",
      "DDEATH/plc-1/plc",
      "DBIRTH/plc-1/plc",
    ]);
    expect(sent.map(({ payload }) => payload.seq)).toEqual([2, 3, 4, 5, 6]);
  });
});

describe("while nobody listens", () => {
  test("values are kept, and told after the births as historical ones, in order; of too many the oldest go", () => {
    run();
    node.begin(session, 0);
    node.end();
    sent = [];
    for (let n = 0; n < 7; n++) {
      own.instant = { wall: own.instant.wall + 10, steady: own.instant.steady + 10 };
      run({ Setpoint: 40 + n });
    }
    expect(sent).toEqual([]);
    expect(node.counts).toEqual({ stored: 5, lost: 2 });
    node.begin(session, 1);
    expect(topics()).toEqual(["NBIRTH/plc-1 0", "DBIRTH/plc-1/plc 1", "DDATA/plc-1/plc 2"]);
    const { metrics = [] } = sent[2]?.payload ?? {};
    expect(shown(metrics)).toEqual([42, 43, 44, 45, 46].map((value) => ["Setpoint", value]));
    expect(metrics.every(({ isHistorical }) => isHistorical)).toBe(true);
    const times = metrics.map(({ timestamp = 0 }) => timestamp);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(node.counts.stored).toBe(0);
    run({ Setpoint: 50 });
    expect(sent[3]?.payload.metrics[0]?.isHistorical).toBe(false);
  });
});

describe("commands to a device", () => {
  const command = (...metrics: (readonly [name: string | number, type: string, value: TagValue])[]): Buffer =>
    encodePayload(
      0,
      undefined,
      metrics.map(([name, type, value]) => ({
        ...(typeof name === "string" ? { name } : { alias: name }),
        timestamp: 0,
        type: parseType(type),
        value,
      })),
    );
  const outcomes = (): unknown[] =>
    attempts.map(({ outcome, writes }) => [outcome, Object.fromEntries(writes.map(({ tag, value }) => [tag.name, value]))]);
  beforeEach(() => run());

  test("are done as a whole, by name or by alias", async () => {
    const alias = own.tag(0, "Mode").alias;
    await node.command("plc", command(["Setpoint", "i16", 50], [alias, "u8", 3]));
    expect(outcomes()).toEqual([["done", { Setpoint: 50, Mode: 3 }]]);
  });

  test.each([
    ["a tag that may only be read", [["Setpoint", "i16", 50], ["Level", "f32", 2]]],
    ["a value out of range", [["Setpoint", "i16", 101]]],
    ["another type", [["Setpoint", "i32", 50]]],
    ["a tag that there is none", [["Mode", "u8", 1], ["Nothing", "u8", 1]]],
    ["nothing", []],
  ] as const)("are refused as a whole: %s", async (_, metrics) => {
    await node.command("plc", command(...metrics));
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["refused"]);
  });

  test("are refused while its values are not good; no such device, and no payload: nothing happens", async () => {
    own.tell(0, "off");
    await node.command("plc", command(["Setpoint", "i16", 50]));
    await node.command("nobody", command(["Setpoint", "i16", 50]));
    await node.command("plc", Buffer.from("ffff", "hex"));
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["refused"]);
  });

  test("that the guest has not done are told so", async () => {
    make({ write: async () => false });
    await node.command("plc", command(["Setpoint", "i16", 50]));
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["not done"]);
  });
});

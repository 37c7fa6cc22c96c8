// What a subscriber is told: values with the time of the scan that made them; a change of quality as a change, in both
// directions, of every tag of the partition; and no item has a timer of its own, whatever interval it asks for.
import type { ClientSession } from "node-opcua-client";
import { MonitoredItem } from "node-opcua-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { PLANT_URI } from "../../industrial/opcua/nodes.ts";
import { COUNTER_HZ, STALE_AFTER, TestPlant } from "../tags/plant.ts";
import { Station } from "./station.ts";
import { type Told, Watch } from "./watch.ts";

const TICKS_PER_MS = COUNTER_HZ / 1000;
const FAST = 50;

let plant: TestPlant;
let station: Station;
let session: ClientSession;
let own: (id: string) => string;
let watch: Watch | undefined;
beforeAll(async () => {
  plant = new TestPlant(
    {
      plc: "[{ name: A, type: i32 }, { name: B, type: u64 }, { name: L, type: 'i16[2]' }, { name: M, type: 'i64[2]' }]",
      other: "[{ name: C, type: bool }]",
    },
    [{ name: "scans", unit: "count" }],
  );
  station = await Station.start(plant);
  session = await station.login("observer");
  const space = (await session.readNamespaceArray()).indexOf(PLANT_URI);
  own = (id) => `ns=${space};s=${id}`;
});
afterAll(() => station.stop());
afterEach(() => watch?.close());

/** Time goes on for everybody. */
function pass(milliseconds: number): void {
  plant.pass(milliseconds);
}

/** A scan at this moment. */
function scan(values: Parameters<TestPlant["scan"]>[1] = {}, late = 0): void {
  const made = station.instant.steady;
  station.instant = { wall: station.instant.wall + late, steady: station.instant.steady + late };
  plant.scan(0, values, BigInt(made * TICKS_PER_MS));
}

test("before the first image all wait for it, and there is no value", async () => {
  watch = await Watch.on(session, [own("plc.A"), own("plc.B"), own("plc/Status/state"), own("plc/guest/scans")], FAST);
  expect((await watch.next(4)).map(({ status, value }) => [status, value])).toEqual(
    new Array(4).fill(["BadWaitingForInitialData", null]),
  );
});

test("the board's slot, and its update, as long as the hypervisor is heard", async () => {
  watch = await Watch.on(session, [own("/board/Status/slot"), own("/board/Status/update")], FAST);
  const told = async (count: number): Promise<unknown> =>
    (await watch?.next(count))?.map(({ status, value }) => [status, value]);
  expect(await told(2)).toEqual(new Array(2).fill(["BadWaitingForInitialData", null]));
  const slotB = { time: 1n, slot: "b" } as const;
  station.server.takeSystem({ ...slotB, update: "pending" });
  expect(await told(2)).toEqual([["Good", "b"], ["Good", "pending"]]);
  station.server.takeSystem({ ...slotB, update: "healthy" });
  expect(await told(1)).toEqual([["Good", "healthy"]]);
  station.server.takeSystem(undefined);
  expect(await told(2)).toEqual(new Array(2).fill(["BadNoCommunication", null]));
});

test("which image of a partition runs, and which one it begins with next", async () => {
  watch = await Watch.on(session, [own("other/Status/image_version"), own("other/Status/image_next")], FAST);
  const told = async (count: number): Promise<unknown> =>
    (await watch?.next(count))?.map(({ status, value }) => [status, value]);
  expect(await told(2)).toEqual(new Array(2).fill(["BadWaitingForInitialData", null]));
  const update = { state: "ready", received: 9, size: 9, version: 8, running: 7, next: 8 } as const;
  plant.tell(1, "running", { update });
  expect(await told(2)).toEqual([["Good", 7], ["Good", 8]]);
  plant.tell(1, "running", { update: { ...update, running: 8 } });
  expect(await told(1)).toEqual([["Good", 8]]);
});

describe("running", () => {
  beforeEach(async () => {
    pass(10);
    plant.tell(0, "running", { tags: new Map([[0, 7n]]) });
    scan({ A: 1, B: 2n ** 63n });
    watch = await Watch.on(session, [own("plc.A"), own("plc.B")], FAST);
    await watch.next(2);
  });

  test("a value that changes is told with the time of its scan, not of its arrival; one that does not, not", async () => {
    pass(STALE_AFTER / 2);
    const made = station.instant.wall;
    scan({ A: 2 }, 20);
    expect(await watch?.next(1)).toEqual([{ node: "plc.A", status: "Good", value: 2, time: made }]);
    pass(STALE_AFTER / 2);
    scan();
    scan({ A: 3 });
    expect((await watch?.next(1))?.map(({ node, value }) => [node, value])).toEqual([["plc.A", 3]]);
  });

  const QUALITIES = [
    ["the partition stops", () => plant.tell(0, "off"), "BadOutOfService", null],
    ["its guest has another tag table", () => plant.plant.takeMismatch(0), "BadConfigurationError", null],
    [
      "images do not come, and the hypervisor says that it runs",
      () => (pass(STALE_AFTER / 2), plant.tell(0, "running"), pass(STALE_AFTER / 2 + 1)),
      "UncertainLastUsableValue",
      1,
    ],
    ["nothing is heard", () => pass(STALE_AFTER + 1), "BadNoCommunication", null],
  ] as const;
  test.each(QUALITIES)(
    "%s: every tag is told, with the time of the change, and again when it is good",
    async (_, happens, status, value) => {
      const from = station.instant.wall;
      happens();
      const bad = (await watch?.next(2)) ?? [];
      expect(bad.map(({ node }) => node)).toEqual(["plc.A", "plc.B"]);
      expect(bad.map((told) => told.status)).toEqual([status, status]);
      expect(bad[0]?.value).toBe(value);
      expect(bad.every(({ time = 0 }) => time >= from && time <= station.instant.wall)).toBe(true);
      pass(1000);
      plant.tell(0, "running");
      const back = station.instant.wall;
      scan();
      // Before that scan nothing was heard for a second: on a slow machine the interval is over by then, and that is told, too.
      const good: Told[] = [];
      while (good.length < 2) good.push(...((await watch?.next(1)) ?? []).filter((told) => told.status === "Good"));
      expect(good.map((told) => [told.node, told.status, told.value])).toEqual([
        ["plc.A", "Good", 1],
        ["plc.B", "Good", -(2n ** 63n)],
      ]);
      expect(good.every(({ time }) => time === back)).toBe(true);
    },
  );

  test("another partition's trouble is not told of this one", async () => {
    plant.scan(1, { C: true });
    plant.tell(1, "failed");
    scan({ A: 4 });
    expect((await watch?.next(1))?.map(({ node, status }) => [node, status])).toEqual([["plc.A", "Good"]]);
    expect(await session.read({ nodeId: own("other.C") })).toMatchObject({ statusCode: { name: "BadOutOfService" } });
  });

  test("the wall clock set back by an hour turns no source time back", async () => {
    const times: number[] = [];
    for (const [set, value] of [[0, 10], [-3_600_000, 11], [0, 12], [3_600_000, 13]] as const) {
      pass(FAST);
      station.instant = { ...station.instant, wall: station.instant.wall + set };
      scan({ A: value });
      times.push(...((await watch?.next(1))?.map(({ time = 0 }) => time) ?? []));
    }
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBe(4);
  });

  test("what the hypervisor says is there too: state and the guest's own tags", async () => {
    const read = async (id: string): Promise<unknown> => (await session.read({ nodeId: own(id) })).value.value;
    expect([await read("plc/Status/state"), await read("plc/guest/scans")]).toEqual(["running", [0, 7]]);
    plant.tell(0, "paused");
    expect([await read("plc/Status/state"), await read("plc/guest/scans")]).toEqual(["paused", null]);
    plant.tell(0, "running");
  });
});

describe("items", () => {
  /** Where the library gives an item a timer. */
  const timers = vi.spyOn(MonitoredItem.prototype as unknown as { _set_timer(): void }, "_set_timer");
  beforeEach(() => void timers.mockClear());
  afterAll(() => timers.mockRestore());

  test.each([
    [0, 50],
    [1, 50],
    [50, 50],
    [250, 250],
    [1000, 1000],
    [-1, 50],
  ])("an interval of %i ms is revised to %i, and has no timer", async (interval, revised) => {
    scan({ A: 20 });
    watch = await Watch.on(session, [own("plc.A")], interval);
    await watch.next(1);
    expect(watch.revised).toEqual([{ interval: revised, queue: 10 }]);
    expect(timers).not.toHaveBeenCalled();
  });

  test("changes within its interval are one change, the last; and that is told", async () => {
    scan({ A: 30 });
    watch = await Watch.on(session, [own("plc.A")], 200);
    await watch.next(1);
    for (let value = 31; value <= 36; value++) scan({ A: value });
    const told = await watch.next(2);
    expect(told.map(({ value }) => value)).toEqual([31, 36]);
    expect(timers).not.toHaveBeenCalled();
  });

  test("nor has one whose interval is changed later", async () => {
    watch = await Watch.on(session, [own("plc.A")], 100);
    await watch.next(1);
    const [item] = Object.values(watch.subscription.monitoredItems);
    await item?.modify({
      samplingInterval: 500,
      queueSize: 5,
      clientHandle: item.monitoringParameters.clientHandle,
      discardOldest: true,
      filter: null,
    });
    scan({ A: 40 });
    expect((await watch.next(1)).at(-1)).toMatchObject({ value: 40 });
    expect(timers).not.toHaveBeenCalled();
  });

  test("an item on what is not pushed is sampled as ever", async () => {
    watch = await Watch.on(session, ["i=2258"], 100);
    await watch.next(1);
    expect(timers).toHaveBeenCalledOnce();
  });

  test("a reader that does not keep up loses the oldest, with the overflow bit on the next, whatever their quality", async () => {
    pass(10);
    plant.tell(0, "running");
    scan({ A: 50 });
    watch = await Watch.on(session, [own("plc.A")], FAST, 2);
    await watch.next(1);
    await watch.subscription.setPublishingMode(false);
    for (const state of ["off", "running", "off", "running"] as const) {
      await new Promise((resolve) => setTimeout(resolve, 2 * FAST)); // each a change of its own
      plant.tell(0, state);
      if (state === "running") scan();
    }
    await new Promise((resolve) => setTimeout(resolve, 2 * FAST));
    await watch.subscription.setPublishingMode(true);
    const told = await watch.next(2);
    expect(told.map(({ status }) => status)).toEqual(["BadOutOfService#InfoTypeDataValue|Overflow", "Good"]);
  });

  test("arrays, also of 64 bits, go through changes, a changed interval and another quality", async () => {
    pass(10);
    plant.tell(0, "running");
    scan({ L: [1, 2], M: [1n, 2n ** 40n] });
    watch = await Watch.on(session, [own("plc.L"), own("plc.M")], FAST);
    const lists = (all: Awaited<ReturnType<Watch["next"]>>): string[] =>
      all.map(({ status, value }) => `${status} ${JSON.stringify(Array.from((value as ArrayLike<unknown> | null) ?? []))}`);
    expect(lists(await watch.next(2))).toEqual(["Good [1,2]", "Good [[0,1],[256,0]]"]);
    const [item] = Object.values(watch.subscription.monitoredItems);
    await item?.modify({
      samplingInterval: 200,
      queueSize: 5,
      clientHandle: item.monitoringParameters.clientHandle,
      discardOldest: true,
      filter: null,
    });
    pass(10);
    scan({ L: [3, -4], M: [-1n, 0n] });
    expect(lists(await watch.next(2)).slice(-2).sort()).toEqual(["Good [3,-4]", "Good [[4294967295,4294967295],[0,0]]"]);
    plant.tell(0, "off");
    expect(lists(await watch.next(2))).toEqual(["BadOutOfService []", "BadOutOfService []"]);
    plant.tell(0, "running");
  });
});

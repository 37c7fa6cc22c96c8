// Alarms and events: told at the partition, the board and the server; kept until acknowledged; acknowledged only by who may act.
import {
  AttributeIds, ClientMonitoredItem, ClientSubscription, constructEventFilter, ofType, resolveNodeId, TimestampsToReturn,
} from "node-opcua-client";
import type { ClientSession } from "node-opcua-client";
import { DataType, Variant } from "node-opcua-variant";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { PLANT_URI } from "../../industrial/opcua/nodes.ts";
import type { Role } from "../../industrial/opcua/target.ts";
import { STALE_AFTER, TestPlant } from "../tags/plant.ts";
import { FIELDS, listen } from "./heard.ts";
import type { Told } from "./heard.ts";
import { Station } from "./station.ts";

let plant: TestPlant;
let station: Station;
let session: ClientSession;
let operator: ClientSession;
let space: number;
let told: Told[];
let wake: () => void = () => {};
beforeAll(async () => {
  plant = new TestPlant({ plc: "[{ name: A, type: i32 }]", other: "[]" }, [{ name: "overruns", unit: "count" }]);
  station = await Station.start(plant);
  session = await station.login("observer");
  operator = await station.login("operator");
  space = (await session.readNamespaceArray()).indexOf(PLANT_URI);
  told = await heardAt(`ns=${space};s=plc`, 0);
});
afterAll(() => station.stop());
beforeEach(() => void (told.length = 0));

/** That events come is known once one has: the library begins to listen some time after it has said so. */
async function heardAt(nodeId: string, partition: number): Promise<Told[]> {
  const heard = await listen(session, nodeId, () => wake());
  while (heard.length === 0) {
    station.server.report({ partition, time: 0n, code: abi.EVENT_BOOT, a: 0n, b: 0n, c: 0n });
    await Promise.race([new Promise<void>((resolve) => (wake = resolve)), new Promise((resolve) => setTimeout(resolve, 2000))]);
  }
  heard.length = 0;
  return heard;
}

const own = (id: string): string => `ns=${space};s=${id}`;
async function next(count: number): Promise<Told[]> {
  while (told.length < count) await new Promise<void>((resolve) => (wake = resolve));
  return told.splice(0);
}
const brief = (all: readonly Told[]): string[] => all.map(({ name, state }) => `${String(name)} ${state}`);

async function acknowledge(role: Role, alarm: string, eventId: unknown, method = "i=9111"): Promise<string> {
  const by = role === "operator" ? operator : session;
  const [result] = await by.call([
    {
      objectId: own(`plc/Alarms/${alarm}`),
      methodId: method,
      inputArguments: [
        new Variant({ dataType: DataType.ByteString, value: eventId }),
        new Variant({ dataType: DataType.LocalizedText, value: { text: "seen" } }),
      ],
    },
  ]);
  return result?.statusCode.name ?? "";
}

test("a partition that fails: an alarm, until it runs and somebody has acknowledged it", async () => {
  plant.tell(0, "running");
  plant.tell(0, "failed");
  const [failed] = await next(1);
  expect(failed).toMatchObject({
    name: "Failed",
    message: "plc: has failed",
    severity: 900,
    state: "active unacked kept",
    source: "plc",
  });
  plant.tell(0, "running");
  const [over] = await next(1);
  expect(over).toMatchObject({ name: "Failed", message: "plc: is no longer failed", state: "over unacked kept" });
  expect(await acknowledge("operator", "Failed", over?.eventId)).toBe("Good");
  expect(brief(await next(1))).toEqual(["Failed over acked gone"]);
});

test("acknowledged while its cause lasts, it stays in the list until that is over", async () => {
  plant.tell(0, "failed");
  const [failed] = await next(1);
  expect(await acknowledge("operator", "Failed", failed?.eventId)).toBe("Good");
  expect(brief(await next(2)).at(-1)).toBe("Failed active acked kept");
  plant.tell(0, "running");
  expect(brief(await next(1))).toEqual(["Failed over acked gone"]);
});

test("an observer acknowledges nothing, by either method id, nor switches an alarm off; and it is audited", async () => {
  plant.tell(0, "failed");
  const [failed] = await next(1);
  station.audited.length = 0;
  expect(await acknowledge("observer", "Failed", failed?.eventId)).toBe("BadUserAccessDenied");
  expect(await acknowledge("observer", "Failed", failed?.eventId, own("plc/Alarms/Failed-Acknowledge"))).toBe(
    "BadUserAccessDenied",
  );
  for (const by of [session, operator]) {
    for (const methodId of [own("plc/Alarms/Failed-Disable"), "i=9028"]) {
      const [result] = await by.call([{ objectId: own("plc/Alarms/Failed"), methodId, inputArguments: [] }]);
      expect(result?.statusCode.name, methodId).not.toBe("Good");
    }
  }
  expect(station.audited[0]).toMatchObject({
    action: "command",
    object: "plc/Alarms/Failed",
    detail: "Acknowledge",
    allowed: false,
    who: { user: "observer" },
  });
  plant.tell(0, "running");
  await next(1);
});

test("silence, a watchdog and an overrun each have their alarm; a counter that begins anew is none", async () => {
  plant.tell(0, "running", { watchdogExpired: 0, tags: new Map([[0, 5n]]) });
  plant.tell(0, "running", { watchdogExpired: 1, tags: new Map([[0, 5n]]) });
  plant.tell(0, "running", { watchdogExpired: 1, tags: new Map([[0, 6n]]) });
  plant.tell(0, "running", { watchdogExpired: 1, tags: new Map([[0, 0n]]) });
  plant.scan(0);
  plant.pass(STALE_AFTER + 1);
  plant.tell(0, "running", { watchdogExpired: 1 });
  plant.scan(0);
  expect((await next(6)).map(({ message }) => message)).toEqual([
    "plc: its watchdog has expired",
    "plc: its watchdog has not expired again",
    "plc: its task has overrun its cycle",
    "plc: its task keeps its cycle again",
    "plc: is silent: nothing is heard of it",
    "plc: is heard of again",
  ]);
});

test("what the hypervisor reports is an event, at the partition and at the server", async () => {
  const server = await heardAt(resolveNodeId("Server").toString(), abi.FRAME_HYPERVISOR);
  station.server.report({ partition: 0, time: 0n, code: abi.EVENT_WATCHDOG, a: 5_000_000n, b: 0n, c: 0n });
  station.server.report({ partition: abi.FRAME_HYPERVISOR, time: 0n, code: abi.EVENT_BOOT, a: 0n, b: 0n, c: 2n });
  station.server.report({ partition: 1, time: 0n, code: abi.EVENT_STOPPED, a: BigInt(abi.STOP_COMMAND), b: 0n, c: 0n });
  expect(await next(1)).toMatchObject([{ message: "plc: watchdog expired: last fed 5.0 ms ago", severity: 800 }]);
  while (server.length < 3) await new Promise<void>((resolve) => (wake = resolve));
  expect(server.map(({ message }) => message)).toEqual([
    "plc: watchdog expired: last fed 5.0 ms ago",
    expect.stringContaining("booted 2 partitions"),
    "other: stopped: by command",
  ]);
  expect(told).toEqual([]);
});

test("who comes later asks for what is not over (ConditionRefresh)", async () => {
  plant.tell(0, "failed");
  await next(1);
  const subscription = await ClientSubscription.create(operator, {
    requestedPublishingInterval: 50,
    requestedLifetimeCount: 1000,
    requestedMaxKeepAliveCount: 100,
    publishingEnabled: true,
  });
  const names: unknown[] = [];
  const item = ClientMonitoredItem.create(
    subscription,
    { nodeId: "i=2253", attributeId: AttributeIds.EventNotifier },
    { samplingInterval: 0, queueSize: 100, discardOldest: true, filter: constructEventFilter(FIELDS, ofType("ConditionType")) },
    TimestampsToReturn.Both,
  );
  const refreshed = new Promise<void>((resolve) =>
    item.on("changed", ([name]: Variant[]) => (names.push(name?.value), name?.value === "Failed" ? resolve() : undefined)),
  );
  await new Promise<void>((resolve) => item.once("initialized", () => resolve()));
  const [result] = await operator.call([
    {
      objectId: "i=2782",
      methodId: "i=3875",
      inputArguments: [new Variant({ dataType: DataType.UInt32, value: subscription.subscriptionId })],
    },
  ]);
  expect(result?.statusCode.name).toBe("Good");
  await refreshed;
  plant.tell(0, "running");
});

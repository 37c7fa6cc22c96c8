// HistoryRead of raw values, by the rules of OPC 10000-11: both directions, bounds, pages, and what is refused.
import { DataType, HistoryReadRequest, ReadRawModifiedDetails, TimestampsToReturn } from "node-opcua-client";
import type { ClientSession } from "node-opcua-client";
import { HistoryData, ReadProcessedDetails } from "node-opcua-service-history";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLANT_URI } from "../../industrial/opcua/nodes.ts";
import { COUNTER_HZ, TestPlant } from "../tags/plant.ts";
import { Station } from "./station.ts";

const KEPT = 10;
const STEP = 1000;
const BEFORE_ANY = new Date(-11_644_473_600_000);

let station: Station;
let session: ClientSession;
let own: (id: string) => string;
let first: number;
beforeAll(async () => {
  const plant = new TestPlant({ plc: "[{ name: A, type: u64 }, { name: B, type: i32, deadband: 5 }]" });
  station = await Station.start(plant, { historyValues: KEPT });
  plant.tell(0, "running");
  first = station.instant.wall + 100 * STEP;
  // A: 0 … 9, one a second from `first` on, the last one bad; before them what is gone by now.
  for (let k = -3; k < KEPT; k++) {
    station.instant = { wall: first + k * STEP, steady: 10_000 + k * STEP };
    if (k === KEPT - 1) plant.tell(0, "off");
    else plant.scan(0, { A: BigInt.asUintN(64, BigInt(k)), B: k }, BigInt(((10_000 + k * STEP) * COUNTER_HZ) / 1000));
  }
  session = await station.login("observer");
  const space = (await session.readNamespaceArray()).indexOf(PLANT_URI);
  own = (id) => `ns=${space};s=${id}`;
});
afterAll(() => station.stop());

interface Page {
  readonly status: string;
  /** "3 Good 3": seconds after the first, status, value. */
  readonly values: readonly string[];
  readonly point: Buffer | null;
}

interface Asked {
  readonly from?: number;
  readonly to?: number;
  readonly count?: number;
  readonly bounds?: boolean;
  readonly point?: Buffer | null;
  readonly node?: string;
  readonly release?: boolean;
  readonly timestamps?: TimestampsToReturn;
  readonly details?: ReadRawModifiedDetails | ReadProcessedDetails;
}

async function ask({
  from,
  to,
  count = 0,
  bounds = false,
  point = null,
  node = own("plc.A"),
  release = false,
  timestamps = TimestampsToReturn.Source,
  details,
}: Asked): Promise<Page> {
  const at = (seconds: number | undefined): Date => (seconds === undefined ? BEFORE_ANY : new Date(first + seconds * STEP));
  const raw = new ReadRawModifiedDetails({
    isReadModified: false,
    startTime: at(from),
    endTime: at(to),
    numValuesPerNode: count,
    returnBounds: bounds,
  });
  const response = await session.historyRead(
    new HistoryReadRequest({
      nodesToRead: [{ nodeId: node, ...(point === null ? {} : { continuationPoint: point }) }],
      historyReadDetails: details ?? raw,
      timestampsToReturn: timestamps,
      releaseContinuationPoints: release,
    }),
  );
  const [result] = response.results ?? [];
  const data = result?.historyData instanceof HistoryData ? (result.historyData.dataValues ?? []) : [];
  const show = (value: unknown): string => (Array.isArray(value) ? String(value[1]) : "-");
  return {
    status: result?.statusCode.name ?? "",
    values: data.map(
      ({ sourceTimestamp, statusCode, value }) =>
        `${((sourceTimestamp?.getTime() ?? 0) - first) / STEP} ${statusCode.name} ` +
          `${value.dataType === DataType.Null ? "-" : show(value.value)}`,
    ),
    point: result?.continuationPoint ?? null,
  };
}
const good = (...seconds: number[]): string[] => seconds.map((second) => `${second} Good ${second}`);
const LAST = "9 BadOutOfService -";

const RANGES: readonly (readonly [what: string, asked: Asked, values: readonly string[]])[] = [
  ["the beginning is in it, the end is not", { from: 2, to: 5 }, good(2, 3, 4)],
  ["between the values", { from: 1.5, to: 3.5 }, good(2, 3)],
  ["one moment", { from: 4, to: 4 }, good(4)],
  ["backwards", { from: 5, to: 2 }, good(5, 4, 3)],
  ["to the end: a bad value is without value", { from: 7, to: 100 }, [...good(7, 8), LAST]],
  ["from a beginning on, so many", { from: 3, count: 2 }, good(3, 4)],
  ["up to an end, so many, backwards", { to: 3, count: 2 }, good(3, 2)],
  ["bounds on values", { from: 2, to: 4, bounds: true }, good(2, 3, 4)],
  ["bounds beside values", { from: 2.5, to: 3.5, bounds: true }, good(2, 3, 4)],
  ["bounds that there are not", { from: -1, to: 100, bounds: true, count: 3 }, ["-1 BadBoundNotFound -", ...good(0, 1)]],
  ["a last bound that there is not", { from: 8.5, to: 20, bounds: true }, [...good(8), LAST, "20 BadBoundNotFound -"]],
  ["bounds backwards", { from: 3.5, to: 2.5, bounds: true }, good(4, 3, 2)],
  ["a first bound that there is not, backwards", { from: 20, to: 8, bounds: true }, ["20 BadBoundNotFound -", LAST, ...good(8)]],
];
test.each(RANGES)("%s", async (_, asked, values) => {
  expect(await ask(asked)).toMatchObject({ status: "Good", values });
});

test("nothing is there: GoodNoData; what has been forgotten is not there", async () => {
  expect(await ask({ from: 50, to: 60 })).toEqual({ status: "GoodNoData", values: [], point: null });
  expect(await ask({ from: -3, to: 0 })).toMatchObject({ status: "GoodNoData" });
});

test.each([
  { from: 0, to: 9 },
  { from: 8, to: -1 },
  { from: 0.5, to: 30, bounds: true },
])("page by page it is what it is at once: %j", async (asked) => {
  const whole = (await ask(asked)).values;
  for (const count of [1, 2, 3, 4]) {
    const pages: string[] = [];
    let point: Buffer | null = null;
    do {
      const page: Page = await ask({ ...asked, count, point });
      expect(page.values.length).toBeLessThanOrEqual(count);
      pages.push(...page.values);
      point = page.point;
    } while (point !== null);
    expect(pages).toEqual(whole);
  }
});

test("a continuation point can be given back, and costs nothing; one of others, or of another tag, is refused", async () => {
  const { point } = await ask({ from: 0, to: 9, count: 1 });
  expect((await ask({ point, node: own("plc.B") })).status).toBe("BadContinuationPointInvalid");
  expect((await ask({ point, release: true })).status).toBe("Good");
  expect((await ask({ point: Buffer.from("anything") })).status).toBe("BadContinuationPointInvalid");
  const forged = Buffer.from(point ?? []);
  forged.writeDoubleBE(1e300, 16);
  expect((await ask({ point: forged })).status).toBe("BadContinuationPointInvalid");
});

test("a change smaller than the tag's deadband is neither told nor kept", async () => {
  // The first is what the server began with: no value yet.
  expect((await ask({ from: -1000, to: 100, node: own("plc.B") })).values.map((text) => text.split(" ")[0])).toEqual([
    "-100",
    "-3",
    "2",
    "7",
    "9",
  ]);
});

test("that there is history, and how much of it comes at once, the server's capabilities say", async () => {
  const [capability, most] = await session.read([{ nodeId: "i=11193" }, { nodeId: "i=11273" }]);
  expect([capability?.value.value, most?.value.value]).toEqual([true, 1000]);
});

test("what is not there is refused by name", async () => {
  expect((await ask({})).status).toBe("BadHistoryOperationInvalid");
  expect((await ask({ from: 3 })).status).toBe("BadHistoryOperationInvalid");
  expect((await ask({ from: 0, to: 9, timestamps: TimestampsToReturn.Server })).status).toBe("BadTimestampNotSupported");
  expect((await ask({ from: 0, to: 9, node: "i=2258" })).status).toBe("BadHistoryOperationUnsupported");
  expect((await ask({ from: 0, to: 9, node: own("plc") })).status).toBe("BadHistoryOperationUnsupported");
  expect((await ask({ from: 0, to: 9, node: own("plc.Nothing") })).status).toBe("BadNodeIdUnknown");
  expect(
    (
      await ask({
        details: new ReadRawModifiedDetails({
          isReadModified: true,
          startTime: new Date(first),
          endTime: new Date(first + 1),
          numValuesPerNode: 1,
        }),
      })
    ).status,
  ).toBe("BadHistoryOperationUnsupported");
});

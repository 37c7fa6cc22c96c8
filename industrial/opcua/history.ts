// HistoryRead of raw values (OPC 10000-11, 6.5.3). A continuation point holds all that is needed to go on: the server keeps
// nothing for it, so that nobody can make it keep much, and one that is never used costs nothing.
//
//     0      8     16      24     32   33
//     ┌──────┬─────┬───────┬──────┬────┐
//     │ tag  │ at  │ end   │ bound│step│
//     └──────┴─────┴───────┴──────┴────┘
//     at, end: numbers of values (industrial/history/series.ts); bound: the time at which a bound is still to be told as not
//     found, or NaN; step: 1 forwards, -1 backwards
import { DataValue, TimestampsToReturn } from "node-opcua-data-value";
import type { OPCUAServer } from "node-opcua-server";
import { HistoryData, HistoryReadResult, ReadRawModifiedDetails } from "node-opcua-service-history";
import { StatusCodes } from "node-opcua-status-code";
import type { StatusCode } from "node-opcua-status-code";
import { PermissionType } from "node-opcua-types";
import type { HistoryReadRequest, HistoryReadValueId } from "node-opcua-types";
import type { Tag } from "../../partitions/tags/table.ts";
import type { Entry, Series } from "../history/series.ts";
import { STATUS_OF } from "./status.ts";
import { NO_VALUE, toVariant } from "./values.ts";

/** Values in one answer for one tag. */
const PAGE = 1000;
const POINT_BYTES = 33;
/** No time at all: 1601-01-01 and before (OPC 10000-6, 5.2.2.5). */
const NO_TIME = -11_644_473_600_000;

export interface HistoryNode {
  readonly tag: Tag;
  readonly series: Series;
}

interface Way {
  at: number;
  readonly end: number;
  readonly step: 1 | -1;
  /** Told at the end. */
  readonly bound: number;
}

/** `nodes`: by node id. */
export function readHistory(server: OPCUAServer, nodes: ReadonlyMap<string, HistoryNode>): void {
  const { engine } = server;
  engine.historyServerCapabilities.accessHistoryDataCapability = nodes.size > 0;
  engine.historyServerCapabilities.maxReturnDataValues = PAGE;
  const numbers = new Map([...nodes.keys()].map((id, index) => [id, index]));
  engine.historyRead = async (context, request) =>
    (request.nodesToRead ?? []).map((node) => {
      const id = node.nodeId.toString();
      const found = nodes.get(id);
      const variable = engine.addressSpace?.findNode(node.nodeId) ?? null;
      if (variable === null) return refused(StatusCodes.BadNodeIdUnknown);
      if (found === undefined) return refused(StatusCodes.BadHistoryOperationUnsupported);
      if (!context.checkPermission(variable, PermissionType.ReadHistory)) return refused(StatusCodes.BadUserAccessDenied);
      return read(found, numbers.get(id) ?? -1, node, request);
    });
}

const refused = (statusCode: StatusCode): HistoryReadResult => new HistoryReadResult({ statusCode });

function read(
  { tag, series }: HistoryNode,
  number: number,
  node: HistoryReadValueId,
  { historyReadDetails: details, timestampsToReturn, releaseContinuationPoints }: HistoryReadRequest,
): HistoryReadResult {
  if (!(details instanceof ReadRawModifiedDetails) || details.isReadModified)
    return refused(StatusCodes.BadHistoryOperationUnsupported);
  // The PLC's time is the one that is kept.
  if (timestampsToReturn === TimestampsToReturn.Server) return refused(StatusCodes.BadTimestampNotSupported);
  if (!node.indexRange.isEmpty()) return refused(StatusCodes.BadIndexRangeInvalid);
  const point = node.continuationPoint;
  const isNew = point === null || point.length === 0;
  if (releaseContinuationPoints) return refused(isNew ? StatusCodes.BadContinuationPointInvalid : StatusCodes.Good);
  const values: DataValue[] = [];
  const way = isNew ? begin(series, details, (time) => values.push(noBound(time))) : goOn(point, number, series);
  if (way === undefined) return refused(isNew ? StatusCodes.BadHistoryOperationInvalid : StatusCodes.BadContinuationPointInvalid);

  const wanted = details.numValuesPerNode === 0 ? PAGE : Math.min(details.numValuesPerNode, PAGE);
  for (; way.at !== way.end && values.length < wanted; way.at += way.step) {
    const entry = series.entry(way.at);
    if (entry !== undefined) values.push(toDataValue(tag, entry));
  }
  const boundIsLeft = !Number.isNaN(way.bound);
  const isDone = way.at === way.end && (!boundIsLeft || values.length < wanted);
  if (isDone && boundIsLeft) values.push(noBound(way.bound));
  const status = values.length === 0 ? StatusCodes.GoodNoData : StatusCodes.Good;
  return new HistoryReadResult({
    statusCode: status,
    historyData: new HistoryData({ dataValues: values }),
    ...(isDone ? {} : { continuationPoint: toPoint(number, way) }),
  });
}

const isTime = (time: Date | null): time is Date => time !== null && time.getTime() > NO_TIME;

/**
 * From where to where: the beginning is in it and the end is not, so that one reading follows upon another; bounds reach
 * one further. With one time only, it is as many values as are wanted.
 */
function begin(
  series: Series,
  { startTime, endTime, numValuesPerNode: wanted, returnBounds }: ReadRawModifiedDetails,
  notFound: (time: number) => void,
): Way | undefined {
  const start = isTime(startTime) ? startTime.getTime() : undefined;
  const end = isTime(endTime) ? endTime.getTime() : undefined;
  const from = start ?? end;
  if (from === undefined || ((start === undefined || end === undefined) && wanted === 0)) return undefined;
  const to = start === undefined ? Number.NEGATIVE_INFINITY : (end ?? Number.POSITIVE_INFINITY);
  let told = 0;
  const missing = (time: number): void => {
    told++;
    notFound(time);
  };
  const way = to >= from ? forwards(series, from, to, returnBounds, missing) : backwards(series, from, to, returnBounds, missing);
  if (Number.isFinite(to)) return way;
  const farthest = way.at + way.step * Math.max(0, wanted - told);
  return { ...way, end: way.step === 1 ? Math.min(way.end, farthest) : Math.max(way.end, farthest) };
}

function forwards(series: Series, from: number, to: number, bounds: boolean, missing: (time: number) => void): Way {
  const end = from === to ? series.after(to) : series.from(to);
  let at = series.from(from);
  if (!bounds) return { at: Math.min(at, end), end, step: 1, bound: Number.NaN };
  if (series.entry(at)?.time !== from) {
    if (at > series.first) at--;
    else missing(from);
  }
  const isOpen = !Number.isFinite(to);
  return isOpen || end < series.next
    ? { at, end: isOpen ? end : end + 1, step: 1, bound: Number.NaN }
    : { at, end, step: 1, bound: to };
}

/** `end` is one before the last, as numbers go down. */
function backwards(series: Series, from: number, to: number, bounds: boolean, missing: (time: number) => void): Way {
  const isOpen = !Number.isFinite(to);
  const end = isOpen ? series.first - 1 : series.after(to) - 1;
  let at = series.after(from) - 1;
  if (!bounds) return { at: Math.max(at, end), end, step: -1, bound: Number.NaN };
  if (series.entry(at)?.time !== from) {
    if (at + 1 < series.next) at++;
    else missing(from);
  }
  return isOpen || end >= series.first
    ? { at, end: isOpen ? end : end - 1, step: -1, bound: Number.NaN }
    : { at, end, step: -1, bound: to };
}

function toPoint(number: number, { at, end, bound, step }: Way): Buffer {
  const point = Buffer.alloc(POINT_BYTES);
  for (const [index, field] of [number, at, end, bound].entries()) point.writeDoubleBE(field, index * 8);
  point.writeInt8(step, POINT_BYTES - 1);
  return point;
}

/** Undefined: it is none of ours, or of another tag, or what it goes on with is gone. */
function goOn(point: Buffer, number: number, series: Series): Way | undefined {
  if (point.length !== POINT_BYTES) return undefined;
  const [whose = -1, at = -1, end = -1, bound = 0] = [0, 8, 16, 24].map((offset) => point.readDoubleBE(offset));
  const step = point.readInt8(POINT_BYTES - 1);
  if (whose !== number || (step !== 1 && step !== -1) || !Number.isSafeInteger(at) || !Number.isSafeInteger(end))
    return undefined;
  const isThere = (value: number): boolean => value >= series.first - 1 && value <= series.next;
  const leads = (end - at) * step >= 0;
  return isThere(at) && isThere(end) && leads ? { at, end, step, bound: Number.isFinite(bound) ? bound : Number.NaN } : undefined;
}

function toDataValue(tag: Tag, { time, quality, value }: Entry): DataValue {
  return new DataValue({
    value: value === undefined ? NO_VALUE() : toVariant(tag.type, value),
    statusCode: STATUS_OF[quality],
    sourceTimestamp: new Date(time),
  });
}

const noBound = (time: number): DataValue =>
  new DataValue({ value: NO_VALUE(), statusCode: StatusCodes.BadBoundNotFound, sourceTimestamp: new Date(time) });

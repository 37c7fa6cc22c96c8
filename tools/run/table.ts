// The live table: one line a partition, and below it one line for every PLC with its scan times.
import { EXIT_NAMES } from "../../industrial/link/exits.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { type Column, displayWidth, layOut, layOutFolded } from "./columns.ts";
import type { Monitor, PartitionRecord } from "../../industrial/live/monitor.ts";
import { showCount, showRate, showSlot, showTime, showUpdate, showUptime } from "../../industrial/live/show.ts";
import { type Paint, STATE_FORMATS, titled } from "./paint.ts";

/** The profile whose partitions publish PLC_TAG_*. */
const PLC_GUEST = "plc";

const UNKNOWN = "–"; // no telemetry yet

type Rates = (partition: PartitionRecord) => readonly number[];

function partitionColumns(paint: Paint, partitions: readonly PartitionRecord[]): Column<PartitionRecord>[] {
  const throttled: Column<PartitionRecord> = { title: "THROTTLED", align: "right", cell: showThrottled };
  const updates: Column<PartitionRecord> = { title: "IMAGE", align: "left", cell: ({ telemetry }) =>
    telemetry?.update === undefined ? "" : showUpdate(telemetry.update) };
  return [
    { title: "PARTITION", align: "left", cell: (p) => p.name },
    {
      title: "STATE",
      align: "left",
      width: 8,
      cell: (p) => (p.telemetry ? paint(STATE_FORMATS[p.telemetry.state], p.telemetry.state) : UNKNOWN),
    },
    { title: "UPTIME", align: "right", width: 5, cell: (p) => (p.telemetry ? showUptime(p.telemetry.uptime) : UNKNOWN) },
    { title: "RESTARTS", align: "right", cell: (p) => String(p.telemetry?.restarts ?? UNKNOWN) },
    { title: "HELD", align: "right", cell: (p) => (p.vcpus.length > 0 ? showTime(p.held) : UNKNOWN) },
    ...(partitions.some(hasUpdate) ? [updates] : []),
    ...(partitions.some(({ plan }) => plan.bandwidth !== null) ? [throttled] : []),
    { title: "IRQ MODE", align: "left", cell: (p) => (p.plan.direct ? paint("bold", "direct") : "injected") },
    { title: "EXITS", align: "right", width: 5, cell: (p) => (p.vcpus.length > 0 ? showCount(p.exits.reduce(sum, 0)) : UNKNOWN) },
    { title: "SINCE READY", align: "right", cell: (p) => sinceReady(p, paint) },
  ];
}

const hasUpdate = ({ telemetry }: PartitionRecord): boolean => telemetry?.update !== undefined;

function showThrottled({ plan, vcpus, throttled }: PartitionRecord): string {
  if (plan.bandwidth === null) return "";
  return vcpus.length > 0 ? showCount(throttled) : UNKNOWN;
}

const sum = (a: number, b: number): number => a + b;

/** "0 in 00:31". Of a partition with direct interrupts every single one is remarkable. */
function sinceReady({ plan, sinceReady: { exits, time } }: PartitionRecord, paint: Paint): string {
  if (exits === undefined) return UNKNOWN;
  const text = `${showCount(exits)} in ${showUptime(time)}`;
  return plan.direct ? paint(exits === 0 ? ["green", "bold"] : ["red", "bold"], text) : text;
}

const RATE_WIDTH = 5;

const showKnown = (partition: PartitionRecord, rate: number): string => (partition.vcpus.length > 0 ? showRate(rate) : UNKNOWN);

function totalColumn(rates: Rates): Column<PartitionRecord> {
  return { title: "EXITS/s", align: "right", cell: (p) => showKnown(p, rates(p).reduce(sum, 0)) };
}

function causeColumns(rates: Rates, causes: readonly number[], width: number): Column<PartitionRecord>[] {
  return causes.map((cause) => ({
    title: EXIT_NAMES[cause] ?? "",
    align: "right",
    width,
    cell: (p) => showKnown(p, rates(p)[cause] ?? 0),
  }));
}

/**
 * One table where the terminal is wide enough; else the causes below, and only those that have occurred. Each is folded where
 * it is still too wide.
 */
function partitionTables(monitor: Monitor, rates: Rates, width: number, paint: Paint): string[][] {
  const { partitions } = monitor;
  const states = partitionColumns(paint, partitions);
  const all = EXIT_NAMES.map((_, cause) => cause);
  const whole = layOut([...states, totalColumn(rates), ...causeColumns(rates, all, RATE_WIDTH)], partitions);
  if (Math.max(...whole.map(displayWidth)) <= width) return [whole];
  const occurred = all.filter((cause) => partitions.some((p) => (p.exits[cause] ?? 0) > 0));
  const whose: Column<PartitionRecord> = { title: "EXITS/s", align: "left", cell: (p) => p.name };
  const total = { ...totalColumn(rates), title: "all" };
  const causesBelow = [whose, total, ...causeColumns(rates, occurred, 0)];
  return [...layOutFolded(states, partitions, width), ...layOutFolded(causesBelow, partitions, width)];
}

/** "997.9 / 1000.0 / 1002.1" */
function microseconds(partition: PartitionRecord, tags: readonly number[]): string {
  return tags.map((tag) => inMicroseconds(partition.tag(tag))).join(" / ");
}

const inMicroseconds = (value: bigint | undefined): string => (value === undefined ? UNKNOWN : (Number(value) / 1e3).toFixed(1));

const CYCLE = [plcAbi.PLC_TAG_CYCLE_MIN, plcAbi.PLC_TAG_CYCLE_AVG, plcAbi.PLC_TAG_CYCLE_MAX];
const JITTER = [plcAbi.PLC_TAG_JITTER_MIN, plcAbi.PLC_TAG_JITTER_AVG, plcAbi.PLC_TAG_JITTER_MAX];
const EXECUTION = [plcAbi.PLC_TAG_EXEC_MIN, plcAbi.PLC_TAG_EXEC_AVG, plcAbi.PLC_TAG_EXEC_MAX];

const LAST = [plcAbi.PLC_TAG_CYCLE_LAST, plcAbi.PLC_TAG_JITTER_LAST, plcAbi.PLC_TAG_EXEC_LAST];
/** As their tags are called, without " recent". */
const MAXIMA = ["cycle", "jitter", "execution"];

function maxima({ maxima: { values } }: PartitionRecord): string {
  return MAXIMA.map((name) => inMicroseconds(values.get(name))).join(" / ");
}

/** "12.3 %" */
const showLoad = (load: number | undefined): string => (load === undefined ? UNKNOWN : `${(load * 100).toFixed(1)} %`);

const plcColumns: readonly Column<PartitionRecord>[] = [
  { title: "PLC", align: "left", cell: (p) => p.name },
  { title: "SCANS", align: "right", width: 8, cell: (p) => String(p.tag(plcAbi.PLC_TAG_SCANS) ?? UNKNOWN) },
  { title: "OVERRUNS", align: "right", cell: (p) => String(p.tag(plcAbi.PLC_TAG_OVERRUNS) ?? UNKNOWN) },
  { title: "CYCLE µs min/avg/max", align: "right", cell: (p) => microseconds(p, CYCLE) },
  { title: "JITTER µs", align: "right", cell: (p) => microseconds(p, JITTER) },
  { title: "EXECUTION µs", align: "right", cell: (p) => microseconds(p, EXECUTION) },
  { title: "LOAD", align: "right", cell: (p) => showLoad(p.load) },
  { title: "LAST µs cycle/jitter/exec", align: "right", cell: (p) => microseconds(p, LAST) },
  { title: "MAX SINCE CLEARED µs", align: "right", cell: maxima },
];

function tables(monitor: Monitor, rates: Rates, width: number, paint: Paint): string[] {
  const plcs = monitor.partitions.filter((partition) => partition.plan.guest === PLC_GUEST);
  const plcTables = plcs.length > 0 ? layOutFolded(plcColumns, plcs, width) : [];
  const shown = [...partitionTables(monitor, rates, width, paint), ...plcTables].flatMap((table) => titled(table, paint));
  return monitor.system === undefined ? shown : [showSlot(monitor.system), ...shown];
}

/** Rates between the last two telemetry frames. */
export function liveTable(monitor: Monitor, width: number, paint: Paint): string[] {
  return tables(monitor, (partition) => partition.exitRates, width, paint);
}

/** Mean rates of the whole run. */
export function summaryTable(monitor: Monitor, width: number, paint: Paint): string[] {
  return tables(monitor, (partition) => partition.meanExitRates, width, paint);
}

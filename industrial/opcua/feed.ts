// Brings what the plant knows into the variables: a value when it changes, its status when its partition's quality changes.
import type { UAVariable } from "node-opcua-address-space";
import { StatusCodes } from "node-opcua-status-code";
import type { StatusCode } from "node-opcua-status-code";
import { DataType, Variant, VariantArrayType } from "node-opcua-variant";
import type { Tag } from "../../partitions/tags/table.ts";
import type { Series } from "../history/series.ts";
import type { PartitionTelemetry } from "../link/telemetry.ts";
import { ScanClock } from "../tags/clock.ts";
import type { Instant } from "../tags/clock.ts";
import type { Plant, Quality } from "../tags/plant.ts";
import { toDouble, toHalves } from "../tags/value.ts";
import type { PartitionNodes, PlantNodes, StatusName } from "./nodes.ts";
import { hasValue, STATUS_OF } from "./status.ts";
import type { Log } from "./target.ts";
import { NO_VALUE, toVariant } from "./values.ts";

export class Feed {
  readonly #plant: Plant;
  readonly #log: Log;
  readonly #partitions: readonly PartitionNodes[];
  readonly #history: ReadonlyMap<Tag, Series>;
  readonly #clocks: readonly ScanClock[];
  /** What was told last of tags with a deadband. */
  readonly #told = new Map<Tag, number>();
  readonly #stop: () => void;

  /** `history`: of tags whose values are kept. */
  constructor(plant: Plant, nodes: PlantNodes, history: ReadonlyMap<Tag, Series>, log: Log, counterHz: number, now?: () => Instant) {
    this.#plant = plant;
    this.#log = log;
    this.#history = history;
    this.#partitions = nodes.partitions;
    this.#clocks = nodes.partitions.map(() => new ScanClock(counterHz, now));
    this.#stop = plant.listen({
      values: (partition, changed) => this.#showValues(partition, changed),
      quality: (partition, quality, before) => this.#showQuality(partition, quality, before),
      telemetry: (partition) => this.#showTelemetry(partition),
    });
    for (const partition of nodes.partitions.keys()) {
      const quality = plant.qualityOf(partition);
      this.#showQuality(partition, quality, quality);
    }
  }

  close(): void {
    this.#stop();
  }

  #showValues(partition: number, changed: readonly Tag[]): void {
    const { tags } = this.#partitions[partition] ?? {};
    const image = this.#plant.imageOf(partition);
    const quality = this.#plant.qualityOf(partition);
    const clock = this.#clocks[partition];
    if (tags === undefined || image === undefined || clock === undefined || !hasValue(quality)) return;
    const time = new Date(clock.scan(image.scan));
    for (const tag of changed) if (!this.#isWithinDeadband(partition, tag)) this.#showTag(partition, tag, tags.get(tag), quality, time);
  }

  #showQuality(partition: number, quality: Quality, before: Quality): void {
    const { tags } = this.#partitions[partition] ?? {};
    const image = this.#plant.imageOf(partition);
    const clock = this.#clocks[partition];
    if (tags === undefined || clock === undefined) return;
    if (before === "stopped" || before === "silent") clock.restart(); // a partition's counter stands while it is paused
    // The time of the scan that makes them good again is that of their values; what makes them worse happens now.
    const time = new Date(quality === "good" && image !== undefined ? clock.scan(image.scan) : clock.moment());
    for (const [tag, variable] of tags) this.#showTag(partition, tag, variable, quality, time);
    this.#showTelemetry(partition);
  }

  #showTag(partition: number, tag: Tag, variable: UAVariable | undefined, quality: Quality, time: Date): void {
    const value = hasValue(quality) ? this.#plant.tagValue(partition, tag) : undefined;
    if (variable !== undefined) this.#set(variable, value === undefined ? NO_VALUE() : toVariant(tag.type, value), STATUS_OF[quality], time);
    this.#history.get(tag)?.record(time.getTime(), quality, value === undefined ? undefined : this.#plant.imageOf(partition)?.view, tag.offset);
    if (tag.deadband > 0) this.#told.set(tag, toDouble(value ?? "") ?? Number.NaN);
  }

  /** The library tells every item within this call: what goes wrong with one client's is no matter of the plant's. */
  #set(variable: UAVariable, value: Variant, status: StatusCode, time: Date): void {
    try {
      variable.setValueFromSource(value, status, time);
    } catch (error) {
      this.#log.error(`OPC UA: ${variable.nodeId.toString()} cannot be told: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** A value that has not changed keeps its time: nobody is told. */
  #put(variable: UAVariable, value: Variant | undefined, status: StatusCode, time: Date): void {
    const now = status === StatusCodes.Good && value !== undefined ? value : NO_VALUE();
    const before = variable.readValue();
    if (before.statusCode === status && String(before.value.value) === String(now.value)) return;
    this.#set(variable, now, status, time);
  }

  /** A change smaller than its deadband is not told; what is not a number has none. */
  #isWithinDeadband(partition: number, tag: Tag): boolean {
    if (tag.deadband === 0) return false;
    const now = toDouble(this.#plant.tagValue(partition, tag) ?? "") ?? Number.NaN;
    return Math.abs(now - (this.#told.get(tag) ?? Number.NaN)) < tag.deadband;
  }

  #showTelemetry(partition: number): void {
    const { guestTags = [], status } = this.#partitions[partition] ?? {};
    const quality = this.#plant.qualityOf(partition);
    const telemetry = this.#plant.telemetryOf(partition);
    const time = new Date(this.#clocks[partition]?.moment() ?? 0);
    const heard = telemetry === undefined ? StatusCodes.BadWaitingForInitialData : quality === "silent" ? STATUS_OF.silent : StatusCodes.Good;
    for (const [name, variable] of status ?? []) this.#put(variable, telemetry === undefined ? undefined : STATUS[name](telemetry), heard, time);
    const running = quality === "stopped" && heard === StatusCodes.Good ? STATUS_OF.stopped : heard;
    for (const [index, variable] of guestTags.entries()) {
      const value = telemetry?.tags.get(index);
      const published = value === undefined && running === StatusCodes.Good ? StatusCodes.BadWaitingForInitialData : running;
      this.#put(variable, value === undefined ? undefined : wide(value), published, time);
    }
  }
}

const wide = (value: bigint): Variant => new Variant({ dataType: DataType.UInt64, arrayType: VariantArrayType.Scalar, value: toHalves(value) });
const count = (value: number): Variant => new Variant({ dataType: DataType.UInt32, value: value >>> 0 });

const STATUS: Readonly<Record<StatusName, (telemetry: PartitionTelemetry) => Variant>> = {
  state: ({ state }) => new Variant({ dataType: DataType.String, value: state }),
  uptime: ({ uptime }) => wide(uptime),
  restarts: ({ restarts }) => count(restarts),
  watchdog_expired: ({ watchdogExpired }) => count(watchdogExpired),
  console_dropped: ({ consoleDropped }) => count(consoleDropped),
};

// Brings what the plant knows into the variables: a value when it changes, its status when its partition's quality changes.
import type { UAVariable } from "node-opcua-address-space";
import { StatusCodes } from "node-opcua-status-code";
import type { StatusCode } from "node-opcua-status-code";
import { DataType, Variant, VariantArrayType } from "node-opcua-variant";
import type { Tag } from "../../partitions/tags/table.ts";
import type { Series } from "../history/series.ts";
import type { PartitionTelemetry, SystemTelemetry, UpdateTelemetry } from "../link/telemetry.ts";
import { Maxima } from "../live/maxima.ts";
import type { Plant, Quality } from "../tags/plant.ts";
import { toHalves } from "../tags/value.ts";
import type { ImageName, PartitionNodes, PlantNodes, StatusName } from "./nodes.ts";
import { hasValue, STATUS_OF } from "./status.ts";
import type { Log } from "./target.ts";
import { NO_VALUE, toVariant } from "./values.ts";

export class Feed {
  readonly #plant: Plant;
  readonly #log: Log;
  readonly #partitions: readonly PartitionNodes[];
  readonly #system: PlantNodes["system"];
  readonly #history: ReadonlyMap<Tag, Series>;
  readonly #maxima: readonly Maxima[];
  readonly #stop: () => void;

  /** `history`: of tags whose values are kept. */
  constructor(plant: Plant, nodes: PlantNodes, history: ReadonlyMap<Tag, Series>, log: Log) {
    this.#plant = plant;
    this.#log = log;
    this.#history = history;
    this.#partitions = nodes.partitions;
    this.#system = nodes.system;
    this.#maxima = plant.partitions.map(({ guestTags }) => new Maxima(guestTags));
    this.#stop = plant.listen({
      values: (partition, _, news) => this.#showValues(partition, news),
      quality: (partition, quality) => this.#showQuality(partition, quality),
      telemetry: (partition, telemetry) => {
        this.#maxima[partition]?.take(telemetry);
        this.#showTelemetry(partition);
      },
    });
    this.#showSystem(undefined, StatusCodes.BadWaitingForInitialData);
    for (const partition of nodes.partitions.keys()) this.#showQuality(partition, plant.qualityOf(partition));
  }

  close(): void {
    this.#stop();
  }

  /** Its maxima begin anew. False: its guest publishes nothing that has any. */
  clearMaxima(partition: number): boolean {
    const maxima = this.#maxima[partition];
    if (maxima === undefined || !maxima.isPossible) return false;
    maxima.clear(this.#plant.telemetryOf(partition)?.time ?? 0n);
    this.#showTelemetry(partition);
    return true;
  }

  /** Undefined: nobody hears from the hypervisor. */
  takeSystem(system: SystemTelemetry | undefined): void {
    this.#showSystem(system, system === undefined ? STATUS_OF.silent : StatusCodes.Good);
  }

  #showSystem(system: SystemTelemetry | undefined, status: StatusCode): void {
    for (const [name, variable] of this.#system) {
      const value = system && new Variant({ dataType: DataType.String, value: system[name] });
      this.#put(variable, value, status, new Date());
    }
  }

  #showValues(partition: number, news: readonly Tag[]): void {
    const { tags } = this.#partitions[partition] ?? {};
    const quality = this.#plant.qualityOf(partition);
    if (tags === undefined || !hasValue(quality)) return;
    const time = new Date(this.#plant.timeOf(partition));
    for (const tag of news) this.#showTag(partition, tag, tags.get(tag), quality, time);
  }

  #showQuality(partition: number, quality: Quality): void {
    const { tags } = this.#partitions[partition] ?? {};
    if (tags === undefined) return;
    const hasImage = quality === "good" && this.#plant.imageOf(partition) !== undefined;
    const time = new Date(hasImage ? this.#plant.timeOf(partition) : this.#plant.momentOf(partition));
    for (const [tag, variable] of tags) this.#showTag(partition, tag, variable, quality, time);
    this.#showTelemetry(partition);
  }

  #showTag(partition: number, tag: Tag, variable: UAVariable | undefined, quality: Quality, time: Date): void {
    const value = hasValue(quality) ? this.#plant.tagValue(partition, tag) : undefined;
    if (variable !== undefined)
      this.#set(variable, value === undefined ? NO_VALUE() : toVariant(tag.type, value), STATUS_OF[quality], time);
    this.#history
      .get(tag)
      ?.record(time.getTime(), quality, value === undefined ? undefined : this.#plant.imageOf(partition)?.view, tag.offset);
  }

  /** The library tells every item within this call: what goes wrong with one client's is no matter of the plant's. */
  #set(variable: UAVariable, value: Variant, status: StatusCode, time: Date): void {
    try {
      variable.setValueFromSource(value, status, time);
    } catch (error) {
      this.#log.error(
        `OPC UA: ${variable.nodeId.toString()} cannot be told: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** A value that has not changed keeps its time: nobody is told. */
  #put(variable: UAVariable, value: Variant | undefined, status: StatusCode, time: Date): void {
    const now = status === StatusCodes.Good && value !== undefined ? value : NO_VALUE();
    const before = variable.readValue();
    if (before.statusCode === status && String(before.value.value) === String(now.value)) return;
    this.#set(variable, now, status, time);
  }

  #showTelemetry(partition: number): void {
    const { guestTags = [], status, image, maxima } = this.#partitions[partition] ?? {};
    const quality = this.#plant.qualityOf(partition);
    const telemetry = this.#plant.telemetryOf(partition);
    const time = new Date(this.#plant.momentOf(partition));
    const heard =
      telemetry === undefined ? StatusCodes.BadWaitingForInitialData : quality === "silent" ? STATUS_OF.silent : StatusCodes.Good;
    for (const [name, variable] of status ?? [])
      this.#put(variable, telemetry === undefined ? undefined : STATUS[name](telemetry), heard, time);
    for (const [name, variable] of image ?? []) {
      const update = telemetry?.update;
      this.#put(variable, update && count(IMAGE[name](update)), heard, time);
    }
    const running = quality === "stopped" && heard === StatusCodes.Good ? STATUS_OF.stopped : heard;
    for (const [index, variable] of guestTags.entries()) {
      const value = telemetry?.tags.get(index);
      const published = value === undefined && running === StatusCodes.Good ? StatusCodes.BadWaitingForInitialData : running;
      this.#put(variable, value === undefined ? undefined : wide(value), published, time);
    }
    // What was is true of a partition that stands, too.
    const known = heard === StatusCodes.Good ? StatusCodes.BadWaitingForInitialData : heard;
    for (const [name, variable] of maxima ?? []) {
      const value = this.#maxima[partition]?.values.get(name);
      this.#put(variable, value === undefined ? undefined : wide(value), value === undefined ? known : heard, time);
    }
  }
}

const wide = (value: bigint): Variant =>
  new Variant({ dataType: DataType.UInt64, arrayType: VariantArrayType.Scalar, value: toHalves(value) });
const count = (value: number): Variant => new Variant({ dataType: DataType.UInt32, value: value >>> 0 });

const IMAGE: Readonly<Record<ImageName, (update: UpdateTelemetry) => number>> = {
  image_version: ({ running }) => running,
  image_next: ({ next }) => next,
};

const STATUS: Readonly<Record<StatusName, (telemetry: PartitionTelemetry) => Variant>> = {
  state: ({ state }) => new Variant({ dataType: DataType.String, value: state }),
  uptime: ({ uptime }) => wide(uptime),
  restarts: ({ restarts }) => count(restarts),
  watchdog_expired: ({ watchdogExpired }) => count(watchdogExpired),
  console_dropped: ({ consoleDropped }) => count(consoleDropped),
};

// What the bridge knows of a running plant: each partition's tag image, its state, how old both are and what they are
// worth. Protocols read it; nothing here knows a protocol.
//
// A scan's time is in the world's: the guest's counter, by what is measured here (clock.ts). A change smaller than a tag's
// deadband is told to nobody; small ones that add up are.
//
// Quality is the partition's, for a scan makes all of its values: what a stopped or silent partition has shown last is no
// value of now.
import { EventEmitter } from "node:events";
import { bytesOf } from "../../partitions/tags/type.ts";
import type { PartitionTags, Tag } from "../../partitions/tags/table.ts";
import type { PlannedTag } from "../../partitions/plan/plan.ts";
import type { PartitionState, PartitionTelemetry } from "../link/telemetry.ts";
import { ScanClock, systemClock } from "./clock.ts";
import type { Instant } from "./clock.ts";
import { readValue } from "./value.ts";
import type { TagValue } from "./value.ts";

export interface PlantPartition {
  readonly name: string;
  /** Of its registers (partitions/tags/registers.ts). */
  readonly slot: number;
  /** Undefined: it has no tags. */
  readonly tags: PartitionTags | undefined;
  /** Its profile's, by hypercall. */
  readonly guestTags: readonly PlannedTag[];
}

/**
 * waiting: no value has been seen yet. stale: nothing new for longer than is allowed, while it runs as far
 * as anybody knows. stopped: it does not run. silent: nobody hears from the hypervisor. mismatch: its
 * guest was built for another tag table.
 */
export const QUALITIES = ["good", "waiting", "stale", "stopped", "silent", "mismatch"] as const;
export type Quality = (typeof QUALITIES)[number];

export interface PlantEvents {
  /**
   * A partition has scanned: the tags whose values have changed, and those of them that are news: by their deadbands at
   * least, and not told just now with all the others, because their quality is good again.
   */
  values: [partition: number, changed: readonly Tag[], news: readonly Tag[]];
  quality: [partition: number, now: Quality, before: Quality];
  /** State and its profile's tags. */
  telemetry: [partition: number, telemetry: PartitionTelemetry];
}

/** All that a protocol wants to know. */
export type PlantListener = { readonly [K in keyof PlantEvents]: (...told: PlantEvents[K]) => void };

interface Seen {
  image: Buffer | undefined;
  /** CNTVCT_EL0 of the image's scan. */
  scan: bigint;
  imageAt: number;
  /** Undefined: nobody knows how fast the counter is. */
  readonly clock: ScanClock | undefined;
  /** Milliseconds since 1970. */
  time: number;
  /** What was told last of tags with a deadband. */
  readonly told: Map<Tag, TagValue>;
  telemetry: PartitionTelemetry | undefined;
  telemetryAt: number;
  mismatch: boolean;
  quality: Quality;
}

export class Plant extends EventEmitter<PlantEvents> {
  readonly partitions: readonly PlantPartition[];
  readonly #seen: Seen[];
  readonly #clock: () => Instant;
  readonly #staleAfter: number;

  /**
   * `staleAfter`: ms without news. `counterHz`: CNTFRQ_EL0 of the board; without it values have the time
   * at which they came. `clock`: a test's.
   */
  constructor(partitions: readonly PlantPartition[], staleAfter: number, counterHz?: number, clock: () => Instant = systemClock) {
    super();
    this.partitions = partitions;
    this.#staleAfter = staleAfter;
    this.#clock = clock;
    this.#seen = partitions.map(() => ({
      image: undefined,
      scan: 0n,
      imageAt: Number.NEGATIVE_INFINITY,
      clock: counterHz === undefined ? undefined : new ScanClock(counterHz, clock),
      time: Number.NEGATIVE_INFINITY,
      told: new Map<Tag, TagValue>(),
      telemetry: undefined,
      telemetryAt: Number.NEGATIVE_INFINITY,
      mismatch: false,
      quality: "waiting",
    }));
  }

  /** A whole image of the partition's own table, as TagSnapshots and TagMirror tell it. `among`: no others have changed. */
  takeImage(partition: number, image: DataView, scan: bigint, among?: readonly Tag[]): void {
    const seen = this.#seen[partition];
    const tags = this.partitions[partition]?.tags;
    if (seen === undefined || tags === undefined) return;
    const before = seen.image;
    const bytes = new Uint8Array(image.buffer, image.byteOffset, tags.size);
    const changed = before === undefined ? tags.tags : (among ?? tags.tags).filter((tag) => differs(before, bytes, tag));
    const news = changed.filter((tag) => !isWithinDeadband(tag, seen.told.get(tag), image));
    for (const tag of news) if (tag.deadband > 0) seen.told.set(tag, readValue(image, tag.offset, tag.type));
    seen.image ??= Buffer.alloc(tags.size);
    seen.image.set(bytes);
    seen.scan = scan;
    seen.imageAt = this.#now();
    seen.mismatch = false;
    // A partition's counter stands while it is paused.
    if (seen.quality === "stopped" || seen.quality === "silent") seen.clock?.restart();
    seen.time = seen.clock?.scan(scan) ?? this.#moment(seen);
    const toldAll = this.#judge(partition, seen, true);
    this.emit("values", partition, changed, toldAll ? [] : news);
  }

  /** The partition's guest writes images of another table. */
  takeMismatch(partition: number): void {
    const seen = this.#seen[partition];
    if (seen === undefined) return;
    seen.mismatch = true;
    this.#judge(partition, seen);
  }

  takeTelemetry(telemetry: PartitionTelemetry): void {
    const seen = this.#seen[telemetry.partition];
    if (seen === undefined) return;
    seen.telemetry = telemetry;
    seen.telemetryAt = this.#now();
    this.#judge(telemetry.partition, seen);
    this.emit("telemetry", telemetry.partition, telemetry);
  }

  /** Tells somebody, until the function that comes back is called. */
  listen(heard: PlantListener): () => void {
    const { values, quality, telemetry } = heard;
    this.on("values", values).on("quality", quality).on("telemetry", telemetry);
    return () => void this.off("values", values).off("quality", quality).off("telemetry", telemetry);
  }

  /** Called now and then: that nothing comes tells nobody. */
  review(): void {
    for (const [partition, seen] of this.#seen.entries()) this.#judge(partition, seen);
  }

  qualityOf(partition: number): Quality {
    return this.#seen[partition]?.quality ?? "waiting";
  }

  /** Undefined: it has not been heard of. */
  stateOf(partition: number): PartitionState | undefined {
    return this.#seen[partition]?.telemetry?.state;
  }

  telemetryOf(partition: number): PartitionTelemetry | undefined {
    return this.#seen[partition]?.telemetry;
  }

  /** Milliseconds since a partition's newest values; undefined: there were none. */
  ageOf(partition: number): number | undefined {
    const seen = this.#seen[partition];
    if (seen === undefined) return undefined;
    const at = this.partitions[partition]?.tags === undefined ? seen.telemetryAt : seen.imageAt;
    return at === Number.NEGATIVE_INFINITY ? undefined : this.#now() - at;
  }

  /** When its newest values were made, in ms since 1970: never before what was told for it earlier. */
  timeOf(partition: number): number {
    return this.#seen[partition]?.time ?? Number.NEGATIVE_INFINITY;
  }

  /** The present moment, likewise: of what no scan has made. */
  momentOf(partition: number): number {
    const seen = this.#seen[partition];
    return seen === undefined ? this.#clock().wall : this.#moment(seen);
  }

  /** The last image, whatever it is worth now. Not to be kept: the next one is written over it. */
  imageOf(partition: number): { readonly view: DataView; readonly scan: bigint } | undefined {
    const { image, scan = 0n } = this.#seen[partition] ?? {};
    return image === undefined ? undefined : { view: new DataView(image.buffer, image.byteOffset, image.length), scan };
  }

  /** Undefined: none has been seen. What it is worth, qualityOf() says. */
  tagValue(partition: number, tag: Tag): TagValue | undefined {
    const image = this.imageOf(partition);
    return image === undefined ? undefined : readValue(image.view, tag.offset, tag.type);
  }

  #now(): number {
    return this.#clock().steady;
  }

  #moment(seen: Seen): number {
    return seen.clock?.moment() ?? Math.max(seen.time, this.#clock().wall);
  }

  /** True: its values are good again, and have been told. */
  #judge(partition: number, seen: Seen, isScan = false): boolean {
    const before = seen.quality;
    const now = this.#quality(seen, this.partitions[partition]?.tags !== undefined);
    if (now === before) return false;
    seen.quality = now;
    // The time of the scan that makes them good again is that of their values; what makes them so without a scan happens now.
    if (now === "good" && !isScan) seen.time = this.#moment(seen);
    if (now === "good") this.#tellAnew(partition, seen);
    this.emit("quality", partition, now, before);
    return now === "good";
  }

  /** All of its values are told, as they are now. */
  #tellAnew(partition: number, { image, told }: Seen): void {
    if (image === undefined) return;
    const view = new DataView(image.buffer, image.byteOffset, image.length);
    for (const tag of this.partitions[partition]?.tags?.tags ?? [])
      if (tag.deadband > 0) told.set(tag, readValue(view, tag.offset, tag.type));
  }

  /** The worst that is known comes first. */
  #quality({ image, imageAt, telemetry, telemetryAt, mismatch }: Seen, hasTags: boolean): Quality {
    const old = this.#now() - this.#staleAfter;
    if (telemetry !== undefined && telemetryAt >= old && telemetry.state !== "running") return "stopped";
    if (mismatch) return "mismatch";
    const isNew = imageAt >= old;
    if (hasTags) {
      if (image === undefined) return telemetry !== undefined && telemetryAt < old ? "silent" : "waiting";
      if (isNew) return "good";
      return telemetry !== undefined && telemetryAt < old ? "silent" : "stale";
    }
    if (telemetry === undefined) return "waiting";
    return telemetryAt >= old ? "good" : "silent";
  }
}

function differs(before: Buffer, now: Uint8Array, { offset, type }: Tag): boolean {
  const end = offset + bytesOf(type);
  return before.compare(now, offset, end, offset, end) !== 0;
}

/** What is no number has no deadband; of an array each element counts. */
function isWithinDeadband({ deadband, offset, type }: Tag, told: TagValue | undefined, image: DataView): boolean {
  if (deadband === 0 || told === undefined) return false;
  const numbers = (value: TagValue): number[] => (Array.isArray(value) ? value : [value]).map(Number);
  const before = numbers(told);
  return numbers(readValue(image, offset, type)).every((now, index) => Math.abs(now - (before[index] ?? Number.NaN)) < deadband);
}

// A plant for tests: partitions of a system.yaml, a clock that a test moves, images as guests write them.
import type { Instant } from "../../industrial/tags/clock.ts";
import { Plant } from "../../industrial/tags/plant.ts";
import { writeValue } from "../../industrial/tags/value.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import type { PartitionState, PartitionTelemetry } from "../../industrial/link/telemetry.ts";
import type { Tag } from "../../partitions/tags/table.ts";
import { planned } from "./tables.ts";

export const STALE_AFTER = 100;
/** Of the guests' counters. */
export const COUNTER_HZ = 1_000_000;
const FIRST_WALL = Date.UTC(2027, 0, 1);

export class TestPlant {
  readonly plant: Plant;
  instant: Instant = { wall: FIRST_WALL, steady: 0 };
  readonly #images: DataView[];
  #scan = 0n;

  constructor(partitions: Readonly<Record<string, string>>, guestTags: readonly { name: string; unit: "count" | "ns" }[] = []) {
    const { table, slots } = planned(partitions);
    const all = Object.keys(partitions).map((name) => ({
      name,
      slot: slots.get(name) ?? 0,
      tags: table.find(({ partition }) => partition === name),
      guestTags,
    }));
    this.plant = new Plant(all, STALE_AFTER, COUNTER_HZ, () => this.instant);
    this.#images = all.map(({ tags }) => new DataView(new ArrayBuffer(tags?.size ?? 0)));
  }

  tag(partition: number, name: string): Tag {
    const found = this.plant.partitions[partition]?.tags?.tags.find((tag) => tag.name === name);
    if (found === undefined) throw new Error(`there is no tag ${name}`);
    return found;
  }

  /** A scan of the guest that sets these. */
  scan(partition: number, values: Readonly<Record<string, TagValue>> = {}, counter = ++this.#scan): void {
    const image = this.#images[partition] ?? new DataView(new ArrayBuffer(0));
    for (const [name, value] of Object.entries(values))
      writeValue(image, this.tag(partition, name).offset, this.tag(partition, name).type, value);
    this.plant.takeImage(partition, image, counter);
  }

  tell(partition: number, state: PartitionState, more: Partial<PartitionTelemetry> = {}): void {
    this.plant.takeTelemetry({
      partition,
      time: 0n,
      state,
      uptime: 0n,
      restarts: 0,
      consoleDropped: 0,
      watchdogExpired: 0,
      doorbells: 0,
      tags: new Map(),
      ...more,
    });
  }

  pass(milliseconds: number): void {
    this.instant = { wall: this.instant.wall + milliseconds, steady: this.instant.steady + milliseconds };
    this.plant.review();
  }
}

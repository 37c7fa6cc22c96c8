// What the bridge takes for the tags themselves: 1,000 of them, a hundred images a second, from the pipe of tag-reader to
// the Modbus tables; beside it the same images when nothing changes. Its own CPU time, as a share of a core; medians.
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { PlantTarget } from "../../industrial/tags/modbus.ts";
import { Plant } from "../../industrial/tags/plant.ts";
import { TagSnapshots } from "../../industrial/tags/snapshots.ts";
import { writeValue } from "../../industrial/tags/value.ts";
import { layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags } from "../../partitions/tags/table.ts";
import {
  TAG_IMAGE_LAYOUT, TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_SIZE, TAG_IMAGE_TABLE, TAG_IMAGE_TIME, TAG_IMAGE_VERSION,
  TAG_STREAM_TRAILER,
} from "../../rtos-guests/channel/tagImageLayout.ts";
import { planned } from "../tags/tables.ts";
import type { BridgeRow } from "./modbus/rows.ts";

const TAGS = 1000;
const PERIOD_MS = 10;
const SECONDS = 3;
const ROUNDS = 5;
const GOAL = 0.1;

function imageOf(table: PartitionTags): Buffer {
  const image = Buffer.alloc(table.size + TAG_STREAM_TRAILER);
  const words = [
    [0, TAG_IMAGE_MAGIC],
    [TAG_IMAGE_VERSION, TAG_IMAGE_LAYOUT],
    [TAG_IMAGE_TABLE, layoutSum(table)],
    [TAG_IMAGE_SIZE, table.size],
  ] as const;
  for (const [at, word] of words) image.writeUInt32LE(word, at);
  return image;
}

async function measure(changing: boolean): Promise<number> {
  const [table] = planned({ plc: `[${Array.from({ length: TAGS }, (_, n) => `{ name: T${n}, type: f32 }`).join(", ")}]` })
    .table as readonly [PartitionTags];
  const plant = new Plant([{ name: "plc", slot: 0, tags: table, guestTags: [] }], 1000);
  new PlantTarget(plant, { identification: new Map(), order: "high-first", stale: "exception", write: undefined });
  const stream = new PassThrough();
  const snapshots = new TagSnapshots(stream, { table: layoutSum(table), size: table.size });
  let images = 0;
  snapshots.on("image", (image, scan) => {
    images++;
    plant.takeImage(0, image, scan);
  });
  const image = imageOf(table);
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  let made = 0;
  let making = 0; // the guest's work, not the bridge's
  const make = (): Buffer => {
    const before = process.cpuUsage();
    made++;
    if (changing) for (const tag of table.tags) writeValue(view, tag.offset, tag.type, made);
    view.setUint32(TAG_IMAGE_SEQUENCE, 2 * made, true);
    view.setBigUint64(TAG_IMAGE_TIME, BigInt(made), true);
    view.setUint32(table.size, 2 * made, true);
    view.setUint32(table.size + 4, ~(2 * made) >>> 0, true);
    const { user, system } = process.cpuUsage(before);
    making += user + system;
    return Buffer.from(image);
  };
  const begin = performance.now();
  const cpu = process.cpuUsage();
  for (let n = 1; n <= (SECONDS * 1000) / PERIOD_MS; n++) {
    stream.write(make());
    await sleep(Math.max(0, begin + n * PERIOD_MS - performance.now()));
  }
  const { user, system } = process.cpuUsage(cpu);
  if (images !== made) throw new Error(`${made} images were made, and ${images} came`);
  return (user + system - making) / 1000 / (performance.now() - begin);
}

export async function tagRows(): Promise<BridgeRow[]> {
  const all: number[] = [];
  const none: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    all.push(await measure(true));
    none.push(await measure(false));
  }
  const middle = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  const value = middle(all);
  return [
    {
      title: `${TAGS} tags, all changing, ${1000 / PERIOD_MS} times a second: share of a core`,
      ours: `${(100 * value).toFixed(1)} %`,
      theirs: `none changing ${(100 * middle(none)).toFixed(1)} %`,
      value,
      goal: `≤ ${GOAL}`,
      isReached: value <= GOAL,
    },
  ];
}

// A batch of writes on its way to a partition's guest, and the guest's answer (rtos-guests/channel/tagWritesLayout.ts).
import { layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags, Tag } from "../../partitions/tags/table.ts";
import { TAG_WRITES_BATCH_MAX, TAG_WRITES_ENTRIES } from "../../rtos-guests/channel/tagWritesLayout.ts";
import { writeValue } from "./value.ts";
import type { TagValue } from "./value.ts";

export interface TagWrite {
  readonly tag: Tag;
  /** One that fits() its tag. */
  readonly value: TagValue;
}

/** As a log shows them: by their names; a 64-bit integer as text, for JSON has none. */
export const namedValues = (writes: readonly TagWrite[]): Record<string, unknown> =>
  Object.fromEntries(writes.map(({ tag, value }) => [tag.name, typeof value === "bigint" ? String(value) : value]));

const WORD = 4;
/** Bytes of a tag's value in a batch: of a text without what pads it in the image. */
const lengthOf = ({ type: { scalar, size, count = 1, text } }: Tag): number => (scalar === "string" ? 1 + text : size * count);
const padded = (length: number): number => Math.ceil(length / WORD) * WORD;

/** Bytes of the batch of these. */
export const batchLength = (writes: readonly TagWrite[]): number =>
  writes.reduce((sum, { tag }) => sum + WORD + padded(lengthOf(tag)), TAG_WRITES_ENTRIES);

/** Whether they are few enough to be one. */
export const isOneBatch = (writes: readonly TagWrite[]): boolean => batchLength(writes) <= TAG_WRITES_BATCH_MAX;

export function encodeBatch(number: number, tags: PartitionTags, writes: readonly TagWrite[]): Buffer {
  const batch = Buffer.alloc(batchLength(writes));
  batch.writeUInt32LE(number, 0);
  batch.writeUInt32LE(layoutSum(tags), WORD);
  let at = TAG_WRITES_ENTRIES;
  for (const { tag, value } of writes) {
    const whole = new DataView(new ArrayBuffer(padded(tag.type.size * (tag.type.count ?? 1))));
    writeValue(whole, 0, tag.type, value);
    batch.writeUInt32LE(tag.offset, at);
    batch.set(new Uint8Array(whole.buffer, 0, lengthOf(tag)), at + WORD);
    at += WORD + padded(lengthOf(tag));
  }
  return batch;
}

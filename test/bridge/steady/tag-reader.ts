// Stands in the place of tag-reader: images of a guest that scans as often as it is told, and that does
// what is written (tagWritesLayout.ts).
import { readFileSync } from "node:fs";
import { layoutSum } from "../../../partitions/tags/table.ts";
import {
  TAG_IMAGE_LAYOUT, TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_SIZE, TAG_IMAGE_TABLE, TAG_IMAGE_TIME, TAG_IMAGE_VERSION,
  TAG_STREAM_TRAILER,
} from "../../../rtos-guests/channel/tagImageLayout.ts";
import {
  TAG_ANSWER_BYTES, TAG_ANSWER_MAGIC, TAG_WRITES_DONE, TAG_WRITES_ENTRIES,
} from "../../../rtos-guests/channel/tagWritesLayout.ts";
import { CHANGING, COUNTER_HZ, ORDER_VARIABLE, SCANS_PER_SECOND, TAGS } from "./plant.ts";
import type { ReaderOrder } from "./plant.ts";

const TICK_MS = 10;
const { table, scans, perSecond } = JSON.parse(readFileSync(process.env[ORDER_VARIABLE] ?? "", "utf8")) as ReaderOrder;
const { size, tags } = table;
const image = Buffer.alloc(size + TAG_STREAM_TRAILER);
image.writeUInt32LE(TAG_IMAGE_MAGIC, 0);
image.writeUInt32LE(TAG_IMAGE_LAYOUT, TAG_IMAGE_VERSION);
image.writeUInt32LE(layoutSum(table), TAG_IMAGE_TABLE);
image.writeUInt32LE(size, TAG_IMAGE_SIZE);
const values = tags.filter(({ name }) => name.startsWith("T"));

let scan = 0;
let due = 0;
let isTaken = true;
const answers: Buffer[] = [];
setInterval(() => {
  due = Math.min(due + ((scan < scans ? perSecond : SCANS_PER_SECOND) * TICK_MS) / 1000, perSecond);
  for (; due >= 1 && isTaken; due--) {
    for (let k = 0; k < CHANGING; k++) image.writeFloatLE(scan, values[(scan * CHANGING + k) % TAGS]?.offset ?? 0);
    const sequence = (2 * ++scan) % 2 ** 32;
    image.writeUInt32LE(sequence, TAG_IMAGE_SEQUENCE);
    image.writeBigUInt64LE(BigInt(Math.round((performance.now() * COUNTER_HZ) / 1000)), TAG_IMAGE_TIME);
    image.writeUInt32LE(sequence, size);
    image.writeUInt32LE(~sequence >>> 0, size + 4);
    isTaken = process.stdout.write(Buffer.concat([image, ...answers.splice(0)]));
  }
}, TICK_MS);
process.stdout.on("drain", () => (isTaken = true));

let received: Buffer = Buffer.alloc(0);
process.stdin.on("data", (bytes: Buffer) => {
  received = Buffer.concat([received, bytes]);
  while (received.length >= 4 && received.length >= 4 + received.readUInt32LE(0)) {
    const batch = received.subarray(4, 4 + received.readUInt32LE(0));
    received = received.subarray(4 + batch.length);
    // Setpoint, an i16, is all there is.
    batch.copy(image, batch.readUInt32LE(TAG_WRITES_ENTRIES), TAG_WRITES_ENTRIES + 4, TAG_WRITES_ENTRIES + 6);
    const answer = Buffer.alloc(TAG_ANSWER_BYTES);
    answer.writeUInt32LE(TAG_ANSWER_MAGIC, 0);
    answer.writeUInt32LE(batch.readUInt32LE(0), 4);
    answer.writeUInt32LE(TAG_WRITES_DONE, 8);
    answer.writeUInt32LE(~batch.readUInt32LE(0) >>> 0, 12);
    answers.push(answer);
  }
});
process.stdin.on("end", () => process.exit(0));

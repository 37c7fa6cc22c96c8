// tag-reader, the Linux end of a tag image, under QEMU's user mode emulation with a file as its
// device; and the bridge's end of its pipe.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TagSnapshots } from "../../industrial/tags/snapshots.ts";
import { readValue, writeValue } from "../../industrial/tags/value.ts";
import { layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags } from "../../partitions/tags/table.ts";
import {
  TAG_IMAGE_LAYOUT, TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_SIZE, TAG_IMAGE_TABLE, TAG_IMAGE_TIME, TAG_IMAGE_VERSION,
} from "../../rtos-guests/channel/tagImageLayout.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { TAG_READER } from "../../tools/build/programs.ts";
import { EVERY_TYPE, planned } from "./tables.ts";

const [table] = planned({ plc: EVERY_TYPE }).table as readonly [PartitionTags];
const layout = { table: layoutSum(table), size: table.size };
const CHANNEL_BYTES = 4096;

/** As tag-reader hands it on. */
function sent(value: number, sequence: number, other = layout): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(sequence, 0);
  trailer.writeUInt32LE(~sequence >>> 0, 4);
  return Buffer.concat([image(value, sequence, other), trailer]);
}

/** An image whose I32 is `value`, as a guest writes it. */
function image(value: number, sequence: number, { table: sum, size } = layout): Buffer {
  const bytes = Buffer.alloc(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  const words: readonly (readonly [number, number])[] = [
    [0, TAG_IMAGE_MAGIC],
    [TAG_IMAGE_VERSION, TAG_IMAGE_LAYOUT],
    [TAG_IMAGE_TABLE, sum],
    [TAG_IMAGE_SIZE, size],
    [TAG_IMAGE_SEQUENCE, sequence],
  ];
  for (const [at, word] of words) view.setUint32(at, word, true);
  view.setBigUint64(TAG_IMAGE_TIME, BigInt(value), true);
  const tag = table.tags.find(({ name }) => name === "I32");
  if (tag !== undefined) writeValue(view, tag.offset, tag.type, value);
  return bytes;
}
const valueIn = (view: DataView): unknown => {
  const tag = table.tags.find(({ name }) => name === "I32");
  return tag === undefined ? undefined : readValue(view, tag.offset, tag.type);
};

let folder = "";
let program = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-tag-reader-"));
  program = join(folder, "tag-reader");
  copyFileSync((await buildProgram(TAG_READER)).elf, program);
  chmodSync(program, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...parameters: string[]): { status: number | null; stderr: string } =>
  spawnSync("qemu-aarch64", [program, ...parameters], { encoding: "utf8", timeout: 120_000 });

describe("tag-reader", () => {
  test("hands on each image once, whole and in order, and none while its writer is at work", async () => {
    const device = join(folder, "device");
    const channel = Buffer.alloc(CHANNEL_BYTES);
    image(1, 2).copy(channel);
    writeFileSync(device, channel);
    const file = openSync(device, "r+");
    const put = (value: number, sequence: number): void => {
      const bytes = image(value, sequence);
      writeSync(file, Uint8Array.of(sequence - 1), 0, 1, TAG_IMAGE_SEQUENCE); // odd: at work
      writeSync(file, bytes, TAG_IMAGE_TIME, bytes.length - TAG_IMAGE_TIME, TAG_IMAGE_TIME);
      writeSync(file, bytes, TAG_IMAGE_SEQUENCE, 4, TAG_IMAGE_SEQUENCE);
    };
    const child = spawn("qemu-aarch64", [program, device, "0x0", "0x1000"]);
    const snapshots = new TagSnapshots(child.stdout, layout);
    const seen: [unknown, bigint][] = [];
    const done = new Promise<void>((resolve) => {
      snapshots.on("image", (view, time) => {
        seen.push([valueIn(view), time]);
        if (seen.length < 5) put(seen.length + 1, 2 * (seen.length + 1));
        else resolve();
      });
    });
    await done;
    writeSync(file, Uint8Array.of(13), 0, 1, TAG_IMAGE_SEQUENCE); // at work, for ever
    child.kill("SIGKILL");
    await once(child, "close");
    closeSync(file);
    expect(seen).toEqual([[1, 1n], [2, 2n], [3, 3n], [4, 4n], [5, 5n]]);
    expect(snapshots.skipped).toBe(0);
  });

  test.each([
    ["nothing there", Buffer.alloc(64)],
    ["a writer that stands still", image(1, 3)],
    ["an image larger than the channel", image(1, 2, { table: 1, size: CHANNEL_BYTES + 64 }).subarray(0, CHANNEL_BYTES)],
    [
      "an image smaller than its header",
      image(1, 2, { table: 1, size: 1024 }).fill(Uint8Array.of(56, 0, 0, 0), TAG_IMAGE_SIZE, TAG_IMAGE_SIZE + 4),
    ],
  ])("says nothing where there is %s", async (_, bytes) => {
    const device = join(folder, "odd");
    const channel = Buffer.alloc(CHANNEL_BYTES);
    bytes.copy(channel);
    writeFileSync(device, channel);
    const child = spawn("qemu-aarch64", [program, device, "0x0", "0x1000"]);
    let heard = 0;
    child.stdout.on("data", (data: Uint8Array) => (heard += data.length));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([heard, child.exitCode]).toEqual([0, null]);
    child.kill("SIGKILL");
    await once(child, "close");
  });

  test("that it cannot do its work it says, with a status", () => {
    expect(run()).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("usage: tag-reader DEVICE 0xOFFSET 0xSIZE") as string,
    });
    expect(run("/dev/null", "0x0", "4096").status).toBe(2);
    expect(run(join(folder, "none"), "0x0", "0x1000")).toMatchObject({
      status: 3,
      stderr: "tag-reader: open of the device failed, errno 2\n",
    });
    expect(run(folder, "0x0", "0x1000").status).toBe(4);
  });

  test("ends when nobody reads it any more", async () => {
    const device = join(folder, "last");
    writeFileSync(device, Buffer.concat([image(1, 2), Buffer.alloc(CHANNEL_BYTES)]));
    const child = spawn("sh", ["-c", `qemu-aarch64 ${program} ${device} 0x0 0x1000 | true`]);
    // It notices when it has something to hand on: an image that came before the other side has gone found room in the pipe.
    let sequence = 2;
    const scans = setInterval(() => writeFileSync(device, image(1, (sequence += 2)), { flag: "r+" }), 20);
    const [status] = (await once(child, "close")) as [number];
    clearInterval(scans);
    expect(status).toBe(0);
  });
});

describe("the bridge's end", () => {
  /** What is told of a stream that comes in these pieces. */
  function told(pieces: readonly Uint8Array[]): { values: unknown[]; mismatches: number; skipped: number } {
    const stream = new PassThrough();
    const snapshots = new TagSnapshots(stream, layout);
    const values: unknown[] = [];
    let mismatches = 0;
    snapshots.on("image", (view) => values.push(valueIn(view)));
    snapshots.on("mismatch", () => mismatches++);
    for (const piece of pieces) stream.emit("data", piece);
    return { values, mismatches, skipped: snapshots.skipped };
  }

  test("finds every image after any garbage, however the stream is cut", () => {
    const garbage = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(
        fc.array(garbage, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(2000), { maxLength: 10 }),
        (between, cuts) => {
          const whole = Buffer.concat(between.flatMap((bytes, n) => [bytes, sent(n, 2 * n + 2)]));
          const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
          const pieces = at.slice(1).map((end, n) => whole.subarray(at[n], end));
          const { values, skipped } = told(pieces);
          expect(values).toEqual(between.map((_, n) => n));
          expect(skipped).toBe(between.reduce((sum, { length }) => sum + length, 0));
        },
      ),
    );
  });

  test("takes no image that was cut off for one, wherever, and each of the next ones", () => {
    for (let length = 1; length < layout.size + 8; length++) {
      const { values } = told([sent(1, 2).subarray(0, length), sent(2, 4), sent(3, 6)]);
      expect(values, `cut off after ${length} bytes`).toEqual([2, 3]);
    }
  });

  test("says once that the guest was built for another table, and takes none of its values", () => {
    const other = { table: layout.table ^ 1, size: layout.size };
    expect(told([sent(1, 2, other), sent(2, 4, other), sent(3, 6)])).toEqual({
      values: [3],
      mismatches: 1,
      skipped: 2 * (layout.size + 8),
    });
    expect(told([sent(1, 2, { table: 7, size: layout.size + 64 }), sent(3, 6)])).toEqual({
      values: [3],
      mismatches: 1,
      skipped: layout.size + 72,
    });
  });
});

// The seqlock of the process image: writer and reader are the same sources that the guest and plc-reader are built from,
// each in an instance of its own, on one shared channel.
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { PROCESS_IMAGE_MAGIC, PROCESS_IMAGE_SEQUENCE, PROCESS_IMAGE_SIZE } from "../../rtos-guests/plc/abi.ts";
import { type Access, ChannelMemory } from "./channelMemory.ts";
import { CHANNEL, loadLogic, type Logic } from "./logicProgram.ts";

const READ_OK = 0;
const READ_NO_MAGIC = 1;
const READ_BUSY = 2;
const READ_TRIES = 1000;
/** Loads of one whole try: the sequence, the magic and eight values, the sequence again. */
const READS_PER_TRY = 11;

let channel: ChannelMemory;
let writer: Logic;
let reader: Logic;
beforeEach(async () => {
  channel = new ChannelMemory(CHANNEL);
  writer = await loadLogic(channel);
  reader = await loadLogic(channel);
});

const sequence = (): number => channel.u32(PROCESS_IMAGE_SEQUENCE);

/** What one write does to the channel, without doing it. */
async function recordWrite(startSequence: number, value: number): Promise<Access[]> {
  const accesses: Access[] = [];
  const scratch = new ChannelMemory(CHANNEL);
  scratch.before = (access) => accesses.push(access);
  (await loadLogic(scratch)).imageWrite(CHANNEL, startSequence, value);
  return accesses;
}

describe("the writer", () => {
  test("makes the sequence odd before the first value and even after the last, with a store barrier on both sides", async () => {
    const accesses = await recordWrite(6, 42);
    const kinds = accesses.map((access) =>
      access.kind === "write" && access.offset === PROCESS_IMAGE_SEQUENCE ? `sequence ${access.value}` : access.kind,
    );
    expect(kinds.slice(0, 2)).toEqual(["sequence 7", "orderWrites"]);
    expect(kinds.slice(-3)).toEqual(["orderWrites", "sequence 8", "cleanLine"]);
    const values = kinds.slice(2, -3);
    expect(values.every((kind) => kind === "write")).toBe(true);
    expect(values).toHaveLength(9);
  });

  test("stays within PROCESS_IMAGE_SIZE, which is within one cache line", async () => {
    for (const access of await recordWrite(0, 0xffff_ffff)) {
      if (access.kind === "write") expect(access.offset).toBeLessThan(PROCESS_IMAGE_SIZE);
    }
    expect(PROCESS_IMAGE_SIZE).toBeLessThanOrEqual(64);
  });

  test("a new life goes on from whatever sequence it finds, and ends even and changed; 32 bits wrap", () => {
    for (const [found, after] of [[0, 2], [6, 8], [7, 8], [0xffff_ffff, 0], [0xffff_fffe, 0]] as const) {
      writer.imageWrite(CHANNEL, found, 1);
      expect(sequence()).toBe(after);
    }
  });
});

describe("the reader", () => {
  test("reads what was written", () => {
    writer.imageWrite(CHANNEL, 0, 0x1234_5678);
    expect(reader.imageRead(CHANNEL)).toBe(READ_OK);
    expect(reader.imageIsWhole()).toBe(1);
    expect(reader.imageValue()).toBe(0x1234_5678);
  });

  test("says that there is no image: empty channel, or something else in it", () => {
    expect(reader.imageRead(CHANNEL)).toBe(READ_NO_MAGIC);
    writer.imageWrite(CHANNEL, 0, 1);
    channel.store(0, 32, BigInt(PROCESS_IMAGE_MAGIC + 1));
    expect(reader.imageRead(CHANNEL)).toBe(READ_NO_MAGIC);
  });

  test("gives up after a bounded number of tries on a writer that stands still in mid-write", () => {
    writer.imageWrite(CHANNEL, 0, 1);
    channel.store(PROCESS_IMAGE_SEQUENCE, 32, 3n);
    let reads = 0;
    channel.before = ({ kind }) => void (reads += Number(kind === "read"));
    expect(reader.imageRead(CHANNEL)).toBe(READ_BUSY);
    expect(reads).toBe(READ_TRIES * (READS_PER_TRY - 1)); // odd from the start: no second look;
  });

  test("reads the sequence first and last, with a load barrier between it and the values", () => {
    writer.imageWrite(CHANNEL, 0, 1);
    const accesses: string[] = [];
    channel.before = (access) =>
      void accesses.push(access.kind === "read" && access.offset === PROCESS_IMAGE_SEQUENCE ? "sequence" : access.kind);
    reader.imageRead(CHANNEL);
    expect(accesses.slice(0, 3)).toEqual(["refreshLine", "sequence", "orderReads"]);
    expect(accesses.slice(-2)).toEqual(["orderReads", "sequence"]);
    expect(accesses).toHaveLength(READS_PER_TRY + 3);
  });
});

test("however reads and writes interleave, the reader never takes a torn image for a whole one", async () => {
  const WRITES = 4;
  let at = 0;
  const stores: Access[] = [];
  for (let value = 1; value <= WRITES; value++) {
    stores.push(...(await recordWrite(at, value)).filter(({ kind }) => kind === "write"));
    at += 2;
  }
  let retried = 0;
  fc.assert(
    // How many of the writer's stores happen before each of the reader's loads.
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 60, maxLength: 60 }), (schedule) => {
      channel.before = () => undefined;
      writer.imageWrite(CHANNEL, 0xffff_fffe, 100);
      const waiting = stores.slice();
      let reads = 0;
      channel.before = ({ kind }) => {
        if (kind !== "read") return;
        for (const store of waiting.splice(0, schedule[reads++] ?? 1)) {
          if (store.kind === "write") channel.store(store.offset, store.offset === 8 ? 64 : 32, store.value);
        }
      };
      expect(reader.imageRead(CHANNEL)).toBe(READ_OK);
      expect(reader.imageIsWhole()).toBe(1);
      if (reads > READS_PER_TRY) retried++;
    }),
  );
  expect(retried).toBeGreaterThan(0); // else nothing was torn, and nothing tested
});

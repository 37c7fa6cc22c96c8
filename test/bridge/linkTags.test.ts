// Tag images over the link: the core's own bytes on the simulated machine, its UART as the bridge's link,
// and the plant that the protocols read.
import { Duplex } from "node:stream";
import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as abi from "../../core/abi.ts";
import { Hypervisor } from "../../industrial/bridge/hypervisor.ts";
import { LinkTags } from "../../industrial/bridge/linkTags.ts";
import { Link } from "../../industrial/link/link.ts";
import { Plant } from "../../industrial/tags/plant.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { writeValue } from "../../industrial/tags/value.ts";
import { layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags } from "../../partitions/tags/table.ts";
import {
  TAG_IMAGE_LAYOUT, TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_SIZE, TAG_IMAGE_TABLE, TAG_IMAGE_TIME, TAG_IMAGE_VALUES,
  TAG_IMAGE_VERSION,
} from "../../rtos-guests/channel/tagImageLayout.ts";
import { Bench, value } from "../core/bench.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { LINUX, mailbox, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { planned } from "../tags/tables.ts";

const MAILBOX = 0x5000_1000;
const IMAGE = MAILBOX + abi.MAILBOX_TAG_IMAGE;
const STALE_AFTER = 300;
const [PLC_INDEX] = [1];
const TAGS =
  '[{ name: Count, type: u32 }, { name: Many, type: "f64[100]" }, { name: Text, type: "string[60]" }, ' +
  "{ name: Flag, type: bool }]";
const [TABLE] = planned({ plc: TAGS }).table as [PartitionTags];
const [OTHER] = planned({ plc: "[{ name: Count, type: u64 }]" }).table as [PartitionTags];

/**
 * The board's end: what the UART sends comes here, what is written here is typed. `damage` changes a byte of what it sends,
 * or not.
 */
class Board extends Duplex {
  readonly bench: Bench;
  damage: (byte: number) => number | undefined = (byte) => byte;
  #taken = 0;
  constructor(bench: Bench) {
    super();
    this.bench = bench;
  }
  override _read(): void {}
  override _write(bytes: Uint8Array, _encoding: string, done: () => void): void {
    this.bench.send(bytes);
    done();
  }
  /** Time passes on the board; what it sent comes out. */
  async pass(milliseconds: number): Promise<void> {
    this.bench.pass(milliseconds);
    const { sent } = this.bench.machine.uart;
    const bytes = sent.slice(this.#taken).flatMap((byte) => this.damage(byte) ?? []);
    this.#taken = sent.length;
    this.push(Uint8Array.from(bytes));
    await vi.advanceTimersByTimeAsync(milliseconds);
  }
}

let bench: Bench;
let guest: Guest;
let board: Board;
let hypervisor: Hypervisor;
let plant: Plant;
let parts: LinkTags;
let logged: string[];
let image: DataView;
let sequence = 0;
const values = (): Record<string, TagValue | undefined> =>
  Object.fromEntries(TABLE.tags.map((tag) => [tag.name, plant.tagValue(PLC_INDEX, tag)]));

/** One scan of the guest. */
function scan(time: bigint, changed: Readonly<Record<string, TagValue>> = {}, table = TABLE): void {
  const put = (offset: number, bytes: number, data: number | bigint): bigint =>
    value(guest.store(IMAGE + offset, bytes, BigInt(data)));
  for (const [name, data] of Object.entries(changed)) {
    const tag = TABLE.tags.find((each) => each.name === name);
    if (tag !== undefined) writeValue(image, tag.offset, tag.type, data);
  }
  put(TAG_IMAGE_SEQUENCE, 4, ++sequence);
  for (const [at, data] of [
    [0, TAG_IMAGE_MAGIC],
    [TAG_IMAGE_VERSION, TAG_IMAGE_LAYOUT],
    [TAG_IMAGE_TABLE, layoutSum(table)],
    [TAG_IMAGE_SIZE, table.size],
  ] as const)
    put(at, 4, data);
  for (let at = TAG_IMAGE_VALUES; at < TABLE.size; at += 8) put(at, 8, image.getBigUint64(at, true));
  put(TAG_IMAGE_TIME, 8, time);
  put(TAG_IMAGE_SEQUENCE, 4, ++sequence);
}

beforeEach(() => {
  vi.useFakeTimers();
  bench = new Bench({
    ...STANDARD,
    partitions: [
      LINUX,
      {
        ...PLC,
        regions: [...PLC.regions, mailbox(MAILBOX, MAILBOX, 0x2000)],
        tagImage: { ipa: IMAGE, size: TABLE.size, overLink: true },
      },
    ],
  });
  guest = bench.openInterrupts(3);
  image = new DataView(new ArrayBuffer(TABLE.size));
  sequence = 0;
  logged = [];
  board = new Board(bench);
  hypervisor = new Hypervisor(async () => new Link(board));
  plant = new Plant(
    [
      { name: "linux", slot: 0, tags: undefined, guestTags: [] },
      { name: "plc", slot: 1, tags: TABLE, guestTags: [] },
    ],
    STALE_AFTER,
    undefined,
    () => ({ wall: Date.now(), steady: Date.now() }),
  );
  hypervisor.on("partition", (telemetry) => plant.takeTelemetry(telemetry));
  const log = pino({ level: "warn" }, { write: (line: string) => logged.push((JSON.parse(line) as { msg: string }).msg) });
  parts = new LinkTags(hypervisor, plant, [PLC_INDEX], log);
  hypervisor.start();
});
afterEach(() => {
  parts.close();
  hypervisor.close();
  vi.useRealTimers();
});

/** Until the first values are there. */
async function begin(): Promise<void> {
  for (let n = 1n; n <= 40n; n++) {
    scan(n);
    await board.pass(10);
  }
  expect(plant.qualityOf(PLC_INDEX)).toBe("good");
}

test("values come, each with its scan's time, and are good while the guest scans", async () => {
  expect(plant.qualityOf(PLC_INDEX)).toBe("waiting");
  await begin();
  const many = Array.from({ length: 100 }, (_, n) => n / 3);
  scan(1000n, { Count: 7, Many: many, Text: "a text of more than one word", Flag: true });
  await board.pass(100);
  expect(values()).toEqual({ Count: 7, Many: many, Text: "a text of more than one word", Flag: true });
  expect(plant.imageOf(PLC_INDEX)?.scan).toBe(1000n);
  await board.pass(STALE_AFTER);
  plant.review();
  expect(plant.qualityOf(PLC_INDEX), "it has not scanned since").toBe("stale");
  scan(1001n);
  await board.pass(100);
  expect([plant.qualityOf(PLC_INDEX), plant.imageOf(PLC_INDEX)?.scan]).toEqual(["good", 1001n]);
});

test("nobody hears of a value before all have come, nor of one that has not changed", async () => {
  const told: string[] = [];
  plant.on("values", (_, changed) => told.push(changed.map(({ name }) => name).join(" ")));
  await begin();
  expect(told[0]).toBe("Count Many Text Flag");
  expect(new Set(told.slice(1))).toEqual(new Set([""]));
  scan(500n, { Flag: true });
  await board.pass(100);
  expect(told.at(-1)).toBe("Flag");
});

test("on a line that loses and changes bytes no value is wrong or old, and all come in the end", async () => {
  await begin();
  const sent = new Set<string>();
  let noise = 99;
  const random = (below: number): number => (noise = (Math.imul(noise, 1103515245) + 12345) >>> 0) % below;
  board.damage = (byte) => (random(400) === 0 ? (random(2) === 0 ? undefined : byte ^ (1 << random(8))) : byte);
  let newest = 0;
  for (let n = 1; n <= 300; n++) {
    sent.add(`${n} ${"x".repeat(n % 60)}`);
    scan(BigInt(1000 + n), { Count: n, Text: `${n} ${"x".repeat(n % 60)}`.slice(0, 60) });
    await board.pass(1 + random(20));
    const { Count, Text } = values();
    if (n > 5 && typeof Text === "string" && Text !== "")
      expect(
        [...sent].some((each) => each.slice(0, 60) === Text),
        Text,
      ).toBe(true);
    if (typeof Count === "number") expect(Count >= newest, "never back").toBe(true);
    newest = typeof Count === "number" ? Count : newest;
  }
  expect(hypervisor.counts.lost).toBeGreaterThan(5);
  board.damage = (byte) => byte;
  for (let n = 0; n < 300; n++) {
    scan(BigInt(5000 + n));
    await board.pass(10);
  }
  expect(values()).toMatchObject({ Count: 300, Text: `300 ${"x".repeat(300 % 60)}` });
});

test("a guest of another table shows nothing, and is named once", async () => {
  await begin();
  for (let n = 0n; n < 20n; n++) {
    scan(100n + n, { Count: 9 }, OTHER);
    await board.pass(20);
  }
  expect(plant.qualityOf(PLC_INDEX)).toBe("mismatch");
  expect(values()["Count"]).toBe(0);
  expect(logged).toEqual(["its guest was built for another tag table: build it again with axv-part tags"]);
});

test("it goes on being sent for longer than one question asks for", async () => {
  await begin();
  for (let second = 0; second < 2 * abi.TAG_LEASE_SECONDS; second++) {
    scan(BigInt(100 + second));
    await board.pass(1000);
  }
  scan(9999n, { Count: 12345 });
  await board.pass(100);
  expect(values()["Count"]).toBe(12345);
});

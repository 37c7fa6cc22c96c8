// A new image for one partition while the other runs on (core/imageUpdate.ts): who brings it is not trusted, and whatever it
// does, the partition runs an image that was signed, or the one that it has.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import type { UpdateTelemetry } from "../../industrial/link/telemetry.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { ENTRY_OFFSET, LINUX, mailbox, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench, value } from "./bench.ts";
import { SYSTEM_RESET } from "./functions.ts";

const MAILBOX = 0x5010_0000;
const RING = MAILBOX + 0x1000;
const STAGING = 0x5200_0000;
const SIZE_MAX = 0x2_0000;
const VERSION = 7;
const PLC_RAM = 0x4800_0000;
const PLC_IPA = 0x4000_0000;
const LINE = abi.IMAGE_LINE_BYTES;

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const KEY = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");

const spec = (housekeeper: number): SystemSpec => ({
  ...STANDARD,
  housekeeper,
  partitions: [{ ...LINUX, regions: [...LINUX.regions, mailbox(MAILBOX, MAILBOX, 0x1_1000)] }, PLC],
  update: { partition: 1, bringer: 0, staging: STAGING, size: SIZE_MAX, ring: RING, key: KEY, version: VERSION },
});

interface Manifest {
  readonly magic: number;
  readonly format: number;
  readonly partition: string;
  readonly guest: string;
  readonly version: number;
  readonly size: number;
  readonly hash: Buffer;
  readonly target: number;
  readonly entry: number;
}

const manifestOf = (image: Uint8Array): Manifest => ({
  magic: abi.MANIFEST_MAGIC, format: abi.MANIFEST_FORMAT, partition: "plc", guest: GUEST, version: VERSION + 1,
  size: image.length,
  hash: createHash("sha256").update(image).digest(),
  target: PLC_IPA + ENTRY_OFFSET,
  entry: PLC_IPA + ENTRY_OFFSET,
});

/** A file as it is streamed. */
function packed(image: Uint8Array, change: Partial<Manifest> = {}, key = privateKey): Buffer {
  const { magic, format, partition, guest, version, size, hash, target, entry } = { ...manifestOf(image), ...change };
  const manifest = Buffer.alloc(abi.IMAGE_HEADER_BYTES - abi.IMAGE_SIGNATURE_BYTES);
  manifest.writeUInt32LE(magic, 0);
  manifest.writeUInt32LE(format, 4);
  manifest.write(partition, abi.MANIFEST_PARTITION);
  manifest.write(guest, abi.MANIFEST_GUEST);
  manifest.writeUInt32LE(version, abi.MANIFEST_VERSION);
  manifest.writeBigUInt64LE(BigInt(size), abi.MANIFEST_SIZE);
  hash.copy(manifest, abi.MANIFEST_HASH);
  manifest.writeBigUInt64LE(BigInt(target), abi.MANIFEST_TARGET);
  manifest.writeBigUInt64LE(BigInt(entry), abi.MANIFEST_ENTRY);
  return Buffer.concat([sign(null, manifest, key), manifest, image, Buffer.alloc(-image.length & (LINE - 1))]);
}

let bench: Bench;
let linux: Guest;
let starts = 0;

const put = (at: number, bytes: number, data: number | bigint): bigint => value(linux.store(at, bytes, BigInt(data)));
const get = (offset: number): number => Number(value(linux.load(MAILBOX + offset, 4)));
const update = (): UpdateTelemetry => {
  const { update: told } = bench.partition(1);
  if (told === undefined) throw new Error("the PLC's telemetry says nothing of its image");
  return told;
};
/** Of what it began with last, and of what it begins with next. */
const versions = (): readonly number[] => [update().running, update().next];
/** What the PLC's memory has where its image is. */
const loaded = (bytes: number): Buffer => Buffer.from(bench.machine.memory.readBytes(PLC_RAM + ENTRY_OFFSET, bytes));

function begin(): void {
  put(MAILBOX + abi.MAILBOX_UPDATE_HEAD, 4, 0);
  put(MAILBOX + abi.MAILBOX_UPDATE_START, 4, ++starts);
  bench.pass(2);
}

/** Streams bytes as a sender does, waiting for room; ends early when it is refused. */
function stream(bytes: Buffer): void {
  begin();
  for (let head = 0; head < bytes.length;) {
    const room = abi.IMAGE_RING_BYTES - (head - get(abi.MAILBOX_UPDATE_TAIL));
    const end = Math.min(bytes.length, head + room);
    for (; head < end; head += 8) put(RING + (head % abi.IMAGE_RING_BYTES), 8, bytes.readBigUInt64LE(head));
    put(MAILBOX + abi.MAILBOX_UPDATE_HEAD, 4, head);
    bench.pass(20);
    if ((get(abi.MAILBOX_UPDATE_STATE) & 0xff) === abi.IMAGE_REFUSED) return;
  }
  for (let waited = 0; waited < 600 && !settled.has(get(abi.MAILBOX_UPDATE_STATE) & 0xff); waited++) bench.pass(10);
}
const settled: ReadonlySet<number> = new Set([abi.IMAGE_READY, abi.IMAGE_REFUSED]);

function restart(): void {
  bench.guest(3).hvc(SYSTEM_RESET);
  bench.pass(1500);
}

const image = randomBytes(3000);
const boot = (housekeeper = 2): void => {
  bench = new Bench(spec(housekeeper));
  linux = bench.openInterrupts(0);
  bench.openInterrupts(3);
};
const GUEST = new Bench(spec(2)).system.plan.partitions[1]?.guest ?? "";
const PACKED = Buffer.from(PLC.image ?? []);

describe.each([["a spare pCPU", 2], ["a pCPU of Linux", 1]])("with the housekeeper on %s", (_, housekeeper) => {
  beforeEach(() => boot(housekeeper));

  test("a signed image is taken, and is there from the partition's next start on; rollback brings the one before back", () => {
    expect(update()).toEqual({ state: "idle", received: 0, size: 0, version: VERSION, running: VERSION, next: VERSION });
    stream(packed(image));
    const taken = { state: "ready", received: 3000, size: 3000, version: VERSION + 1 };
    expect(update()).toEqual({ ...taken, running: VERSION, next: VERSION + 1 });
    expect(loaded(PACKED.length)).toEqual(PACKED); // it runs on as it is
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 0 });
    restart();
    expect(loaded(3000)).toEqual(image);
    expect(versions()).toEqual([VERSION + 1, VERSION + 1]);
    restart();
    expect(loaded(3000)).toEqual(image);

    expect(bench.command(1, abi.COMMAND_ROLLBACK)).toBe(abi.REPLY_OK);
    expect(loaded(3000)).toEqual(image);
    expect(versions()).toEqual([VERSION + 1, VERSION]);
    restart();
    expect(loaded(PACKED.length)).toEqual(PACKED);
    expect(update()).toEqual({ ...taken, running: VERSION, next: VERSION });
    expect(bench.command(1, abi.COMMAND_ROLLBACK)).toBe(abi.REPLY_OK); // and forth
    restart();
    expect(loaded(3000)).toEqual(image);
    expect(bench.partition(0)).toMatchObject({ state: "running", restarts: 0 });
  });
});

describe("what is refused", () => {
  beforeEach(() => boot());

  test.each<[string, () => Buffer]>([
    ["signature", () => packed(image, {}, generateKeyPairSync("ed25519").privateKey)],
    ["format", () => packed(image, { magic: 0x1234 })],
    ["format", () => packed(image, { format: 2 })],
    ["partition", () => packed(image, { partition: "linux" })],
    ["guest", () => packed(image, { guest: "zephyr" })],
    ["size", () => packed(image, { size: 0 })],
    ["size", () => packed(image, { size: SIZE_MAX + 1 })],
    ["place", () => packed(image, { target: PLC_IPA })],
    ["place", () => packed(image, { entry: PLC_IPA })],
    ["version", () => packed(image, { version: VERSION })],
    ["version", () => packed(image, { version: 0 })],
    ["hash", () => packed(image, { hash: randomBytes(32) })],
    ["hash", () => packed(image).fill((image[0] ?? 0) ^ 1, abi.IMAGE_HEADER_BYTES, abi.IMAGE_HEADER_BYTES + 1)],
  ])("%s", (refused, bytes) => {
    stream(bytes());
    expect(update()).toMatchObject({ state: "refused", refused });
    restart();
    expect(loaded(PACKED.length)).toEqual(PACKED);
    stream(packed(image)); // and the next one is taken
    expect(update().state).toBe("ready");
  });

  test("each bit of signature and manifest", () => {
    const bytes = packed(image);
    for (let bit = 0; bit < 8 * abi.IMAGE_HEADER_BYTES; bit += 37) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      stream(changed);
      expect(update().state, `bit ${bit}`).toBe("refused");
    }
    restart();
    expect(loaded(PACKED.length)).toEqual(PACKED);
  });

  test("the same version again, after it was taken; a newer one is", () => {
    stream(packed(image));
    stream(packed(image));
    expect(update()).toMatchObject({ state: "refused", refused: "version" });
    stream(packed(image, { version: VERSION + 2 }));
    expect(update()).toMatchObject({ state: "ready", version: VERSION + 2 });
  });
});

describe("a sender that does not do as it should", () => {
  beforeEach(() => boot());

  test("a truncated image never becomes ready, and one that begins anew does", () => {
    stream(packed(image).subarray(0, -LINE));
    expect(update()).toMatchObject({ state: "receiving", received: 2944, size: 3000 });
    restart();
    expect(loaded(PACKED.length)).toEqual(PACKED);
    stream(packed(image));
    expect(update().state).toBe("ready");
  });

  test("bytes behind the image, which nobody has signed, are zeros in the partition", () => {
    const bytes = packed(image);
    stream(bytes.fill(0xff, abi.IMAGE_HEADER_BYTES + image.length));
    expect(update().state).toBe("ready");
    restart();
    const line = Buffer.alloc(-image.length & (LINE - 1));
    expect(loaded(image.length + line.length)).toEqual(Buffer.concat([image, line]));
  });

  test("bytes that change in the ring once they are taken change nothing", () => {
    const bytes = packed(image);
    begin();
    for (let head = 0; head < bytes.length; head += 8) put(RING + head, 8, bytes.readBigUInt64LE(head));
    put(MAILBOX + abi.MAILBOX_UPDATE_HEAD, 4, bytes.length);
    while (get(abi.MAILBOX_UPDATE_TAIL) < bytes.length) bench.pass(1);
    for (let head = 0; head < bytes.length; head += 8) put(RING + head, 8, 0);
    bench.pass(100);
    expect(update().state).toBe("ready");
    restart();
    expect(loaded(3000)).toEqual(image);
  });

  test("a head that no ring can have is the sender's own loss", () => {
    for (const head of [0xffff_ffff, 0x8000_0000, abi.IMAGE_RING_BYTES + 8]) {
      begin();
      put(MAILBOX + abi.MAILBOX_UPDATE_HEAD, 4, head);
      bench.pass(50);
      expect(update().state).toBe("refused");
    }
    put(MAILBOX + abi.MAILBOX_UPDATE_START, 4, 0);
    bench.pass(2);
    expect(update().state).toBe("idle");
  });

  test("one that begins anew withdraws what was ready, until the new one is", () => {
    stream(packed(image));
    begin();
    expect([update().version, ...versions()]).toEqual([VERSION + 1, VERSION, VERSION]);
    restart();
    expect(loaded(PACKED.length)).toEqual(PACKED);
  });

  test("a new image comes to the half that does not run: the one before is still there for a rollback", () => {
    const second = randomBytes(70_000);
    stream(packed(image));
    restart();
    stream(packed(second, { version: VERSION + 2 }));
    expect(versions()).toEqual([VERSION + 1, VERSION + 2]);
    restart();
    expect(loaded(70_000)).toEqual(second);
    expect(bench.command(1, abi.COMMAND_ROLLBACK)).toBe(abi.REPLY_OK);
    restart();
    expect(loaded(3000)).toEqual(image);
    expect([update().version, ...versions()]).toEqual([VERSION + 2, VERSION + 1, VERSION + 1]);
  });

  test("one that is ready stays so when who brought it is off; a new life of that one gives it up", () => {
    stream(packed(image));
    expect(bench.command(0, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
    bench.pass(50);
    expect(update().state).toBe("ready");
    restart();
    expect(loaded(3000)).toEqual(image);
    expect(bench.command(0, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    expect(update().state).toBe("idle");
    restart();
    expect(loaded(3000)).toEqual(image);
  });

  test("rollback of what was never updated, and of who cannot be", () => {
    expect(bench.command(1, abi.COMMAND_ROLLBACK)).toBe(abi.REPLY_WRONG_STATE);
    expect(bench.command(0, abi.COMMAND_ROLLBACK)).toBe(abi.REPLY_WRONG_STATE);
  });
});

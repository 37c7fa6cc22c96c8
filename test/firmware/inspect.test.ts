// axv-part inspect: what it shows of images, FITs and disks; and that nothing in them surprises it.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { CodedError } from "../../industrial/link/coded-error.ts";
import type { Board } from "../../boards/schema.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { ARM64_MAGIC, IMAGE_SIZE, MAGIC_OFFSET } from "../../partitions/images/arm64-image.ts";
import { Load } from "../../partitions/images/contents.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { diskImage } from "../../tools/firmware/disk/image.ts";
import type { Stream } from "../../tools/output/write.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { inspectFile } from "../../tools/firmware/inspect/inspect.ts";
import { formatFound, foundJson } from "../../tools/firmware/inspect/report.ts";
import { UNKNOWN, writeState } from "../../tools/firmware/slots.ts";
import { formatSize } from "../../partitions/units.ts";
import { plain } from "../../tools/run/paint.ts";
import { Random } from "../hostile/random.ts";
import { axvPart } from "../output/axvPart.ts";
import { planText, sound } from "../partitions/systems.ts";
import { CONTENTS, fitOf, keyPair } from "./fits.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-inspect-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "file");

const { blob } = sound(
  planText("board: qemu-aarch64\npartitions:\n  a: { guest: plc, cpus: [1, 2], image: ../images/plc.bin }\n"),
);
/** A header as booti reads it, a core of zeros, a blob. */
const CORE = 4096;
const image = new Uint8Array(CORE + Math.ceil(blob.length / 64) * 64);
image.set(ARM64_MAGIC, MAGIC_OFFSET);
new DataView(image.buffer).setBigUint64(IMAGE_SIZE, BigInt(image.length), true);
image.set(blob, CORE);
const load = new Load(image.length, [{ at: 0, contents: image }]);
const fit = fitOf(load, [keyPair("plant", "rsa2048")]);

const qemu = boards().get("qemu-aarch64", new Findings(new YamlSource("none", "")));
const small: Pick<Board, "isa" | "name" | "layout" | "ram" | "reserved" | "boot"> = {
  isa: "aarch64",
  name: "small",
  ram: [{ base: 0x4000_0000, size: 0x4000_0000 }],
  reserved: [],
  boot: qemu?.boot ?? { image: 0x4020_0000, conduit: "smc" },
  layout: { table: "gpt", sectors: 32_768, reserved: [], slots: { sectors: 2048 }, boot: { sectors: 8192 }, load: 0x4800_0000 },
};
const bytesOf = (stream: Stream): Buffer => Buffer.concat(Array.from(stream.chunks(), (chunk) => Buffer.from(chunk)));
const fitStream: Stream = { length: fit.length, chunks: () => [fit] };
const diskWith = (table: "gpt" | "mbr"): Buffer =>
  bytesOf(diskImage({ ...small, layout: small.layout && { ...small.layout, table } }, { content: fitStream, start: "bootm" }));
const gpt = diskWith("gpt");
const mbr = diskWith("mbr");

function shown(bytes: Uint8Array): string {
  writeFileSync(file, bytes);
  return formatFound("file", inspectFile(file), plain);
}

describe("shows", () => {
  test("a raw image: its header, the blob and what partitions have", () => {
    expect(shown(image)).toMatch(/^file: image, [^]*text_offset 0x00000000[^]*blob of \d+ bytes at 0x00001000/);
    expect(shown(image)).toMatch(/partition +pCPUs +memory[^]*a +1-2 +16M/);
  });

  test("somebody else's image as one", () => {
    expect(shown(image.slice(0, 1024))).toMatch(/it is somebody else's image/);
    const spoilt = image.slice();
    spoilt[CORE + 40] = (spoilt[CORE + 40] ?? 0) ^ 1;
    expect(shown(spoilt)).toMatch(/at byte 4096, .*checksum is wrong/);
  });

  test("a FIT: images, hashes, configurations, by whom it says that it is signed, and the image in it", () => {
    const text = shown(fit);
    expect(text).toMatch(/^file: FIT[^]*axv-part demo, made 2023-11-14T22:13:20.000Z/);
    expect(text).toMatch(/kernel-1 +kernel +\d+ +0x40200000 +holds/);
    expect(text).toMatch(/conf-1 +linux,dummy-virt +kernel-1 +plant \(sha256,rsa2048; not checked\)/);
    expect(text).toMatch(/a +1-2 +16M/);
    const spoilt = Buffer.from(fit);
    spoilt.writeUInt8(1, spoilt.indexOf(Buffer.from(ARM64_MAGIC)) + 100);
    expect(shown(spoilt)).toMatch(/kernel-1 .*not those that its hash was made of/);
  });

  const disks = [["GPT", gpt], ["MBR", mbr]] as const;
  test.each(disks)("a disk with a %s: its partitions, boot.scr, both slots and their state", (kind, bytes) => {
    const text = shown(bytes);
    expect(text).toMatch(new RegExp(`^file: disk, 16M\\n  table +${kind}`));
    expect(text).toMatch(/yes +boot.scr \(\d+ bytes, script: sound\)/);
    expect(text.match(/slot-[ab] +\d+ +2048 +1M +FIT/g)).toHaveLength(2);
    expect(text).toMatch(/slot state\n  copy +0, generation 1\n  order +a, then b\n  slot a +good\n  slot b +good/);
    expect(text.match(/plant \(sha256,rsa2048/g)).toHaveLength(2);
    expect(text.match(new RegExp(`text_offset 0x00000000, ${formatSize(image.length)} of memory`, "g"))).toHaveLength(2);
  });

  test("what is wrong in a part, and the rest of it", () => {
    const disk = Buffer.from(gpt);
    const slot = disk.indexOf(fit);
    disk.fill(0, slot, slot + SECTOR);
    disk.fill(0xff, disk.lastIndexOf(fit) + 8, disk.lastIndexOf(fit) + 64);
    expect(shown(disk)).toMatch(/slot-a .* nothing\n.*slot-b .* the FIT is (damaged|cut off)/);
  });

  test("a system on trial", () => {
    const disk = Buffer.from(gpt);
    const state = { ...UNKNOWN, generation: 2n, status: { a: "good", b: "pending" }, tries: 2, version: { a: "1.0", b: "" } };
    const at = disk.lastIndexOf(writeState({ ...UNKNOWN, generation: 1n }));
    disk.set(writeState({ ...state, booted: "b", order: ["b", "a"] }), at);
    const text = shown(disk);
    expect(text).toMatch(/copy +1, generation 2\n  order +b, then a\n  slot a +good, version 1.0\n  slot b +pending, 2 tries/);
    expect(text).toMatch(/started last +b/);
  });

  test("a table of which only the copy is left, and says so", () => {
    const disk = Buffer.from(gpt);
    disk.fill(0, SECTOR, 2 * SECTOR);
    expect(shown(disk)).toMatch(/mind +the table at the disk's end was taken: .*sector 1: /);
  });

  test("all of it as JSON, too", () => {
    writeFileSync(file, gpt);
    const { stdout, status } = axvPart(folder, "inspect", "file", "--json");
    expect(status).toBe(0);
    const found = JSON.parse(stdout) as { parts: { name: string; contents: unknown }[] };
    expect(found).toMatchObject({ kind: "disk", table: "gpt", sectors: 32_768 });
    expect(found.parts.map(({ name }) => name)).toEqual(["boot", "slot-a", "slot-b", "state", "data"]);
    expect(found.parts[1]?.contents).toMatchObject({
      what: "slot",
      system: {
        kind: "fit",
        fit: { configurations: { "conf-1": { compatible: CONTENTS.compatible } } },
        images: { "kernel-1": { wrong: "" } },
      },
    });
    expect(stdout).toMatch(/"value": "[0-9a-f]{64}"/);
  });
});

describe("one clear message", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(), /AXV_INSPECT_UNKNOWN.*file is no image, no FIT and no disk image/],
    ["a text", Buffer.from("hello\n".repeat(1000)), /AXV_INSPECT_UNKNOWN/],
    ["half a FIT", fit.subarray(0, 3000), /AXV_FIT_SHORT/],
    ["a disk without a table", Buffer.from(gpt).fill(0, SECTOR, 1024).fill(0, gpt.length - SECTOR), /AXV_DISK_GPT.*sector 1/],
    ["an MBR that lies", Buffer.from(mbr).fill(0xff, 446 + 8, 446 + 12), /AXV_DISK_MBR.*sector 0.*Write the disk anew/],
  ])("of %s", (_, bytes, message) => {
    writeFileSync(file, bytes);
    const { stdout, stderr, status } = axvPart(folder, "inspect", "file", "--json");
    expect([status, stderr.trim().split("\n").length]).toEqual([1, 1]);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(`${error.code} ${error.message}`).toMatch(message);
  });

  test("of what is no file", () => {
    expect(axvPart(folder, "inspect", "nothing").stderr).toMatch(/^axv-part: nothing cannot be read: there is no such file. /);
    expect(axvPart(folder, "inspect", ".").stderr).toMatch(/it is a folder/);
  });
});

test("names in it control no terminal", () => {
  const disk = Buffer.from(gpt);
  for (const table of [2, 32_768 - 33]) {
    disk.write("\u001b[31mx\n", (table * SECTOR) + 56, "utf16le");
    const header = table === 2 ? SECTOR : disk.length - SECTOR;
    disk.writeUInt32LE(crc32(disk.subarray(table * SECTOR, (table + 32) * SECTOR)), header + 88);
    disk.writeUInt32LE(0, header + 16);
    disk.writeUInt32LE(crc32(disk.subarray(header, header + 92)), header + 16);
  }
  expect(shown(disk)).toContain("\\u001b[31mx\\u000a");
});

test("a file of many gigabytes with nothing in it is read in pieces", () => {
  writeFileSync(file, mbr);
  truncateSync(file, 64 * 2 ** 30);
  expect(formatFound("file", inspectFile(file), plain)).toContain("disk, 64G");
});

test("whatever 3,000 changes make of them, each is shown, or refused with a message of ours", () => {
  const random = new Random(9);
  const sources = [image, fit, gpt.subarray(0, 12_000 * SECTOR), mbr.subarray(0, 12_000 * SECTOR)];
  const counts = { shown: 0, refused: 0 };
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(random.pick(random.chance(1, 10) ? sources : sources.slice(0, 2)));
    for (let times = random.below(4); times >= 0; times--) {
      const at = random.below(Math.min(bytes.length, random.pick([64, 600, 5000, bytes.length])));
      if (at + 4 <= bytes.length) bytes.writeUInt32LE(random.pick([random.word(), 0, 0xffff_ffff, random.below(100)]), at);
    }
    try {
      writeFileSync(file, random.chance(1, 8) ? bytes.subarray(0, random.below(bytes.length)) : bytes);
      const found = inspectFile(file);
      expect(formatFound("file", found, plain)).not.toContain("undefined");
      expect(() => JSON.parse(foundJson(found)) as unknown).not.toThrow();
      counts.shown += 1;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      counts.refused += 1;
    }
  }
  expect(Math.min(counts.shown, counts.refused)).toBeGreaterThan(300);
});

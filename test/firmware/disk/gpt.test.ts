// GPTs as util-linux' sfdisk and gdisk's sgdisk read them, and what our own reader makes of good and of hostile ones.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { GPT_HEAD, GPT_TAIL } from "../../../partitions/plan/disk.ts";
import { DiskError } from "../../../tools/firmware/disk/errors.ts";
import { readGpt } from "../../../tools/firmware/disk/gpt-read.ts";
import { GPT_ENTRY_BYTES, GPT_HEADER, GPT_HEADER_BYTES, LEGACY_BOOTABLE, writeGpt } from "../../../tools/firmware/disk/gpt.ts";
import type { GptPartition } from "../../../tools/firmware/disk/gpt.ts";
import { guidBytes, guidOf, guidText } from "../../../tools/firmware/disk/guid.ts";
import { isProtective } from "../../../tools/firmware/disk/mbr.ts";
import { meet, SECTOR, viewOf } from "../../../tools/firmware/disk/sectors.ts";
import { Random } from "../../hostile/random.ts";
import { MemoryDisk, writeDisk } from "./disks.ts";

const SECTORS = 8192;
const LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
const GUID = guidOf("a disk");
const partition = (name: string, first: number, sectors: number, attributes = 0n): GptPartition => ({
  type: LINUX, guid: guidOf(name), first, sectors, attributes, name,
});
const PARTITIONS = [partition("boot", 2048, 1024, LEGACY_BOOTABLE), partition("slot-a", 4096, 1), partition("größe", 5000, 3159)];
const extents = writeGpt(SECTORS, GUID, PARTITIONS);

const folder = mkdtempSync(join(tmpdir(), "axv-gpt-"));
const image = join(folder, "disk.img");
writeDisk(image, SECTORS, extents);
afterAll(() => rmSync(folder, { recursive: true }));

describe("what is written", () => {
  test("sfdisk reads as it was meant", () => {
    const { partitiontable: table } = JSON.parse(execFileSync("/usr/sbin/sfdisk", ["--json", image], { encoding: "utf8" })) as {
      partitiontable: { label: string; id: string; firstlba: number; lastlba: number; partitions: Record<string, unknown>[] };
    };
    expect(table).toMatchObject({ label: "gpt", id: GUID, firstlba: GPT_HEAD, lastlba: SECTORS - GPT_TAIL - 1 });
    expect(table.partitions).toMatchObject(
      PARTITIONS.map(({ first, sectors, guid, name, attributes }) => ({
        start: first, size: sectors, type: LINUX, uuid: guid, name, ...(attributes !== 0n && { attrs: "LegacyBIOSBootable" }),
      })),
    );
    expect(execFileSync("/usr/sbin/sfdisk", ["--verify", image], { encoding: "utf8" })).toContain("No errors detected.");
  });

  test("sgdisk finds nothing wrong with, in neither copy", () => {
    expect(execFileSync("/usr/sbin/sgdisk", ["-v", image], { encoding: "utf8" })).toContain("No problems found.");
  });

  test("is the same in each run, with GUIDs of version 8", () => {
    expect(writeGpt(SECTORS, guidOf("a disk"), PARTITIONS)).toEqual(extents);
    expect(GUID).toMatch(/^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/);
    expect(guidOf("another disk")).not.toBe(GUID);
    expect(guidText(guidBytes(LINUX))).toBe(LINUX);
    const system = Buffer.from(guidBytes("C12A7328-F81F-11D2-BA4B-00A0C93EC93B"));
    expect(system.toString("hex")).toBe("28732ac11ff8d211ba4b00a0c93ec93b");
  });

  test("is read by ourselves, too", () => {
    const disk = new MemoryDisk(SECTORS, extents);
    expect(isProtective(disk)).toBe(true);
    expect(readGpt(disk)).toEqual({
      guid: GUID,
      partitions: new Map(PARTITIONS.map((each, index) => [index + 1, each])),
      otherIsWrong: undefined,
      isBackup: false,
    });
  });
});

/** With the CRCs of the first header mended, so that what is behind them is looked at. */
function changed(change: (sector: (n: number) => DataView) => void): MemoryDisk {
  const disk = new MemoryDisk(SECTORS, extents);
  change((n) => viewOf(disk.read(n, 1)));
  mend(disk);
  disk.read(SECTORS - 1, 1).fill(0);
  return disk;
}

function mend(disk: MemoryDisk): void {
  const header = disk.read(1, 1);
  const view = viewOf(header);
  const at = Number(view.getBigUint64(GPT_HEADER.entries, true)) * SECTOR;
  const end = at + view.getUint32(GPT_HEADER.count, true) * GPT_ENTRY_BYTES;
  if (end <= disk.bytes.length) view.setUint32(GPT_HEADER.entriesCrc, crc32(disk.bytes.subarray(at, end)), true);
  view.setUint32(GPT_HEADER.crc, 0, true);
  view.setUint32(GPT_HEADER.crc, crc32(header.subarray(0, GPT_HEADER_BYTES)), true);
}

describe("a table is refused", () => {
  test.each<[string, (sector: (n: number) => DataView) => void, RegExp]>([
    ["without its signature", (at) => at(1).setUint8(0, 0), /sector 1: its GPT does not begin with "EFI PART"/],
    ["of another revision", (at) => at(1).setUint32(GPT_HEADER.revision, 0x20000, true), /revision 0x20000/],
    ["with a header that is too long", (at) => at(1).setUint32(GPT_HEADER.size, 513, true), /a header of 513 bytes/],
    ["that says it is elsewhere", (at) => at(1).setBigUint64(GPT_HEADER.own, 2n, true), /it is in another sector/],
    ["with more entries than anybody writes", (at) => at(1).setUint32(GPT_HEADER.count, 1025, true), /has 1025 entries/],
    ["with four billion entries", (at) => at(1).setUint32(GPT_HEADER.count, 0xffff_ffff, true), /has 4294967295 entries/],
    ["with entries of no size", (at) => at(1).setUint32(GPT_HEADER.entrySize, 0, true), /entries of 0 bytes/],
    ["with entries behind the disk", (at) => at(1).setBigUint64(GPT_HEADER.entries, 8191n, true), /beyond the disk's end/],
    ["with entries far behind it", (at) => at(1).setBigUint64(GPT_HEADER.entries, 2n ** 63n, true), /says sector 92233720368547/],
    ["with a partition in front of what is usable", (at) => at(2).setBigUint64(32, 33n, true), /has partition 1 at 33 to 3071/],
    ["with one that ends before it begins", (at) => at(2).setBigUint64(40, 2047n, true), /has partition 1 at 2048 to 2047/],
    ["with one behind the disk", (at) => at(2).setBigUint64(40, 8192n, true), /sector 8192 of partition 1/],
    ["with two over one another", (at) => at(2).setBigUint64(40, 4096n, true), /has partition 2 over partition 1/],
  ])("%s", (_, change, message) => {
    const attempt = (): unknown => readGpt(changed(change));
    expect(attempt).toThrow(DiskError);
    expect(attempt).toThrow(message);
  });

  test("of which a bit has changed, in both headers; of one, the other is taken, and that is said", () => {
    const disk = new MemoryDisk(SECTORS, extents);
    disk.read(2, 1)[0x38] = 0x62 ^ 1;
    const found = readGpt(disk);
    expect(found.isBackup).toBe(true);
    expect(found.otherIsWrong).toContain("entries with another CRC-32");
    expect(found.partitions.get(1)?.name).toBe("boot");
    disk.read(SECTORS - 1, 1)[60] = 0;
    expect(() => readGpt(disk)).toThrow(/sector 1: its GPT has entries with another CRC-32/);
  });

  test("that differs from its copy is told of", () => {
    const disk = new MemoryDisk(SECTORS, extents);
    viewOf(disk.read(2, 1)).setUint8(0x38, 0x63);
    mend(disk);
    expect(readGpt(disk)).toMatchObject({ isBackup: false, otherIsWrong: expect.stringContaining("something else") as string });
  });

  test.each([0, 1, 2, 3])("or read, but never anything else: of %i sectors", (count) => {
    expect(() => readGpt(new MemoryDisk(count))).toThrow(DiskError);
  });

  test("or is sound, whatever 5,000 changes of fields, CRCs kept right, make of it", () => {
    const random = new Random(12);
    let sound = 0;
    const disk = new MemoryDisk(SECTORS, extents);
    disk.read(SECTORS - 1, 1).fill(0);
    const clean = disk.read(0, 4).slice();
    for (let round = 0; round < 5_000; round++) {
      disk.bytes.set(clean);
      for (let times = random.below(3); times >= 0; times--) {
        const inHeader = random.chance(1, 2);
        const field = inHeader ? 24 + random.below(16) * 4 : random.below(3 * 32) * 4;
        const value = random.pick([random.word(), random.below(SECTORS + 2), 0, 0xffff_ffff]);
        viewOf(disk.read(inHeader ? 1 : 2, 1)).setUint32(field, value, true);
      }
      mend(disk);
      try {
        const ranges = [...readGpt(disk).partitions.values()];
        sound += 1;
        for (const [index, one] of ranges.entries()) {
          expect(one.first).toBeGreaterThan(0);
          expect(one.sectors).toBeGreaterThan(0);
          expect(one.first + one.sectors).toBeLessThanOrEqual(SECTORS);
          expect(ranges.slice(index + 1).some((other) => meet(one, other))).toBe(false);
        }
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
      }
    }
    expect(sound).toBeGreaterThan(300);
  });
});

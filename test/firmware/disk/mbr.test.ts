// MBRs as sfdisk reads them, and hostile ones.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DiskError } from "../../../tools/firmware/disk/errors.ts";
import { isProtective, MBR_TYPES, readMbr, writeMbr } from "../../../tools/firmware/disk/mbr.ts";
import { meet, viewOf } from "../../../tools/firmware/disk/sectors.ts";
import { Random } from "../../hostile/random.ts";
import { MemoryDisk, writeDisk } from "./disks.ts";

const SECTORS = 300_000;
const SIGNATURE = 0x1234_abcd;
const PARTITIONS = [
  { type: MBR_TYPES.fat16, boots: true, first: 131_072, sectors: 32_768 },
  { type: MBR_TYPES.raw, boots: false, first: 8192, sectors: 122_880 },
  { type: MBR_TYPES.linux, boots: false, first: 163_840, sectors: 136_160 },
];
const mbr = writeMbr(SIGNATURE, PARTITIONS);
const folder = mkdtempSync(join(tmpdir(), "axv-mbr-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("sfdisk reads it as it was meant, and so do we", () => {
  const image = join(folder, "disk.img");
  writeDisk(image, SECTORS, [mbr]);
  const { partitiontable: table } = JSON.parse(execFileSync("/usr/sbin/sfdisk", ["--json", image], { encoding: "utf8" })) as {
    partitiontable: { partitions: unknown[] };
  };
  expect(table).toMatchObject({ label: "dos", id: "0x1234abcd" });
  expect(table.partitions).toMatchObject(
    PARTITIONS.map(({ type, boots, first, sectors }) => ({
      start: first, size: sectors, type: type.toString(16), ...(boots && { bootable: true }),
    })),
  );
  const disk = new MemoryDisk(SECTORS, [mbr]);
  expect(readMbr(disk)).toEqual({ signature: SIGNATURE, partitions: new Map(PARTITIONS.map((each, n) => [n + 1, each])) });
  expect(isProtective(disk)).toBe(false);
});

test.each<[string, (view: DataView) => void, RegExp]>([
  ["without 55 aa", (view) => view.setUint16(510, 0), /disk.img, sector 0: its MBR does not end in 55 aa/],
  ["with another status", (view) => view.setUint8(446, 1), /says status 0x1 of partition 1/],
  ["with a partition of nothing", (view) => view.setUint32(446 + 12, 0), /has partition 1 with 0 sectors/],
  ["with a partition over itself", (view) => view.setUint32(446 + 8, 0), /with 32768 sectors from sector 0/],
  ["with a partition behind the disk", (view) => view.setUint32(446 + 12, 0xffff_ffff), /up to sector 4295098366/],
  ["with two over one another", (view) => view.setUint32(462 + 12, 122_881, true), /has partition 2 over partition 1/],
])("a sector %s is refused", (_, change, message) => {
  const disk = new MemoryDisk(SECTORS, [mbr]);
  change(viewOf(disk.bytes));
  expect(() => readMbr(disk)).toThrow(message);
});

test("whatever stands in its entries, it is refused or sound", () => {
  const random = new Random(7);
  let sound = 0;
  const disk = new MemoryDisk(SECTORS, [mbr]);
  for (let round = 0; round < 20_000; round++) {
    disk.bytes.set(mbr.bytes);
    viewOf(disk.bytes).setUint32(446 + random.below(16) * 4, random.pick([random.word(), random.below(SECTORS), 0]), true);
    try {
      const ranges = [...readMbr(disk).partitions.values()];
      sound += 1;
      expect(ranges.every(({ first, sectors }) => first > 0 && sectors > 0 && first + sectors <= SECTORS)).toBe(true);
      expect(ranges.some((one, n) => ranges.slice(n + 1).some((other) => meet(one, other)))).toBe(false);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }
  expect(sound).toBeGreaterThan(1000);
});

test("a disk of no sector has none", () => {
  expect(() => readMbr(new MemoryDisk(0))).toThrow(DiskError);
});

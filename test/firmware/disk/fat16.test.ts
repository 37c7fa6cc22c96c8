// FAT16s as dosfstools and mtools read them, and what our own reader makes of good and of hostile ones.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { DiskError } from "../../../tools/firmware/disk/errors.ts";
import { hasFat16, readFat16 } from "../../../tools/firmware/disk/fat16-read.ts";
import { FAT, isFat16Size, writeFat16 } from "../../../tools/firmware/disk/fat16.ts";
import { viewOf } from "../../../tools/firmware/disk/sectors.ts";
import { Random } from "../../hostile/random.ts";
import { MemoryDisk, writeDisk } from "./disks.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-fat-"));
afterAll(() => rmSync(folder, { recursive: true }));

const FILES = [
  { name: "boot.scr", bytes: Uint8Array.from({ length: 5000 }, (_, n) => n % 251) },
  { name: "empty", bytes: new Uint8Array() },
  { name: "axv.txt", bytes: Buffer.from("text\n") },
];
const MIB_SECTORS = 2048;

describe.each([4, 16, 31, 64, 200, 2047])("of %i MiB", (mib) => {
  const image = join(folder, `${mib}.img`);
  const sectors = mib * MIB_SECTORS;
  const extents = writeFat16(sectors, 2048, 0xcafe_1234, "boot", FILES);
  writeDisk(image, sectors, extents);

  test("fsck.vfat finds nothing wrong, and mtools every file", () => {
    const { status, stdout } = spawnSync("/usr/sbin/fsck.vfat", ["-n", "-v", image], { encoding: "utf8" });
    expect([status, stdout]).toEqual([0, expect.stringMatching(/3 files|4 files/) as string]);
    expect(stdout).toContain("2 FATs, 16 bit entries");
    const listed = execFileSync("mdir", ["-b", "-i", image, "::"], { encoding: "utf8" });
    expect(listed.trim().split("\n")).toEqual(FILES.map(({ name }) => `::/${name}`));
    for (const { name, bytes } of FILES) {
      const copy = join(folder, "copy");
      execFileSync("mcopy", ["-n", "-o", "-i", image, `::${name}`, copy]);
      expect(readFileSync(copy).equals(bytes)).toBe(true);
    }
    rmSync(image);
  });
});

test("sizes that no FAT16 has are none", () => {
  expect([8192, 32_768, 4_192_256].filter(isFat16Size)).toHaveLength(3);
  expect([1, 100, 4000, 8_388_608].filter(isFat16Size)).toEqual([]);
  expect(() => writeFat16(4000, 0, 0, "", [])).toThrow(RangeError);
  expect(() => writeFat16(8192, 0, 0, "", [{ name: "a", bytes: new Uint8Array(8192 * 512) }])).toThrow(/a does not fit/);
  expect(() => writeFat16(8192, 0, 0, "", [{ name: "extlinux.conf", bytes: new Uint8Array() }])).toThrow(/no short name/);
});

const AT = 100;
const SECTORS = 8192;
const good = writeFat16(SECTORS, AT, 1, "boot", FILES).map(({ sector, bytes }) => ({ sector: sector + AT, bytes }));
const range = { first: AT, sectors: SECTORS };
const fresh = (): MemoryDisk => new MemoryDisk(AT + SECTORS, good);

describe("our own reader", () => {
  test("finds the files, whole", () => {
    expect(hasFat16(fresh(), range)).toBe(true);
    expect(readFat16(fresh(), range)).toEqual(
      FILES.map(({ name, bytes }) => ({ name, bytes: Uint8Array.from(bytes), size: bytes.length })),
    );
  });

  test.each<[string, (view: DataView) => void, RegExp]>([
    ["other sectors", (view) => view.setUint16(FAT.sectorBytes, 4096, true), /sector 100: .* has sectors of 4096/],
    ["clusters of no sector", (view) => view.setUint8(FAT.clusterSectors, 0), /clusters of 0 sectors/],
    ["more sectors than its partition", (view) => view.setUint16(FAT.sectors16, 8193, true), /has 8193 sectors/],
    ["too few clusters", (view) => view.setUint8(FAT.clusterSectors, 8), /clusters, and a FAT16 has/],
    ["a FAT that is too short", (view) => view.setUint16(FAT.fatSectors, 1, true), /a FAT of 1 sectors/],
  ])("refuses one with %s", (_, change, message) => {
    const disk = fresh();
    change(viewOf(disk.bytes.subarray(AT * 512, (AT + 1) * 512)));
    expect(() => readFat16(disk, range)).toThrow(message);
  });

  test("refuses a chain that leads nowhere, and ends with one that leads in a circle", () => {
    const disk = fresh();
    const link = viewOf(disk.bytes.subarray((AT + 1) * 512 + 4));
    link.setUint16(0, 2, true);
    expect(readFat16(disk, range)[0]?.size).toBe(5000);
    link.setUint16(0, 0, true);
    expect(() => readFat16(disk, range)).toThrow(/leads to cluster 0 in "boot.scr"/);
    link.setUint16(0, 0xffff, true);
    expect(() => readFat16(disk, range)).toThrow(/ends within "boot.scr"/);
  });

  test("refuses or reads, whatever 20,000 changes make of boot sector, FAT and root", () => {
    const random = new Random(3);
    const disk = fresh();
    const clean = disk.bytes.slice(0, (AT + 120) * 512);
    let [read, refused] = [0, 0];
    for (let round = 0; round < 20_000; round++) {
      disk.bytes.set(clean);
      for (let times = random.below(3); times >= 0; times--) {
        const at = random.pick([random.below(64), random.below(512), 512 + random.below(16), 65 * 512 + random.below(160)]);
        disk.bytes[AT * 512 + at] = random.pick([0, 1, 0xff, 0x80, random.below(256)]);
      }
      try {
        const files = readFat16(disk, range);
        expect(files.every(({ size, bytes }) => bytes === undefined || bytes.length === size)).toBe(true);
        read += 1;
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        refused += 1;
      }
    }
    expect(Math.min(read, refused)).toBeGreaterThan(500);
  });
});

// A FAT16 file system with a few small files, written: the smallest that stock U-Boot reads scripts from ("Microsoft FAT
// Specification", 2005).
//
//  sector 0        1               1 + f           1 + 2f            + 32
//  ┌──────────────┬───────────────┬───────────────┬─────────────────┬──────────────────────────┐
//  │ boot sector  │ FAT, f sectors│ FAT once more │ root, 512 names │ clusters, from 2 on      │
//  └──────────────┴───────────────┴───────────────┴─────────────────┴──────────────────────────┘
import { SECTOR, viewOf } from "./sectors.ts";
import type { Extent } from "./sectors.ts";

export const FAT = {
  sectorBytes: 11, clusterSectors: 13, reserved: 14, fats: 16, rootEntries: 17, sectors16: 19, media: 21, fatSectors: 22,
  trackSectors: 24, heads: 26, hidden: 28, sectors32: 32, drive: 36, extended: 38, volume: 39, label: 43, type: 54, end: 510,
} as const;
export const FAT_END = 0xaa55;
/** Of a name in the root. */
export const DIRENT = { name: 0, attributes: 11, lowerCase: 12, modified: 24, cluster: 26, size: 28 } as const;
export const DIRENT_BYTES = 32;
export const ATTRIBUTE_LABEL = 8;
/** "The name is in lower case", and "its ending": as Windows NT and Linux read them. */
export const LOWER_CASE = 0x18;
export const FIRST_CLUSTER = 2;
/** From here on it is no cluster's number: of a file's last cluster. */
export const FAT16_END = 0xfff8;

/** With fewer clusters it would be a FAT12, with more a FAT32 (page 14). */
export const CLUSTERS_MIN = 4085;
export const CLUSTERS_MAX = 65_524;
const CLUSTER_SECTORS_MAX = 64;
const RESERVED = 1;
const FATS = 2;
const ROOT_ENTRIES = 512;
const ROOT_SECTORS = (ROOT_ENTRIES * DIRENT_BYTES) / SECTOR;
const JUMP = [0xeb, 0x3c, 0x90] as const;
const FIXED_DISK = 0xf8;
const DRIVE = 0x80;
/** "The three fields behind are there." */
const EXTENDED = 0x29;
/** 1 January 1980, the first day that there is: the same image in each build. */
const MODIFIED = 0x0021;
const LAST_CLUSTER = 0xffff;
const SECTORS16_MAX = 0xffff;

export interface FatFile {
  /** Lower case, at most 8 letters before the point and 3 behind. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Shape {
  readonly clusterSectors: number;
  readonly fatSectors: number;
  readonly clusters: number;
}

/** The smallest clusters of which there are not too many; undefined: a FAT16 of this size cannot be. */
function shapeOf(sectors: number): Shape | undefined {
  for (let clusterSectors = 1; clusterSectors <= CLUSTER_SECTORS_MAX; clusterSectors *= 2) {
    const most = Math.floor((sectors - RESERVED - ROOT_SECTORS) / clusterSectors);
    const fatSectors = Math.ceil(((most + FIRST_CLUSTER) * 2) / SECTOR);
    const clusters = Math.floor((sectors - RESERVED - FATS * fatSectors - ROOT_SECTORS) / clusterSectors);
    if (clusters <= CLUSTERS_MAX) return clusters < CLUSTERS_MIN ? undefined : { clusterSectors, fatSectors, clusters };
  }
  return undefined;
}

export const isFat16Size = (sectors: number): boolean => shapeOf(sectors) !== undefined;

/** What is not said is zeros. `hidden`: sectors before it on the disk. Throws a RangeError where it cannot hold this. */
export function writeFat16(sectors: number, hidden: number, volume: number, label: string, files: readonly FatFile[]): Extent[] {
  const shape = shapeOf(sectors);
  if (shape === undefined) throw new RangeError(`no FAT16 has ${sectors} sectors`);
  const { clusterSectors, fatSectors, clusters } = shape;
  const rootAt = RESERVED + FATS * fatSectors;
  const dataAt = rootAt + ROOT_SECTORS;
  const clusterBytes = clusterSectors * SECTOR;

  const fat = new Uint8Array(fatSectors * SECTOR);
  const links = viewOf(fat);
  links.setUint16(0, 0xff00 | FIXED_DISK, true);
  links.setUint16(2, LAST_CLUSTER, true);
  const root = new Uint8Array(ROOT_SECTORS * SECTOR);
  root.set(direntOf(padded(label), ATTRIBUTE_LABEL, 0, 0, 0), 0);
  const extents: Extent[] = [];
  let next = FIRST_CLUSTER;
  for (const [index, { name, bytes }] of files.entries()) {
    const count = Math.ceil(bytes.length / clusterBytes);
    if (next + count > clusters + FIRST_CLUSTER) throw new RangeError(`${name} does not fit into ${sectors} sectors`);
    root.set(direntOf(shortName(name), 0, LOWER_CASE, count === 0 ? 0 : next, bytes.length), (index + 1) * DIRENT_BYTES);
    for (let n = 1; n <= count; n++) {
      links.setUint16((next + n - 1) * 2, n === count ? LAST_CLUSTER : next + n, true);
    }
    const padded = new Uint8Array(count * clusterBytes);
    padded.set(bytes);
    if (count > 0) extents.push({ sector: dataAt + (next - FIRST_CLUSTER) * clusterSectors, bytes: padded });
    next += count;
  }
  return [
    { sector: 0, bytes: bootSector(sectors, hidden, volume, label, shape) },
    { sector: RESERVED, bytes: fat },
    { sector: RESERVED + fatSectors, bytes: fat },
    { sector: rootAt, bytes: root },
    ...extents,
  ];
}

function bootSector(sectors: number, hidden: number, volume: number, label: string, shape: Shape): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  const view = viewOf(bytes);
  bytes.set(JUMP);
  bytes.set(Buffer.from("axv-part"), JUMP.length);
  view.setUint16(FAT.sectorBytes, SECTOR, true);
  view.setUint8(FAT.clusterSectors, shape.clusterSectors);
  view.setUint16(FAT.reserved, RESERVED, true);
  view.setUint8(FAT.fats, FATS);
  view.setUint16(FAT.rootEntries, ROOT_ENTRIES, true);
  if (sectors <= SECTORS16_MAX) view.setUint16(FAT.sectors16, sectors, true);
  else view.setUint32(FAT.sectors32, sectors, true);
  view.setUint8(FAT.media, FIXED_DISK);
  view.setUint16(FAT.fatSectors, shape.fatSectors, true);
  view.setUint16(FAT.trackSectors, 63, true);
  view.setUint16(FAT.heads, 255, true);
  view.setUint32(FAT.hidden, hidden, true);
  view.setUint8(FAT.drive, DRIVE);
  view.setUint8(FAT.extended, EXTENDED);
  view.setUint32(FAT.volume, volume, true);
  bytes.set(padded(label), FAT.label);
  bytes.set(Buffer.from("FAT16   "), FAT.type);
  view.setUint16(FAT.end, FAT_END, true);
  return bytes;
}

const NAME_BYTES = 11;
const STEM = 8;
const SHORT_NAME = /^[a-z0-9_-]{1,8}(\.[a-z0-9_-]{1,3})?$/;

const padded = (text: string): Uint8Array => Buffer.from(text.toUpperCase().padEnd(NAME_BYTES).slice(0, NAME_BYTES), "latin1");

function shortName(name: string): Uint8Array {
  if (!SHORT_NAME.test(name)) throw new RangeError(`${name} is no short name`);
  const [stem = "", ending = ""] = name.split(".");
  return padded(stem.padEnd(STEM) + ending);
}

function direntOf(name: Uint8Array, attributes: number, lowerCase: number, cluster: number, size: number): Uint8Array {
  const bytes = new Uint8Array(DIRENT_BYTES);
  const view = viewOf(bytes);
  bytes.set(name);
  view.setUint8(DIRENT.attributes, attributes);
  view.setUint8(DIRENT.lowerCase, lowerCase);
  view.setUint16(DIRENT.modified, MODIFIED, true);
  view.setUint16(DIRENT.cluster, cluster, true);
  view.setUint32(DIRENT.size, size, true);
  return bytes;
}

// The files in the root of a FAT16, read: of any bytes, each checked before it is used. Long names, folders and what else a FAT
// can have are passed over.
import {
  ATTRIBUTE_LABEL, CLUSTERS_MAX, CLUSTERS_MIN, DIRENT, DIRENT_BYTES, FAT, FAT16_END, FAT_END, FIRST_CLUSTER,
} from "./fat16.ts";
import type { FatFile } from "./fat16.ts";
import { DiskError } from "./errors.ts";
import { SECTOR, viewOf } from "./sectors.ts";
import type { SectorRange, Sectors } from "./sectors.ts";

/** Larger files are not what a boot partition of ours has. */
const FILE_MAX = 1024 * 1024;
const FILES_MAX = 64;
const DELETED = 0xe5;
const ATTRIBUTE_FOLDER = 0x10;
const STEM = 8;
const NAME_BYTES = 11;
const SECTORS_IN_CLUSTER = [1, 2, 4, 8, 16, 32, 64, 128];

/** `bytes` undefined: the file is larger than what is read here. */
export interface FoundFile extends Pick<FatFile, "name"> {
  readonly size: number;
  readonly bytes: Uint8Array | undefined;
}

export function hasFat16(disk: Sectors, { first, sectors }: SectorRange): boolean {
  if (sectors === 0) return false;
  const bytes = Buffer.from(disk.read(first, 1));
  return bytes.readUInt16LE(FAT.end) === FAT_END && bytes.toString("latin1", FAT.type, FAT.type + 5) === "FAT16";
}

/** Throws a DiskError. `range`: the partition. */
export function readFat16(disk: Sectors, range: SectorRange): FoundFile[] {
  const refuse = (sector: number, what: string): never => {
    throw new DiskError("AXV_DISK_FAT", disk.name, String(range.first + sector), what);
  };
  const boot = disk.read(range.first, 1);
  const view = viewOf(boot);
  const half = (at: number): number => view.getUint16(at, true);
  const clusterSectors = view.getUint8(FAT.clusterSectors);
  const [reserved, fats, fatSectors] = [half(FAT.reserved), view.getUint8(FAT.fats), half(FAT.fatSectors)];
  const total = half(FAT.sectors16) || view.getUint32(FAT.sectors32, true);
  if (half(FAT.sectorBytes) !== SECTOR) refuse(0, `has sectors of ${half(FAT.sectorBytes)} bytes, not 512`);
  if (!SECTORS_IN_CLUSTER.includes(clusterSectors)) refuse(0, `has clusters of ${clusterSectors} sectors`);
  if (total > range.sectors) refuse(0, `has ${total} sectors, and its partition ${range.sectors}`);
  const rootAt = reserved + fats * fatSectors;
  const rootSectors = Math.ceil((half(FAT.rootEntries) * DIRENT_BYTES) / SECTOR);
  const dataAt = rootAt + rootSectors;
  const clusters = Math.floor((total - dataAt) / clusterSectors);
  if (reserved === 0 || fats === 0 || clusters < CLUSTERS_MIN || clusters > CLUSTERS_MAX)
    refuse(0, `has ${clusters} clusters, and a FAT16 has ${CLUSTERS_MIN} to ${CLUSTERS_MAX}`);
  if (fatSectors * SECTOR < (clusters + FIRST_CLUSTER) * 2)
    refuse(0, `has a FAT of ${fatSectors} sectors for ${clusters} clusters`);

  const read = (at: number, sectors: number): Uint8Array => disk.read(range.first + at, sectors);
  const links = viewOf(read(reserved, fatSectors));
  const root = read(rootAt, rootSectors);
  const files: FoundFile[] = [];
  for (let at = 0; at < root.length && root[at] !== 0; at += DIRENT_BYTES) {
    const entry = viewOf(root.subarray(at, at + DIRENT_BYTES));
    if (root[at] === DELETED || (entry.getUint8(DIRENT.attributes) & (ATTRIBUTE_LABEL | ATTRIBUTE_FOLDER)) !== 0) continue;
    const sector = rootAt + Math.floor(at / SECTOR);
    if (files.length === FILES_MAX) refuse(sector, `has more than ${FILES_MAX} files`);
    const name = nameOf(root.subarray(at, at + NAME_BYTES));
    const size = entry.getUint32(DIRENT.size, true);
    if (size > FILE_MAX) {
      files.push({ name, size, bytes: undefined });
      continue;
    }
    const bytes = new Uint8Array(size);
    let cluster = entry.getUint16(DIRENT.cluster, true);
    const clusterBytes = clusterSectors * SECTOR;
    // A chain that leads in a circle ends with the file's size.
    for (let done = 0; done < size; done += clusterBytes) {
      if (cluster >= FAT16_END) refuse(sector, `ends within "${name}"`);
      if (cluster < FIRST_CLUSTER || cluster >= clusters + FIRST_CLUSTER)
        refuse(sector, `leads to cluster ${cluster} in "${name}", and has ${clusters}`);
      const part = read(dataAt + (cluster - FIRST_CLUSTER) * clusterSectors, clusterSectors);
      bytes.set(part.subarray(0, size - done), done);
      cluster = links.getUint16(cluster * 2, true);
    }
    files.push({ name, size, bytes });
  }
  return files;
}

function nameOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1").toLowerCase();
  const [stem, ending] = [text.slice(0, STEM).trimEnd(), text.slice(STEM).trimEnd()];
  return ending === "" ? stem : `${stem}.${ending}`;
}

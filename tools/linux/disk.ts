// The demo's disk: a small raw image that Linux knows by its first line, and counts its boots on.
import { writeFile } from "node:fs/promises";

const DISK_BYTES = 4 * 1024 * 1024;
const SECTOR = 512;
const MARKER = "axv-part disk\n"; // guest/start looks for it
const NO_BOOTS = "0\n";

/** Writes a new disk; what was there before is gone. */
export async function createDisk(path: string): Promise<void> {
  const disk = Buffer.alloc(DISK_BYTES);
  disk.write(MARKER, 0);
  disk.write(NO_BOOTS, SECTOR);
  await writeFile(path, disk);
}

/** How often Linux has booted with this disk. */
export function bootsOf(disk: Buffer): number {
  return Number.parseInt(disk.toString("latin1", SECTOR, 2 * SECTOR), 10);
}

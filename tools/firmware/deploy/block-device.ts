// A disk that is a device, as Linux shows it in sysfs (Documentation/ABI/stable/sysfs-block): how large it is, and whether it is
// a whole one.
import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Of `dev_t`, as the C library has it (makedev(3)): the major number in bits 8 to 19 and 44 to 63, the minor one between. */
const majorOf = (device: bigint): bigint => ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn & 0xffff_ffffn);
const minorOf = (device: bigint): bigint => (device & 0xffn) | ((device >> 12n) & ~0xffn & 0xffff_ffffn);

export interface BlockDevice {
  /** Of 512 bytes each, whatever the device's own have. */
  readonly sectors: number;
  /** What its maker calls it; "": nobody knows. */
  readonly model: string;
}

/** `device`: `st_rdev` of its node. Or why no disk of ours can be there. */
export function blockDevice(device: bigint): BlockDevice | string {
  const folder = realpathSync(`/sys/dev/block/${majorOf(device)}:${minorOf(device)}`);
  const textOf = (name: string): string | undefined => {
    try {
      return readFileSync(join(folder, name), "utf8").trim();
    } catch {
      return undefined;
    }
  };
  if (textOf("partition") !== undefined) return `it is a partition of /dev/${basename(dirname(folder))}: name the whole disk`;
  const sectors = Number(textOf("size") ?? 0);
  return sectors === 0 ? "it has no medium" : { sectors, model: textOf("device/model") ?? textOf("device/name") ?? "" };
}

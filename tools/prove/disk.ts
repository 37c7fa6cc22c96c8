// The systems of a disk image, as the bytes of its slots: a FIT, or an image as booti takes it.
import { CodedError } from "../../industrial/link/coded-error.ts";
import { HEADER_SIZE, IMAGE_SIZE } from "../../partitions/images/arm64-image.ts";
import { recognise } from "../../partitions/images/recognise.ts";
import { withFile } from "../../partitions/source/file.ts";
import { placesOn, sourceOf } from "../firmware/deploy/places.ts";
import { hasGpt } from "../firmware/disk/gpt-read.ts";
import { startOf } from "../firmware/disk/image.ts";
import { hasMbr } from "../firmware/disk/mbr.ts";
import { sectorsOf } from "../firmware/disk/of-source.ts";
import { viewOf } from "../firmware/disk/sectors.ts";
import type { Sectors } from "../firmware/disk/sectors.ts";
import { readFit } from "../firmware/fit/read.ts";
import { exactly, ofFile } from "../firmware/fit/source.ts";
import type { Source } from "../firmware/fit/source.ts";
import { SLOTS } from "../firmware/slots.ts";
import type { Slot } from "../firmware/slots.ts";

/** Bytes of a slot's system; or why there is none. */
export type Systems = ReadonlyMap<Slot, Uint8Array | string>;

/** Of what begins so `recognise` knows each kind but an MBR. */
const FIRST_BYTES = 4096;

export const EMPTY_SLOT = "nothing is in it";

/** Undefined: the file is no disk, or cannot be read. Throws DeployError, DiskError: it has no slots. */
export function systemsOn(file: string): Systems | undefined {
  const found = withFile(file, (open) => {
    const source = ofFile(open);
    const disk = sectorsOf(file, source);
    return isDisk(disk, source) ? new Map(slotsOf(disk)) : undefined;
  });
  return typeof found === "string" ? undefined : found;
}

/** Some programs for PCs end their first sector as an MBR does. */
function isDisk(disk: Sectors, source: Source): boolean {
  const first = new Uint8Array(Math.min(source.length, FIRST_BYTES));
  source.fill(first, 0);
  return hasGpt(disk) || (hasMbr(disk) && recognise(first).format === "raw");
}

function slotsOf(disk: Sectors): [Slot, Uint8Array | string][] {
  const { slots } = placesOn(disk);
  return SLOTS.map((slot) => [slot, systemIn(sourceOf(disk, slots[slot]))]);
}

function systemIn(source: Source): Uint8Array | string {
  try {
    const first = exactly(source, 0, HEADER_SIZE);
    const start = startOf(first);
    if (start === undefined) return first.every((byte) => byte === 0) ? EMPTY_SLOT : "neither a FIT nor an image is in it";
    if (start === "bootm") return exactly(source, 0, readFit(source).total);
    const size = Number(viewOf(first).getBigUint64(IMAGE_SIZE, true));
    return size <= source.length ? exactly(source, 0, size) : `its image says that it has ${size} bytes, and the slot has fewer`;
  } catch (error) {
    if (error instanceof CodedError) return error.message;
    throw error;
  }
}

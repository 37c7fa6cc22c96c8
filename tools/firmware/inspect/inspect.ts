// What is in a file that somebody gives us: a raw image, a FIT, or a whole disk with some of these in it. Nothing in it is
// believed; of a file of any size only pieces are in memory.
import { CodedError } from "../../../industrial/link/coded-error.ts";
import { HEADER_SIZE } from "../../../partitions/images/arm64-image.ts";
import { withFile } from "../../../partitions/source/file.ts";
import { hasGpt } from "../disk/gpt-read.ts";
import { isBootImage, startOf } from "../disk/image.ts";
import { hasMbr } from "../disk/mbr.ts";
import { sectorsOf } from "../disk/of-source.ts";
import { SECTOR } from "../disk/sectors.ts";
import type { SectorRange } from "../disk/sectors.ts";
import { readFit } from "../fit/read.ts";
import type { Fit } from "../fit/read.ts";
import { ofFile, within } from "../fit/source.ts";
import type { Source } from "../fit/source.ts";
import { checkHash } from "../fit/verify.ts";
import { inspectDisk } from "./disk.ts";
import type { FoundDisk } from "./disk.ts";
import { InspectError } from "./errors.ts";
import { inspectImage } from "./image.ts";
import type { FoundImage } from "./image.ts";

export interface FoundFit {
  readonly kind: "fit";
  readonly fit: Fit;
  /** By name: what is wrong with its bytes, "" where they are those of its hash; and what the bytes are, if they are an image. */
  readonly images: ReadonlyMap<string, { readonly wrong: string; readonly holds: FoundImage | undefined }>;
}

/** In a slot. */
export type FoundSystem = FoundImage | FoundFit | "nothing" | "unknown";
export type Found = FoundImage | FoundFit | FoundDisk<FoundSystem>;

/** Throws an error of ours. */
export function inspectFile(file: string, shown = file): Found {
  const found = withFile(file, (open) => {
    const source = ofFile(open);
    const system = inspectSystem(source);
    if (typeof system !== "string") return system;
    const disk = sectorsOf(shown, source);
    if (!hasGpt(disk) && !hasMbr(disk)) throw new InspectError("AXV_INSPECT_UNKNOWN", shown);
    return inspectDisk(disk, ({ first, sectors }: SectorRange) =>
      inspectSystem(within(source, { base: first * SECTOR, size: sectors * SECTOR })),
    );
  });
  if (typeof found === "string") throw new InspectError("AXV_INSPECT_UNREADABLE", shown, found);
  return found;
}

function inspectSystem(source: Source): FoundSystem {
  const first = new Uint8Array(HEADER_SIZE);
  const start = startOf(first.subarray(0, source.fill(first, 0)));
  if (start === undefined) return first.every((byte) => byte === 0) ? "nothing" : "unknown";
  return start === "booti" ? inspectImage(source) : inspectFit(source);
}

function inspectFit(source: Source): FoundFit {
  const fit = readFit(source);
  const images = new Map(
    [...fit.images].map(([name, image]) => {
      const payload = within(source, image.data);
      const first = new Uint8Array(HEADER_SIZE);
      payload.fill(first, 0);
      return [name, { wrong: hashFault(source, image), holds: isBootImage(first) ? inspectImage(payload) : undefined }] as const;
    }),
  );
  return { kind: "fit", fit, images };
}

function hashFault(source: Source, image: Parameters<typeof checkHash>[1]): string {
  try {
    checkHash(source, image);
    return "";
  } catch (error) {
    if (error instanceof CodedError) return error.message;
    throw error;
  }
}

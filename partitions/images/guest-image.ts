// A guest's image, whatever its format: which bytes go where, and where it is entered.
import { alignDown, BLOCK, PAGE } from "../units.ts";
import type { Span } from "../units.ts";
import type { Granule } from "../../boards/limits.ts";
import { granuleOf, parseArm64Image } from "./arm64-image.ts";
import { Load } from "./contents.ts";
import type { Contents } from "./contents.ts";
import { parseElf } from "./elf.ts";
import type { ImageFormat, ImagePart } from "./formats.ts";
import { recognise } from "./recognise.ts";

export { IMAGE_FORMATS } from "./formats.ts";
export type { ImageFormat, ImagePart } from "./formats.ts";

export interface GuestImage {
  readonly format: ImageFormat;
  /** Addresses here are offsets from the start of RAM, wherever that is; otherwise they are IPAs. */
  readonly movable: boolean;
  /** By address, none on top of another; at least one. */
  readonly parts: readonly ImagePart[];
  /** Behind the memory it takes: an arm64 Image takes more than its bytes. */
  readonly end: number;
  readonly entry: number;
  /** Pages that it cannot do without; left out: it does not say. */
  readonly granule?: Granule | undefined;
}

/** Why it cannot be a guest of AArch64: built for something else, or not what it pretends to be. */
export type ImageFault =
  | { readonly kind: "isa"; readonly isa: string }
  | { readonly kind: "malformed"; readonly reason: string };

export const isFault = (image: GuestImage | ImageFault): image is ImageFault => "kind" in image;

/** What a profile takes. */
export interface ImageRules {
  readonly formats: readonly ImageFormat[];
  /**
   * Where it is linked: a raw image goes there, and is entered there; the text_offset of an arm64 Image counts from the 2 MiB
   * boundary there or below. Undefined: no raw image, and an arm64 Image goes to the start of RAM.
   */
  readonly load?: number | undefined;
  /** IPA of a raw image's first instruction; undefined: its first byte. */
  readonly entry?: number | undefined;
}

/** `whole`: the file, if `bytes` are only its beginning. That is enough of an arm64 Image, and of what is recognised by a magic number. */
export function readGuestImage(bytes: Uint8Array, { formats, load, entry }: ImageRules, whole: Contents = bytes): GuestImage | ImageFault {
  const malformed = (reason: string): ImageFault => ({ kind: "malformed", reason });
  const found = recognise(bytes);
  if (found.isa !== undefined && found.isa !== "AArch64") return { kind: "isa", isa: found.isa };
  // A header that the profile does not go by is but the first bytes of a raw image (NuttX).
  const raw = found.format === "arm64-image" && !formats.includes("arm64-image") && formats.includes("raw");
  switch (raw ? "raw" : found.format) {
    case "arm64-image": {
      const header = parseArm64Image(bytes, whole.length);
      if (typeof header === "string") return malformed(header);
      const at = (load === undefined ? 0 : alignDown(load, BLOCK)) + header.textOffset;
      const parts = [{ at, size: whole.length, bytes: whole }];
      const granule = granuleOf(bytes);
      return { format: "arm64-image", movable: load === undefined, parts, end: at + header.size, entry: at, granule };
    }
    case "elf": {
      const elf = parseElf(bytes);
      if (typeof elf === "string") return malformed(elf);
      const last = elf.parts.at(-1);
      return { format: "elf", movable: false, ...elf, end: last === undefined ? 0 : last.at + last.size };
    }
    case "raw": {
      if (load === undefined) return malformed("it has no header that says where it goes");
      const parts = [{ at: load, size: whole.length, bytes: whole }];
      return { format: "raw", movable: false, parts, end: load + whole.length, entry: entry ?? load };
    }
    default:
      return malformed(found.what);
  }
}

/** The one stretch of memory, from a whole page on, that all parts are loaded into. */
export function loadSpan(parts: readonly ImagePart[]): Span {
  const base = alignDown(Math.min(...parts.map(({ at }) => at)), PAGE);
  return { base, size: Math.max(...parts.map(({ at, size }) => at + size)) - base };
}

/** What `loadSpan` is filled with. Gaps and bss as zeros: RAM is not cleared when a partition starts again. */
export function loadOf(parts: readonly ImagePart[], align: number): Load {
  const { base, size } = loadSpan(parts);
  return new Load(size, align, parts.map(({ at, bytes }) => ({ at: at - base, contents: bytes })));
}

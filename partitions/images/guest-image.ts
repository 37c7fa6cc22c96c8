// A guest's image, whatever its format: which bytes go where, and where it is entered.
import { LOAD_ALIGN } from "../plan/plan.ts";
import { alignDown, alignUp, BLOCK, KIB, PAGE } from "../units.ts";
import type { Span } from "../units.ts";
import { DEFAULT_ISA, ISA_TITLES } from "../../boards/isa.ts";
import type { Isa } from "../../boards/isa.ts";
import type { Granule } from "../../boards/limits.ts";
import { granuleOf, parseArm64Image } from "./arm64-image.ts";
import { Load } from "./contents.ts";
import type { Contents } from "./contents.ts";
import { parseElf } from "./elf.ts";
import type { ImageFormat, ImagePart } from "./formats.ts";
import { recognise } from "./recognise.ts";
import { parseRiscvImage } from "./riscv-image.ts";

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
  /** Of a raw image: what its code is for; undefined: there is no telling. */
  readonly isa?: string | undefined;
}

/** Why it cannot be a guest of that ISA: built for something else, or not what it pretends to be. */
export type ImageFault =
  | { readonly kind: "isa"; readonly isa: string }
  | { readonly kind: "malformed"; readonly reason: string };

export const isFault = (image: GuestImage | ImageFault): image is ImageFault => "kind" in image;

/** What a profile takes. */
export interface ImageRules {
  readonly isa?: Isa;
  readonly formats: readonly ImageFormat[];
  /**
   * Where it is linked: a raw image goes there, and is entered there; the text_offset of an arm64 Image counts from the 2 MiB
   * boundary there or below. Undefined: no raw image, and an arm64 Image goes to the start of RAM. A riscv Image is as an
   * arm64 one.
   */
  readonly load?: number | undefined;
  /** IPA of a raw image's first instruction; undefined: its first byte. */
  readonly entry?: number | undefined;
}

/**
 * `whole`: the file, if `bytes` are only its beginning. That is enough of an arm64 or riscv Image, and of what is recognised by
 * a magic number.
 */
export function readGuestImage(
  bytes: Uint8Array,
  { isa = DEFAULT_ISA, formats, load, entry }: ImageRules,
  whole: Contents = bytes,
): GuestImage | ImageFault {
  const malformed = (reason: string): ImageFault => ({ kind: "malformed", reason });
  const found = recognise(bytes);
  if (found.isa !== undefined && found.isa !== ISA_TITLES[isa]) return { kind: "isa", isa: found.isa };
  // A header that the profile does not go by is but the first bytes of a raw image (NuttX).
  const isKernel = found.format === "arm64-image" || found.format === "riscv-image";
  const raw = isKernel && !formats.some((format) => format === found.format) && formats.includes("raw");
  switch (raw ? "raw" : found.format) {
    case "arm64-image": {
      const header = parseArm64Image(bytes, whole.length);
      if (typeof header === "string") return malformed(header);
      const at = (load === undefined ? 0 : alignDown(load, BLOCK)) + header.textOffset;
      const parts = [{ at, size: whole.length, bytes: whole }];
      const granule = granuleOf(bytes);
      return { format: "arm64-image", movable: load === undefined, parts, end: at + header.size, entry: at, granule };
    }
    case "riscv-image": {
      const header = parseRiscvImage(bytes, whole.length);
      if (typeof header === "string") return malformed(header);
      const at = (load === undefined ? 0 : alignDown(load, BLOCK)) + header.textOffset;
      const parts = [{ at, size: whole.length, bytes: whole }];
      return { format: "riscv-image", movable: load === undefined, parts, end: at + header.size, entry: at };
    }
    case "elf": {
      const elf = parseElf(bytes);
      if (typeof elf === "string") return malformed(elf);
      const last = elf.parts.at(-1);
      const end = last === undefined ? 0 : last.at + last.size;
      return { format: "elf", movable: false, ...elf, parts: elf.parts.map(withoutZeros), end };
    }
    case "raw": {
      if (load === undefined) return malformed("it has no header that says where it goes");
      const parts = [withoutZeros({ at: load, size: whole.length, bytes: whole })];
      return { format: "raw", movable: false, parts, end: load + whole.length, entry: entry ?? load, isa: found.isa };
    }
    default:
      return malformed(found.what);
  }
}

/** Zeros at the end of what the file has are memory to be cleared, as those behind it are. What is not read yet keeps its own. */
function withoutZeros(part: ImagePart): ImagePart {
  const { bytes } = part;
  if (!(bytes instanceof Uint8Array)) return part;
  let length = bytes.length;
  while (bytes[length - 1] === 0) length -= 1;
  return { ...part, bytes: bytes.subarray(0, length) };
}

/**
 * Memory, from a whole page on, that is loaded at once. What no part has bytes for is zeros: RAM is not cleared when a
 * partition starts again.
 */
export interface Stretch extends Span {
  readonly load: Load;
  /** From this offset on, a multiple of LOAD_ALIGN, all is zeros, of which `load` has a page. Undefined: nowhere. */
  readonly zeros: number | undefined;
}

/**
 * From so many bytes on that nobody gives, the image is cut in two there; but not into more pieces than the blob has
 * loads for.
 */
const HOLE_MIN = 64 * KIB;
const STRETCHES_MAX = 4;

/** What is loaded of an image. Long stretches of zeros (bss, gaps) are not in it. */
export function stretches(parts: readonly ImagePart[]): Stretch[] {
  const holes = parts.flatMap((part, index) => {
    const next = parts[index + 1];
    if (next === undefined || alignUp(part.at + part.size, LOAD_ALIGN) > alignDown(next.at, PAGE)) return [];
    const size = next.at - (part.at + part.bytes.length);
    return size < HOLE_MIN ? [] : [{ index: index + 1, size }];
  });
  const widest = holes.sort((a, b) => b.size - a.size).slice(0, STRETCHES_MAX - 1);
  const cuts = [0, ...widest.map(({ index }) => index).sort((a, b) => a - b), parts.length];
  return cuts.slice(1).map((to, cut) => stretch(parts.slice(cuts[cut], to)));
}

function stretch(parts: readonly ImagePart[]): Stretch {
  const base = alignDown(Math.min(...parts.map(({ at }) => at)), PAGE);
  const size = Math.max(...parts.map((part) => part.at + part.size)) - base;
  const given = alignUp(Math.max(...parts.map(({ at, bytes }) => at + bytes.length)) - base, LOAD_ALIGN);
  const zeros = given + PAGE < size ? given : undefined;
  const stored = zeros === undefined ? size : zeros + PAGE;
  return { base, size, zeros, load: new Load(stored, parts.map(({ at, bytes }) => ({ at: at - base, contents: bytes }))) };
}

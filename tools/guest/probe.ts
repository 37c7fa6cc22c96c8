// What an image is, which guest profile fits it, and what is missing before it can run. All of it is read from the file:
// its header, text that it holds, addresses, and a few instructions (partitions/images/instructions.ts).
import { BOARD_ISAS, DEFAULT_ISA, ISA_TITLES } from "../../boards/isa.ts";
import { IMAGE_FORMATS, isFault, readGuestImage } from "../../partitions/images/guest-image.ts";
import type { GuestImage, ImageFormat } from "../../partitions/images/guest-image.ts";
import { codeTraits } from "../../partitions/images/instructions.ts";
import type { CodeTraits } from "../../partitions/images/instructions.ts";
import { recognise } from "../../partitions/images/recognise.ts";
import { alignUp, contains, formatSize, formatSpan, hex, KIB } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";
import type { Profile } from "../../rtos-guests/profiles/schema.ts";
import { GuestError } from "./errors.ts";

export interface Placed {
  /** IPAs; for an image that can be anywhere, as it is at the profile's memory. */
  readonly span: Span;
  readonly entry: number;
}

export interface Probe {
  readonly file: string;
  readonly format: ImageFormat;
  readonly isa: string;
  readonly bytes: number;
  /** Undefined: nothing says where it goes. */
  readonly placed: Placed | undefined;
  /** Undefined: of another ISA than AArch64 nothing is read off instructions. */
  readonly code: CodeTraits | undefined;
  readonly profile: Profile | undefined;
  /** The text in it that only guests of this profile hold. */
  readonly because: string | undefined;
  /** Without a profile: those whose memory has its addresses. */
  readonly possible: readonly string[];
  /** What to do before it can run. */
  readonly missing: readonly string[];
}

export function probe(file: string, bytes: Uint8Array, profiles: readonly Profile[]): Probe {
  const { format: seen, what, isa } = recognise(bytes);
  const ours = BOARD_ISAS.find((each) => ISA_TITLES[each] === isa) ?? (isa === undefined ? DEFAULT_ISA : undefined);
  if (ours === undefined) throw new GuestError("AXV_GUEST_ISA", file, isa ?? what);
  if (seen === "other") throw new GuestError("AXV_GUEST_MALFORMED", file, what);

  const ofIsa = profiles.filter((profile) => profile.isa === ours);
  const found = bySignature(bytes, ofIsa);
  const image = readGuestImage(bytes, { ...(found?.profile.image ?? { formats: IMAGE_FORMATS }), isa: ours });
  // Without a profile nobody knows where a raw binary goes: that alone does not make it a bad one.
  if (isFault(image) && image.kind === "malformed" && seen !== "raw")
    throw new GuestError("AXV_GUEST_MALFORMED", file, image.reason);
  const format = isFault(image) ? seen : image.format;
  const placed = isFault(image) ? undefined : place(image, found?.profile);
  const code = ours === "aarch64" ? codeTraits(bytes) : undefined;
  return {
    file,
    format,
    isa: isa ?? "not known",
    bytes: bytes.length,
    placed,
    code,
    profile: found?.profile,
    because: found?.text,
    possible: found === undefined ? possible(format, placed, ofIsa) : [],
    missing: [
      ...(isa === undefined ? ["code: no function in it returns as AArch64's do"] : []),
      ...(found === undefined ? ["a profile: name one in system.yaml"] : missing(found.profile, format, placed, code)),
    ],
  };
}

/** The profile whose text the image holds most often: kernels mention each other. */
function bySignature(bytes: Uint8Array, profiles: readonly Profile[]): { profile: Profile; text: string } | undefined {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const counted = profiles.flatMap((profile) =>
    profile.signature.map((text) => ({ profile, text, count: occurrences(image, text) })),
  );
  const best = counted.sort((a, b) => b.count - a.count)[0];
  return best === undefined || best.count === 0 ? undefined : best;
}

function occurrences(image: Buffer, text: string): number {
  let count = 0;
  for (let at = image.indexOf(text); at >= 0; at = image.indexOf(text, at + text.length)) count += 1;
  return count;
}

function place(image: GuestImage, profile: Profile | undefined): Placed | undefined {
  const ram = profile?.memory.ipa;
  const base = !image.movable ? 0 : typeof ram === "number" ? ram : undefined;
  const start = image.parts[0]?.at;
  if (base === undefined || start === undefined) return undefined;
  return { span: { base: base + start, size: image.end - start }, entry: base + image.entry };
}

const memoryOf = ({ memory }: Profile): Span | undefined =>
  memory.ipa === "identity" ? undefined : { base: memory.ipa, size: memory.size };

function possible(format: ImageFormat, placed: Placed | undefined, profiles: readonly Profile[]): string[] {
  return profiles
    .filter((profile) => {
      const memory = memoryOf(profile);
      const fits = placed === undefined || (memory !== undefined && contains(memory, placed.span));
      return fits && profile.image.formats.includes(format);
    })
    .map(({ name }) => name);
}

function missing(profile: Profile, format: ImageFormat, placed: Placed | undefined, code: CodeTraits | undefined): string[] {
  const list: string[] = [];
  const { formats } = profile.image;
  if (!formats.includes(format)) list.push(`another format: the profile takes ${formats.join(" or ")}, not ${format}`);
  const memory = memoryOf(profile);
  if (placed !== undefined && memory !== undefined && !contains(memory, placed.span)) {
    const enough = formatSize(alignUp(placed.span.base + placed.span.size - memory.base, KIB));
    const outside = placed.span.base < memory.base || placed.span.base >= memory.base + memory.size;
    list.push(
      outside
        ? `memory where it is linked, ${formatSpan(placed.span)}: the profile's is ${formatSpan(memory)}`
        : `more memory than the profile's ${formatSize(memory.size)}: write \`memory: ${enough}\` or more`,
    );
  }
  if (placed !== undefined && !contains(placed.span, { base: placed.entry, size: 1 }))
    list.push(`an entry inside of it: ${hex(placed.entry)} is not`);
  if (code !== undefined && profile.isa === "aarch64" && !code.gicSystemRegisters && !profile.gic.includes(2))
    list.push("a build for GICv3: this one never acknowledges an interrupt by system register");
  return list;
}

/**
 * GIC versions that the code can be for, none of another ISA's: only who has a device tree can find out by itself which one is
 * there.
 */
export function gicVersions({ profile, format, code }: Probe): readonly number[] {
  if (code === undefined) return [];
  if (!code.gicSystemRegisters) return [2];
  return profile?.isa === "aarch64" && profile.device_tree !== undefined && format === "arm64-image" ? profile.gic : [3];
}

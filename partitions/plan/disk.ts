// Where each part of a disk is, as board.yaml's `layout:` wants it. In this order, each where the first room is, at a multiple of
// 1 MiB: both slots and the slot state, back to back; the boot partition; and data, which has the largest room that is left.
//
//  sector 0                       (any order)
//  ┌───────┬──────────┬ ─ ─ ┬────────┬────────┬───────┬ ─ ─ ┬──────┬ ─ ─ ┬──────┬ ─ ─ ┬───────┐
//  │ table │ firmware │     │ slot a │ slot b │ state │     │ boot │     │ data │     │ table │
//  └───────┴──────────┴ ─ ─ ┴────────┴────────┴───────┴ ─ ─ ┴──────┴ ─ ─ ┴──────┴ ─ ─ ┴───────┘
import type { Layout } from "../../boards/layout.ts";
import { alignDown, alignUp, contains, end, gapsOf, MIB, overlaps } from "../units.ts";
import type { Span } from "../units.ts";

export const SECTOR = 512;
/** Where partitions begin: whole blocks of every flash there is, and what fdisk does, too. */
const STEP = MIB / SECTOR;
/** For both copies of the slot state, each in a half of its own. */
export const STATE_SECTORS = STEP;
/** Protective MBR, header, 128 entries; at the end no MBR (UEFI 2.10, 5.3.1). */
export const GPT_HEAD = 34;
export const GPT_TAIL = 33;

/** Spans of sectors. */
export interface DiskPlan {
  readonly table: readonly Span[];
  readonly reserved: readonly Span[];
  readonly a: Span;
  readonly b: Span;
  readonly state: Span;
  readonly boot: Span;
  /** Undefined: nothing is left. */
  readonly data: Span | undefined;
}

/** What cannot be, and by which key of the layout that is seen. */
export interface Misfit {
  readonly key: "reserved" | "slots" | "boot";
  readonly index?: number;
  readonly message: string;
  readonly remedy: string;
}

/** "sectors 64 to 16383" */
export const sectorsText = (span: Span): string => `sectors ${span.base} to ${end(span) - 1}`;

export function placeDisk({ table: kind, sectors, reserved, slots, boot }: Layout): DiskPlan | Misfit {
  const disk = { base: 0, size: sectors };
  const gpt = [{ base: 0, size: GPT_HEAD }, { base: sectors - GPT_TAIL, size: GPT_TAIL }];
  const table = kind === "mbr" ? [{ base: 0, size: 1 }] : gpt;
  const firmware = reserved.map(({ first, sectors: size }) => ({ base: first, size }));
  for (const [index, span] of firmware.entries()) {
    const what = `${reserved[index]?.what ?? ""} in ${sectorsText(span)}`;
    const misfit = (message: string, remedy: string): Misfit => ({ key: "reserved", index, message, remedy });
    if (!contains(disk, span)) return misfit(`${what} is not all on a disk of ${sectors} sectors`, "correct one of them");
    if (table.some((part) => overlaps(part, span)))
      return misfit(`${what} lies where the ${kind.toUpperCase()} does`, "write `table: mbr`, which needs sector 0 only");
    const twin = firmware.slice(0, index).findIndex((other) => overlaps(other, span));
    if (twin >= 0) return misfit(`${what} is over ${reserved[twin]?.what ?? ""}`, "make one stretch of both");
  }

  const taken = [...table, ...firmware];
  /** At a multiple of 1 MiB, in what nobody has yet. */
  const rooms = (): Span[] =>
    gapsOf([disk], taken).flatMap((gap) => {
      const base = alignUp(gap.base, STEP);
      return base < end(gap) ? [{ base, size: end(gap) - base }] : [];
    });
  const take = (size: number): Span | undefined => {
    const room = rooms().find((each) => each.size >= size);
    const span = room && { base: room.base, size };
    if (span !== undefined) taken.push(span);
    return span;
  };

  // All that lies up to the next slot is this one's: an MBR has no word for less.
  const slot = alignUp(slots.sectors, STEP);
  const size = 2 * slot + STATE_SECTORS;
  const wanted = slots.first === undefined ? take(size) : { base: slots.first, size };
  const none = (key: "slots" | "boot", what: string, needed: number): Misfit => ({
    key,
    message: `there is no room for ${what}, ${needed} sectors together`,
    remedy: `make \`sectors\` of the disk more than ${sectors}, or of this fewer`,
  });
  if (wanted === undefined) return none("slots", "two slots and their state", size);
  if (slots.first !== undefined) {
    const other = taken.find((span) => overlaps(span, wanted));
    if (other !== undefined || !contains(disk, wanted) || wanted.base % STEP !== 0)
      return {
        key: "slots",
        message: `slots and state cannot be in ${sectorsText(wanted)}`,
        remedy: `begin at a multiple of ${STEP}, clear of ${other === undefined ? "the disk's end" : sectorsText(other)}`,
      };
    taken.push(wanted);
  }
  const a = { base: wanted.base, size: slot };
  const bootSpan = take(boot.sectors);
  if (bootSpan === undefined) return none("boot", "the boot partition", boot.sectors);
  const [data] = rooms()
    .map((room) => ({ ...room, size: alignDown(room.size, STEP) }))
    .sort((one, other) => other.size - one.size);
  return {
    table,
    reserved: firmware,
    a,
    b: { ...a, base: a.base + slot },
    state: { base: a.base + 2 * slot, size: STATE_SECTORS },
    boot: bootSpan,
    data: data !== undefined && data.size > 0 ? data : undefined,
  };
}

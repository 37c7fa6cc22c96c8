// A backup: one CBOR array (RFC 8949) in deterministic form, so that the same disk and files have the same backup.
//
//   [ bytes of { "boards": text, "files": { name: bytes, … }, "format": 1, "keys": { name: bytes (SPKI, DER), … },
//                "slots": { "a" or "b": { "size": n, "sha256": 32 bytes }, … }, "state": a copy of the slot state },
//     the FIT of each of these slots,
//     SHA-256 of all before it ]
//
// The FITs are not in memory: the heads of the array and of its byte strings are written and read here.
import { createHash } from "node:crypto";
import { MIB } from "../../../partitions/units.ts";
import { piecesOf } from "../fit/source.ts";
import type { Source } from "../fit/source.ts";
import { digestOf } from "../fit/verify.ts";
import { bytesOf, decoded, encoded, fields, Malformed, malformed, named, text, unsigned } from "../manifest/deterministic.ts";
import { SLOTS, STATE_BYTES } from "../slots.ts";
import type { Slot } from "../slots.ts";
import type { Stream } from "../../output/write.ts";
import { BackupError } from "./errors.ts";

const FORMAT = 1;
const SHA256_BYTES = 32;
const CONTENTS_MAX = 4 * MIB;
export const FILE_MAX = MIB;
export const FILES_MAX = 64;
/** Neither a path, nor hidden. */
export const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const KEY_MAX = 4096;

export interface SlotBytes {
  readonly size: number;
  readonly sha256: Uint8Array;
}

export interface Contents {
  /** By the `compatible` of its systems. */
  readonly boards: string;
  readonly state: Uint8Array;
  readonly slots: ReadonlyMap<Slot, SlotBytes>;
  /** Public ones. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const readContents = fields({
  format: unsigned(FORMAT),
  boards: text(/^[ -~]{1,4096}$/),
  state: bytesOf(STATE_BYTES),
  slots: named(/^[ab]$/, SLOTS.length, fields({ size: unsigned(Number.MAX_SAFE_INTEGER), sha256: bytesOf(SHA256_BYTES) })),
  keys: named(FILE_NAME, FILES_MAX, bytesOf(1, KEY_MAX), 0),
  files: named(FILE_NAME, FILES_MAX, bytesOf(0, FILE_MAX), 0),
});

/** RFC 8949, 3: the three upper bits of a head, and 24 to 27 for a number of 1, 2, 4 or 8 bytes behind it. */
const BYTE_STRING = 2;
const ARRAY = 4;
const MAJOR_SHIFT = 5;
const IN_HEAD = 24;
const NUMBER_BYTES = [1, 2, 4, 8] as const;
const HEAD_MAX = 9;

/** As short as can be. */
function headOf(major: number, value: number): Buffer {
  if (value < IN_HEAD) return Buffer.from([(major << MAJOR_SHIFT) | value]);
  const size = NUMBER_BYTES.find((bytes) => BigInt(value) < 1n << BigInt(8 * bytes)) ?? 8;
  const head = Buffer.alloc(1 + size);
  head[0] = (major << MAJOR_SHIFT) | (IN_HEAD + NUMBER_BYTES.indexOf(size));
  for (let n = size, rest = BigInt(value); n > 0; n--, rest >>= 8n) head[n] = Number(rest & 0xffn);
  return head;
}

/** `systems`: for each of its slots, in the order of their names. */
export function writeBackup(contents: Contents, systems: readonly Source[], changed: (slot: Slot) => never): Stream {
  const { boards, state, slots, keys, files } = contents;
  const bytes = encoded({ format: FORMAT, boards, state, slots: new Map(slots), keys: new Map(keys), files: new Map(files) });
  const first = Buffer.concat([headOf(ARRAY, slots.size + 2), headOf(BYTE_STRING, bytes.length), bytes]);
  const inOrder = SLOTS.flatMap((slot) => slots.get(slot) ?? []);
  const strings = inOrder.reduce((sum, { size }) => sum + headOf(BYTE_STRING, size).length + size, 0);
  const last = headOf(BYTE_STRING, SHA256_BYTES);
  return {
    length: first.length + strings + last.length + SHA256_BYTES,
    *chunks() {
      const all = createHash("sha256");
      const hashed = (chunk: Uint8Array): Uint8Array => {
        all.update(chunk);
        return chunk;
      };
      yield hashed(first);
      for (const [index, slot] of SLOTS.filter((each) => slots.has(each)).entries()) {
        const [wanted, source] = [slots.get(slot), systems[index]];
        if (wanted === undefined || source === undefined) throw new RangeError(`no system for slot ${slot}`);
        yield hashed(headOf(BYTE_STRING, wanted.size));
        const one = createHash("sha256");
        for (const piece of piecesOf(source, { base: 0, size: wanted.size })) {
          one.update(piece);
          yield hashed(piece);
        }
        if (!one.digest().equals(wanted.sha256)) changed(slot);
      }
      yield hashed(last);
      yield all.digest();
    },
  };
}

export interface Backup extends Contents {
  /** The FIT of each slot that has one. */
  readonly systems: ReadonlyMap<Slot, Source>;
}

/** All of it is checked, its hashes too; throws a BackupError. `file`: its name. */
export function readBackup(file: string, source: Source): Backup {
  try {
    return read(source);
  } catch (error) {
    if (error instanceof Malformed) throw new BackupError("AXV_BACKUP_MALFORMED", file, error.what);
    throw error;
  }
}

function read(source: Source): Backup {
  let at = 0;
  const head = (major: number, what: string, most: number): number => {
    const bytes = Buffer.alloc(HEAD_MAX);
    const there = bytes.subarray(0, source.fill(bytes, at));
    const first = there[0] ?? 0;
    const size = NUMBER_BYTES[(first & 0x1f) - IN_HEAD] ?? 0;
    const value = size === 0 ? first & 0x1f : Number(BigInt(`0x${there.toString("hex", 1, 1 + size) || "0"}`));
    // Of every other form of the same number this is not the one.
    const written = Number.isSafeInteger(value) ? headOf(major, value) : Buffer.alloc(0);
    if (written.length === 0 || !there.subarray(0, written.length).equals(written) || value > most)
      throw malformed(`at byte ${at} there is no ${what}`);
    at += written.length;
    return value;
  };
  const string = (what: string, most: number): { base: number; size: number } => {
    const size = head(BYTE_STRING, what, most);
    const base = at;
    if (base + size > source.length) throw malformed(`it ends within ${what}`);
    at += size;
    return { base, size };
  };
  const within = ({ base, size }: { base: number; size: number }): Source => ({
    length: size,
    fill: (target, offset) => source.fill(target.subarray(0, Math.max(0, size - offset)), base + offset),
  });
  const whole = (span: { base: number; size: number }): Buffer => {
    const bytes = Buffer.alloc(span.size);
    if (within(span).fill(bytes, 0) < span.size) throw malformed("it ends before its end");
    return bytes;
  };

  const items = head(ARRAY, "array of a backup", SLOTS.length + 2);
  const bytes = whole(string("contents", CONTENTS_MAX));
  const { format, slots: said, ...contents } = readContents(decoded(bytes, CONTENTS_MAX), "it");
  if (format !== FORMAT) throw malformed(`its format is ${format}, not ${FORMAT}`);
  if (items !== said.size + 2) throw malformed(`it has ${items} parts, and ${said.size} slots`);
  const slots = new Map(SLOTS.flatMap((slot) => {
    const found = said.get(slot);
    return found === undefined ? [] : [[slot, found] as const];
  }));
  const systems = new Map<Slot, Source>();
  for (const [slot, { size, sha256 }] of slots) {
    const span = string(`system of slot ${slot}`, Number.MAX_SAFE_INTEGER);
    if (span.size !== size || !digestOf(source, span).equals(sha256))
      throw malformed(`slot ${slot} is not what it says of it`);
    systems.set(slot, within(span));
  }
  const sum = string("hash", SHA256_BYTES);
  if (at !== source.length) throw malformed("something is behind its end");
  const found = digestOf(source, { base: 0, size: sum.base });
  if (!found.equals(whole(sum))) throw malformed("its SHA-256 is another one than it says");
  return { ...contents, slots, systems };
}

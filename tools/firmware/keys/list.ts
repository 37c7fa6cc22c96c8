// Which keys a folder has: keys.json, which `axv-part keys` writes. A key that is revoked stays in it, so that its name is not
// given to another one.
import { join } from "node:path";
import * as z from "zod";
import { readFile } from "../../../partitions/source/file.ts";
import { oneLine } from "../../../partitions/source/text.ts";
import { MIB } from "../../../partitions/units.ts";
import { writeTogether } from "../../output/write.ts";
import { ALGORITHMS } from "../fit/algorithms.ts";
import { KeyError } from "./errors.ts";

export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/;
const FINGERPRINT = /^[0-9a-f]{64}$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Manifests are signed by keys of this kind, and nothing else is. */
export const ED25519 = "ed25519";
export const KEY_ALGORITHMS = [...ALGORITHMS, ED25519] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

const Entry = z.strictObject({
  name: z.string().regex(NAME_PATTERN),
  algorithm: z.enum(KEY_ALGORITHMS),
  state: z.enum(["active", "revoked"]),
  created: z.string().regex(DAY),
  /** SHA-256 of the public key's DER (RFC 5280, SubjectPublicKeyInfo). */
  fingerprint: z.string().regex(FINGERPRINT),
});
export type KeyEntry = z.infer<typeof Entry>;
/** Of more, somebody else has made the file. */
const KEYS_MAX = 1000;
const KeyList = z.strictObject({ keys: z.array(Entry).max(KEYS_MAX) });

export const LIST_FILE = "keys.json";
const BYTES_MAX = MIB;

/** In the order in which they were made. Throws KeyError: where there is none, too. */
export function readKeyList(folder: string): KeyEntry[] {
  const path = join(folder, LIST_FILE);
  const bytes = readFile(path, BYTES_MAX);
  if (typeof bytes === "string") throw new KeyError("AXV_KEYS_FOLDER", folder, `of ${LIST_FILE} in it, ${bytes}`);
  const refuse = (what: string): KeyError => new KeyError("AXV_KEYS_INDEX", path, oneLine(what));
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : "it is no JSON");
  }
  const { data, error } = KeyList.safeParse(parsed);
  if (data === undefined) throw refuse(z.prettifyError(error));
  if (new Set(data.keys.map(({ name }) => name)).size < data.keys.length) throw refuse("two keys have one name");
  return data.keys;
}

export function writeKeyList(folder: string, keys: readonly KeyEntry[]): void {
  writeTogether(new Map([[join(folder, LIST_FILE), `${JSON.stringify({ keys }, null, 2)}\n`]]));
}

// What of a disk a backup has: its slots and their state; and what is given with it: public keys, and small files of its
// configuration.
import { createPrivateKey } from "node:crypto";
import { basename } from "node:path";
import { readFile } from "../../../partitions/source/file.ts";
import { PRIVATE_KEY } from "../../output/keys.ts";
import type { Stream } from "../../output/write.ts";
import { placesOn, sourceOf, stateOn } from "../deploy/places.ts";
import { systemIn } from "../deploy/system.ts";
import type { Sectors } from "../disk/sectors.ts";
import type { Source } from "../fit/source.ts";
import { digestOf } from "../fit/verify.ts";
import type { PublicKey } from "../fit/verify.ts";
import { SLOTS, writeState } from "../slots.ts";
import type { Slot } from "../slots.ts";
import { BackupError } from "./errors.ts";
import { FILE_MAX, FILE_NAME, FILES_MAX, writeBackup } from "./format.ts";
import type { SlotBytes } from "./format.ts";

export interface Made {
  readonly stream: Stream;
  readonly boards: string;
  /** By slot: its version; or why it is not in the backup. */
  readonly slots: Readonly<Record<Slot, { readonly version: string; readonly bytes: number } | string>>;
}

/** Throws an error of ours. `files`: paths. */
export function backupOf(disk: Sectors, keys: readonly PublicKey[], files: readonly string[]): Made {
  const places = placesOn(disk);
  const { state } = stateOn(disk, places);
  const found = SLOTS.map((slot) => [slot, systemIn(sourceOf(disk, places.slots[slot]))] as const);
  const isGood = (slot: Slot): boolean => state.status[slot] === "good";
  const isStarted = (slot: Slot): boolean => isGood(slot) || state.status[slot] === "pending";
  const [good] = found.flatMap(([slot, system]) => (isGood(slot) && typeof system !== "string" ? [system] : []));
  const why = (slot: Slot, wrong: string): string => (isStarted(slot) ? wrong : `it is ${state.status[slot] || "not good"}`);
  if (good === undefined) {
    const reason = (system: unknown): string => (typeof system === "string" ? system : "it is on trial");
    const reasons = found.map(([slot, system]) => `slot ${slot}: ${why(slot, reason(system))}`);
    throw new BackupError("AXV_BACKUP_NOTHING", disk.name, reasons.join("; "));
  }
  const slots = new Map<Slot, SlotBytes>();
  const systems: Source[] = [];
  const said = found.map(([slot, system]) => {
    if (typeof system === "string" || !isStarted(slot)) return [slot, why(slot, String(system))] as const;
    if (system.boards !== good.boards) return [slot, `it is for the board ${system.boards}`] as const;
    const source = sourceOf(disk, places.slots[slot]);
    slots.set(slot, { size: system.bytes, sha256: digestOf(source, { base: 0, size: system.bytes }) });
    systems.push(source);
    return [slot, { version: system.version, bytes: system.bytes }] as const;
  });
  const contents = {
    boards: good.boards,
    state: writeState({ ...state, generation: 0n }),
    slots,
    keys: new Map(keys.map(({ name, key }) => [name, Uint8Array.from(key.export({ type: "spki", format: "der" }))] as const)),
    files: filesOf(files),
  };
  const stream = writeBackup(contents, systems, (slot) => {
    throw new BackupError("AXV_BACKUP_CHANGED", disk.name, slot);
  });
  return { stream, boards: good.boards, slots: Object.fromEntries(said) as Made["slots"] };
}

function filesOf(paths: readonly string[]): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const path of paths) {
    const bytes = readFile(path, FILE_MAX);
    if (typeof bytes === "string") throw new BackupError("AXV_BACKUP_UNREADABLE", path, bytes);
    const name = basename(path);
    if (!FILE_NAME.test(name)) throw new BackupError("AXV_BACKUP_FILE", path, "its name is more than letters, digits, . _ -");
    if (files.has(name)) throw new BackupError("AXV_BACKUP_FILE", path, "there is another one of this name");
    if (files.size === FILES_MAX) throw new BackupError("AXV_BACKUP_FILE", path, `there are ${FILES_MAX} before it`);
    if (hasPrivateKey(Buffer.from(bytes))) throw new BackupError("AXV_BACKUP_PRIVATE", path);
    files.set(name, Uint8Array.from(bytes));
  }
  return files;
}

/** PEM; and what DER a key can be. One that a passphrase keeps is none less. */
function hasPrivateKey(bytes: Buffer): boolean {
  if (PRIVATE_KEY.test(bytes.toString("latin1"))) return true;
  return (["pkcs8", "pkcs1", "sec1"] as const).some((type) => {
    try {
      return createPrivateKey({ key: bytes, format: "der", type }).type === "private";
    } catch {
      return false;
    }
  });
}

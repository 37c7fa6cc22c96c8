// The tags of a system: checked, placed in their images, and with the addresses that the lock file keeps.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { checkTags } from "../check/tags.ts";
import { tagLockBroken, tagMoves, tagRegister, tagsUnlocked, tooManyTags } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { PartitionRequest } from "../request.ts";
import { readFile } from "../source/file.ts";
import type { Path } from "../source/path.ts";
import { MIB } from "../units.ts";
import { assign, formatLock, keyOf, lockPath, NO_LOCK, parseLock } from "./lock.ts";
import type { Lock } from "./lock.ts";
import { placeInImage, wantedTags } from "./table.ts";
import type { TagTable, WantedTag } from "./table.ts";

/** What is made of a system's tags. */
export interface PlannedTags {
  readonly table: TagTable;
  /** What the lock file is to hold; and whether it does not yet. */
  readonly lock: Lock;
  readonly stale: boolean;
  /** Of every partition, with tags or without: which of the bridge's own registers are its own. */
  readonly slots: ReadonlyMap<string, number>;
}

const LOCK_MAX = 16 * MIB;
const NO_TAGS: PlannedTags = { table: [], lock: NO_LOCK, stale: false, slots: new Map() };

export function planTags(systemPath: string, partitions: readonly PartitionRequest[], findings: Findings): PlannedTags {
  const all = partitions
    .map((partition) => ({ partition, wanted: wantedTags(partition) }))
    .filter(({ wanted }) => wanted.length > 0);
  const fine = all.map(({ partition, wanted }) => checkTags(partition, wanted, findings));
  const lock = readLock(systemPath, all[0] === undefined ? ["partitions"] : [...all[0].partition.path, "tags"], findings);
  if (lock === undefined || fine.includes(false)) return NO_TAGS;

  const wanted = all.flatMap((each) => each.wanted);
  const assigned = assign(partitions.map(({ name }) => name), wanted, lock);
  for (const { tag, owner } of assigned.overlapping) findings.report(placeOf(tag), tagRegister(keyOf(tag), owner));
  for (const tag of assigned.homeless)
    findings.report(placeOf(tag), tooManyTags(`no registers are left for "${keyOf(tag)}"`, "Modbus has no more for tags"));
  for (const { tag, from, to } of assigned.moved)
    findings.report(
      placeOf(tag),
      tagMoves(keyOf(tag), from, to, tag.register === to ? "`register` says so" : "its size is another"),
    );
  if (assigned.added > 0) {
    const file = basename(lockPath(systemPath));
    const first = wanted.find((tag) => !lock.tags.has(keyOf(tag)));
    const missing = lock === NO_LOCK ? file : `"${first === undefined ? "" : keyOf(first)}" in ${file}`;
    findings.report(placeOf(first), tagsUnlocked(missing, `axv-part tags --lock ${systemPath}`));
  }
  const table = all.map(({ partition: { name }, wanted: tags }) => {
    const { offsets, size } = placeInImage(tags);
    const placed = tags.map(({ register: _, path: __, ...tag }, index) => {
      const at = assigned.addresses.get(keyOf(tag));
      return { ...tag, register: at?.register ?? 0, alias: at?.alias ?? 0, offset: offsets[index] ?? 0 };
    });
    return { partition: name, size, tags: placed };
  });
  return { table, lock: assigned.lock, stale: formatLock(assigned.lock) !== formatLock(lock), slots: assigned.slots };
}

const placeOf = (tag: WantedTag | undefined): Path => tag?.path ?? [];

function readLock(systemPath: string, at: Path, findings: Findings): Lock | undefined {
  const path = lockPath(systemPath);
  if (!existsSync(path)) return NO_LOCK;
  const bytes = readFile(path, LOCK_MAX);
  const broken = (reason: string): undefined => void findings.report(at, tagLockBroken(basename(path), reason), "key");
  if (typeof bytes === "string") return broken(bytes);
  return parseLock(new TextDecoder().decode(bytes)) ?? broken("it is not what axv-part writes");
}


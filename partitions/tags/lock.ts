// The lock file, <system>.tags.json beside <system>.yaml: which addresses tags have. What stands in it moves no more, whatever is
// added, taken out or put in another order; what is gone keeps its addresses: no client reads another value there by mistake.
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { MAX_PARTITIONS } from "../blob/layout.table.ts";
import { REGISTERS_END, TYPE_PATTERN } from "./schema.ts";
import { formatType, parseType } from "./type.ts";
import type { TagType } from "./type.ts";
import { isBit, registersOf } from "./table.ts";
import type { Addresses, WantedTag } from "./table.ts";

const LOCK_VERSION = 1;
/** Sparkplug's alias is a u64; 32 bits of it go through every library unharmed. */
const ALIAS_MAX = 0xffff_ffff;

const LockedTag = z.strictObject({
  type: z.string().regex(TYPE_PATTERN),
  register: z.int().min(0).max(REGISTERS_END - 1),
  alias: z.int().min(1).max(ALIAS_MAX),
});

export const LockFile = z.strictObject({
  version: z.literal(LOCK_VERSION),
  next: z.strictObject({
    register: z.int().min(0).max(REGISTERS_END),
    bit: z.int().min(0).max(REGISTERS_END),
    alias: z.int().min(1).max(ALIAS_MAX),
  }),
  partitions: z.record(z.string(), z.int().min(0).max(MAX_PARTITIONS - 1)),
  tags: z.record(z.string(), LockedTag),
});

export interface Lock {
  /** From here on nobody has had any. */
  readonly next: { readonly register: number; readonly bit: number; readonly alias: number };
  /** Each partition's slot. */
  readonly partitions: ReadonlyMap<string, number>;
  /** By "partition.tag". */
  readonly tags: ReadonlyMap<string, Addresses & { readonly type: string }>;
}

export const NO_LOCK: Lock = { next: { register: 0, bit: 0, alias: 1 }, partitions: new Map(), tags: new Map() };

export const keyOf = ({ partition, name }: { readonly partition: string; readonly name: string }): string =>
  `${partition}.${name}`;

/** plants/a.yaml → plants/a.tags.json */
export const lockPath = (systemPath: string): string =>
  join(dirname(systemPath), `${basename(systemPath).replace(/\.ya?ml$/, "")}.tags.json`);

/** Undefined: it is none. */
export function parseLock(text: string): Lock | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, data } = LockFile.safeParse(value);
  if (!success) return undefined;
  const slots = Object.values(data.partitions);
  if (new Set(slots).size !== slots.length) return undefined;
  return { next: data.next, partitions: new Map(Object.entries(data.partitions)), tags: new Map(Object.entries(data.tags)) };
}

export function formatLock(lock: Lock): string {
  const sorted = <T>(map: ReadonlyMap<string, T>): Record<string, T> =>
    Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  const whole = {
    version: LOCK_VERSION,
    next: { register: lock.next.register, bit: lock.next.bit, alias: lock.next.alias },
    partitions: sorted(lock.partitions),
    tags: sorted(lock.tags),
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

/** A stretch of registers or of bits, and whose it is. */
interface Taken {
  readonly bit: boolean;
  readonly from: number;
  readonly to: number;
  readonly owner: string;
}

const takes = (owner: string, type: TagType, from: number): Taken => ({
  bit: isBit(type),
  from,
  to: from + registersOf(type),
  owner,
});

export interface Assignment {
  readonly addresses: ReadonlyMap<string, Addresses>;
  readonly slots: ReadonlyMap<string, number>;
  /** What a lock file says after this. */
  readonly lock: Lock;
  /** Tags that the lock has at another register. */
  readonly moved: readonly { readonly tag: WantedTag; readonly from: number; readonly to: number }[];
  /** How many tags the lock has not. */
  readonly added: number;
  /** Tags whose registers are another's, too: two that system.yaml gives, or one of those and one that is gone. */
  readonly overlapping: readonly { readonly tag: WantedTag; readonly owner: string }[];
  /** There is no room for these any more. */
  readonly homeless: readonly WantedTag[];
}

/** Registers that system.yaml names go first, then those of the lock; the others get the next ones that nobody has had. */
export function assign(partitions: readonly string[], wanted: readonly WantedTag[], lock: Lock): Assignment {
  const known = new Set(wanted.map(keyOf));
  const kept = (tag: WantedTag): number | undefined => {
    const old = lock.tags.get(keyOf(tag));
    return old !== undefined && sameRoom(old.type, tag.type) ? old.register : undefined;
  };
  const taken: Taken[] = [...lock.tags].flatMap(([key, old]) =>
    known.has(key) ? [] : [takes(key, parseType(old.type), old.register)],
  );
  const fixed = wanted.flatMap((tag) => {
    const register = tag.register ?? kept(tag);
    return register === undefined ? [] : [{ tag, register }];
  });
  const addresses = new Map<string, Addresses>();
  let { alias } = lock.next;
  const settle = (tag: WantedTag, register: number): void => {
    taken.push(takes(keyOf(tag), tag.type, register));
    addresses.set(keyOf(tag), { register, alias: lock.tags.get(keyOf(tag))?.alias ?? alias++ });
  };
  for (const { tag, register } of fixed) settle(tag, register);
  taken.sort((a, b) => Number(a.bit) - Number(b.bit) || a.from - b.from);
  const overlapping = overlapsIn(taken, wanted);
  // From where nobody has had any, around those that system.yaml names.
  const free = { register: lock.next.register, bit: lock.next.bit };
  const named = { register: taken.filter(({ bit }) => !bit), bit: taken.filter(({ bit }) => bit) };
  const homeless: WantedTag[] = [];
  for (const tag of wanted) {
    if (addresses.has(keyOf(tag))) continue;
    const kind = isBit(tag.type) ? "bit" : "register";
    const count = registersOf(tag.type);
    for (const { from, to } of named[kind]) if (to > free[kind] && from < free[kind] + count) free[kind] = to;
    if (free[kind] + count > REGISTERS_END) {
      homeless.push(tag);
      continue;
    }
    settle(tag, free[kind]);
    free[kind] += count;
  }
  const slots = slotsOf(partitions, lock);
  const next = { register: Math.max(free.register, endOf(taken, false)), bit: Math.max(free.bit, endOf(taken, true)), alias };
  return {
    addresses,
    slots,
    lock: { next, partitions: slots, tags: merged(wanted, addresses, lock) },
    moved: wanted.flatMap((tag) => {
      const [from, to] = [lock.tags.get(keyOf(tag))?.register, addresses.get(keyOf(tag))?.register];
      return from === undefined || to === undefined || from === to ? [] : [{ tag, from, to }];
    }),
    added: wanted.filter((tag) => !lock.tags.has(keyOf(tag))).length,
    overlapping,
    homeless,
  };
}

/** `taken`: in ascending order, where whoever overlaps is a neighbour: thousands of tags are looked at once. */
function overlapsIn(taken: readonly Taken[], wanted: readonly WantedTag[]): Assignment["overlapping"] {
  const overlapping: { tag: WantedTag; owner: string }[] = [];
  let widest: Taken | undefined;
  for (const each of taken) {
    if (widest !== undefined && widest.bit === each.bit && each.from < widest.to) {
      const tag = wanted.find((one) => keyOf(one) === each.owner) ?? wanted.find((one) => keyOf(one) === widest?.owner);
      if (tag !== undefined) overlapping.push({ tag, owner: keyOf(tag) === each.owner ? widest.owner : each.owner });
    }
    if (widest === undefined || widest.bit !== each.bit || each.to > widest.to) widest = each;
  }
  return overlapping;
}

function sameRoom(old: string, type: TagType): boolean {
  const before = parseType(old);
  return isBit(before) === isBit(type) && registersOf(before) === registersOf(type);
}

const endOf = (taken: readonly Taken[], bit: boolean): number =>
  taken.reduce((end, each) => (each.bit === bit ? Math.max(end, each.to) : end), 0);

function slotsOf(partitions: readonly string[], lock: Lock): Map<string, number> {
  const slots = new Map([...lock.partitions].filter(([name]) => partitions.includes(name)));
  // Slots of partitions that are gone are given again last: there are only as many as partitions.
  const used = new Set(slots.values());
  const once = new Set(lock.partitions.values());
  const all = Array.from({ length: MAX_PARTITIONS }, (_, slot) => slot);
  const free = [
    ...all.filter((slot) => !used.has(slot) && !once.has(slot)),
    ...all.filter((slot) => !used.has(slot) && once.has(slot)),
  ];
  for (const name of partitions) if (!slots.has(name)) slots.set(name, free.shift() ?? 0);
  return slots;
}

function merged(wanted: readonly WantedTag[], addresses: ReadonlyMap<string, Addresses>, lock: Lock): Lock["tags"] {
  const tags = new Map(lock.tags);
  for (const tag of wanted) {
    const at = addresses.get(keyOf(tag));
    if (at !== undefined) tags.set(keyOf(tag), { type: formatType(tag.type), register: at.register, alias: at.alias });
  }
  return tags;
}

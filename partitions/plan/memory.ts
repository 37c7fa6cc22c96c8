// Where partitions, channels and mailboxes lie in RAM.
//
// Who says `at` gets it; the others are placed from the top of RAM down, the largest first, each aligned to as large a
// block as its own size allows (up to 1 GiB), because stage 2 then needs the fewest and largest entries. What the
// hypervisor's image may take is kept clear.
//
// All coloured partitions have one stretch in common: each takes the pages of its own colours from it, and those of
// colours that nobody has lie idle.
import type { Board } from "../../boards/schema.ts";
import { MAILBOX_SIZE, IMAGE_RING_BYTES } from "../../core/abi.ts";
import {
  channelColours,
  coloursExhausted,
  memoryExhausted,
  memoryOverlap,
  outsideRam,
} from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { ChannelRequest, PartitionRequest } from "../request.ts";
import type { Path } from "../source/path.ts";
import { alignDown, BLOCK, contains, end, formatSize, formatSpan, gapsOf, GIB, overlaps, PAGE } from "../units.ts";
import type { Span } from "../units.ts";
import { ownColours, sharedCache, spreadOf } from "./cache.ts";
import { highest, highestWithout } from "./gaps.ts";
import type { PlannedCache } from "./plan.ts";
import { bytesBehindMailbox } from "./tag-images.ts";

export interface MemoryPlan {
  /** PA spans by partition name; a coloured partition has only the pages of its colours in it. */
  readonly partitions: ReadonlyMap<string, Span>;
  /** PA spans by channel name. */
  readonly channels: ReadonlyMap<string, Span>;
  /** PA spans by partition name, of those that have one. */
  readonly mailboxes: ReadonlyMap<string, Span>;
  /** For two new images of the partition that can be updated by itself; undefined: none can. */
  readonly staging: Span | undefined;
}

/** RAM while it is given away. */
interface Ground {
  readonly board: Board;
  readonly cache: PlannedCache;
  readonly taken: { readonly what: string; readonly span: Span }[];
  readonly findings: Findings;
}

const gaps = ({ board, taken }: Ground): Span[] =>
  gapsOf(
    board.ram,
    taken.map(({ span }) => span),
  );

/**
 * For what a real-time partition says to the hypervisor without leaving its guest code for it; and for its tags, if no
 * channel carries them; and for new images that it brings for another.
 */
function mailboxSize(
  partition: PartitionRequest, partitions: readonly PartitionRequest[], channels: readonly ChannelRequest[],
): number {
  const { profile, fields, name } = partition;
  const isBringer = partitions.some(({ fields: { update } }) => update?.from === name);
  const behind = bytesBehindMailbox(partition, channels) + (isBringer ? IMAGE_RING_BYTES : 0);
  return behind > 0 || profile?.realtime === true || fields.mailbox !== undefined ? MAILBOX_SIZE + behind : 0;
}

/** Bytes it asks for; undefined when what it asked for was no size. */
export function memorySize(partition: PartitionRequest): number | undefined {
  return partition.memoryBroken ? undefined : (partition.fields.memory?.size ?? partition.profile?.memory.size);
}

/** Where it sees its memory itself; undefined when that is not known because of another mistake. */
export function memoryIpa(partition: PartitionRequest): number | "identity" | undefined {
  return partition.memoryBroken ? undefined : (partition.fields.memory?.ipa ?? partition.profile?.memory.ipa);
}

export function placeMemory(
  board: Board,
  image: Span,
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
  findings: Findings,
): MemoryPlan {
  const taken = [
    { what: "the hypervisor's image", span: image },
    ...board.reserved.map(({ what, ...span }) => ({ what: `firmware's memory (${what})`, span })),
  ];
  const ground = { board, cache: sharedCache(board), taken, findings };
  return {
    partitions: placePartitions(ground, partitions),
    channels: placeChannels(ground, partitions, channels),
    mailboxes: placeMailboxes(ground, partitions, channels),
    staging: placeStaging(ground, partitions),
  };
}

function placePartitions(ground: Ground, partitions: readonly PartitionRequest[]): Map<string, Span> {
  const { cache, taken } = ground;
  const placed = new Map<string, Span>();
  const whole = partitions.filter((partition) => ownColours(cache, partition) === undefined);
  const coloured = partitions.filter((partition) => !whole.includes(partition));
  for (const partition of whole) placeAt(ground, partition, placed);

  const wanted = whole
    .filter((partition) => partition.fields.memory?.at === undefined)
    .map((partition) => ({ owners: [partition], size: memorySize(partition) ?? 0 }));
  wanted.push({ owners: coloured, size: Math.max(0, ...coloured.map((partition) => spread(cache, partition))) });
  for (const { owners, size } of wanted.filter((each) => each.size > 0).sort((a, b) => b.size - a.size)) {
    // Colours are mapped page by page: no larger block would help them.
    const span = highest(gaps(ground), size, BLOCK, owners === coloured ? BLOCK : blockFor(size));
    if (span === undefined) reportExhausted(ground, owners, size);
    else {
      taken.push({ what: owners.map(({ name }) => `partition "${name}"`).join(" and "), span });
      for (const owner of owners) placed.set(owner.name, { base: span.base, size: spread(cache, owner) });
    }
  }
  return placed;
}

/** Bytes of RAM from the first page of its memory to its last one. */
function spread(cache: PlannedCache, partition: PartitionRequest): number {
  const own = ownColours(cache, partition);
  const size = memorySize(partition) ?? 0;
  return own === undefined ? size : spreadOf(cache, size, own);
}

function placeAt({ board, taken, findings }: Ground, partition: PartitionRequest, placed: Map<string, Span>): void {
  const memory = partition.fields.memory;
  if (memory?.at === undefined) return;
  const span = { base: memory.at, size: memory.size };
  const at = [...partition.path, "memory", "at"];
  const ram = board.ram.find((bank) => contains(bank, span));
  const other = taken.find((each) => overlaps(each.span, span));
  if (ram === undefined) findings.report(at, outsideRam(formatSpan(span), board.ram.map(formatSpan).join(" or ")));
  if (other !== undefined) findings.report(at, memoryOverlap(formatSpan(span), other.what, formatSpan(other.span)));
  placed.set(partition.name, span);
  taken.push({ what: `partition "${partition.name}"`, span });
}

/** A coloured end's memory is to stay out of reach of everybody else, by way of the channel too. */
function placeChannels(
  ground: Ground,
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
): Map<string, Span> {
  const { cache, taken, findings } = ground;
  const placed = new Map<string, Span>();
  for (const { name, path, fields } of channels) {
    if (fields.size === undefined) continue;
    const isEnd = (partition: PartitionRequest): boolean => fields.between?.includes(partition.name) === true;
    const reached = partitions.some((end) => isEnd(end) && ownColours(cache, end) !== undefined);
    const others = reached ? partitions.filter((partition) => !isEnd(partition)) : [];
    const avoided = new Set(others.flatMap((partition) => ownColours(cache, partition) ?? []));
    const span = highestWithout(gaps(ground), fields.size, cache, avoided);
    if (span !== undefined) {
      placed.set(name, span);
      taken.push({ what: `channel "${name}"`, span });
    } else if (highestWithout(gaps(ground), fields.size, cache, new Set()) === undefined) {
      reportNoRoom(ground, [...path, "size"], fields.size);
    } else {
      const owners = others.filter((partition) => ownColours(cache, partition) !== undefined);
      const names = owners.map((partition) => `"${partition.name}"`).join(", ");
      findings.report([...path, "size"], channelColours(formatSize(fields.size), names));
    }
  }
  return placed;
}

/** Of the partition's own colours: it is memory of its own. */
function placeMailboxes(
  ground: Ground,
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
): Map<string, Span> {
  const { cache, taken } = ground;
  const placed = new Map<string, Span>();
  for (const partition of partitions) {
    const size = mailboxSize(partition, partitions, channels);
    if (size === 0) continue;
    const own = ownColours(cache, partition);
    const all = Array.from({ length: cache.colours }, (_, colour) => colour);
    const avoided = new Set(own === undefined ? [] : all.filter((colour) => !own.includes(colour)));
    const span = highestWithout(gaps(ground), size, cache, avoided);
    if (span === undefined) reportNoRoom(ground, partition.path, size);
    else {
      placed.set(partition.name, span);
      taken.push({ what: `the mailbox of "${partition.name}"`, span });
    }
  }
  return placed;
}

/** Last of all: a page table less where it lies in whole blocks, but no partition is worse placed for it. */
function placeStaging(ground: Ground, partitions: readonly PartitionRequest[]): Span | undefined {
  const updated = partitions.find(({ fields }) => fields.update !== undefined);
  if (updated?.fields.update === undefined) return undefined;
  const size = 2 * updated.fields.update.size;
  const span = highest(gaps(ground), size, PAGE, BLOCK);
  if (span === undefined) reportNoRoom(ground, [...updated.path, "update", "size"], size);
  else ground.taken.push({ what: `new images of "${updated.name}"`, span });
  return span;
}

const memoryPath = ({ path, fields }: PartitionRequest): Path =>
  fields.memory === undefined ? path : [...path, "memory", "size"];

function reportExhausted(ground: Ground, owners: readonly PartitionRequest[], size: number): void {
  // Of coloured ones the most spread one needs it all.
  const widest = owners.reduce((one, other) => (spread(ground.cache, other) > spread(ground.cache, one) ? other : one));
  const own = ownColours(ground.cache, widest);
  if (own === undefined) return reportNoRoom(ground, memoryPath(widest), size);
  const asked = formatSize(memorySize(widest) ?? 0);
  const share = `${own.length} of ${ground.cache.colours} colours`;
  ground.findings.report(
    memoryPath(widest),
    coloursExhausted(asked, share, formatSize(size), formatSize(largestGap(ground))),
  );
}

function reportNoRoom(ground: Ground, path: Path, size: number): void {
  const total = ground.board.ram.reduce((sum, bank) => sum + bank.size, 0);
  ground.findings.report(path, memoryExhausted(formatSize(size), formatSize(largestGap(ground)), formatSize(total)));
}

const largestGap = (ground: Ground): number =>
  Math.max(0, ...gaps(ground).map((gap) => alignDown(end(gap), BLOCK) - Math.ceil(gap.base / BLOCK) * BLOCK));

/** The largest power of two that is no larger than the size: what an aligned stretch of that size can be mapped by. */
function blockFor(size: number): number {
  let block = BLOCK;
  while (block * 2 <= Math.min(size, GIB)) block *= 2;
  return block;
}

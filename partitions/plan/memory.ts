// Where partitions, channels and mailboxes lie in RAM.
//
// Who says `at` gets it; the others are placed from the top of RAM down, the largest first, each aligned to as large a
// block as its own size allows (up to 1 GiB), because stage 2 then needs the fewest and largest entries. What the
// hypervisor's image may take is kept clear.
import type { Board } from "../../boards/schema.ts";
import { MAILBOX_SIZE } from "../../core/abi.ts";
import { memoryExhausted, memoryOverlap, misaligned, outsideRam } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { ChannelRequest, PartitionRequest } from "../request.ts";
import type { Path } from "../source/yaml.ts";
import { alignDown, BLOCK, contains, end, formatSize, formatSpan, GIB, hex, overlaps, PAGE } from "../units.ts";
import type { Span } from "../units.ts";

export interface MemoryPlan {
  /** PA spans by partition name. */
  readonly partitions: ReadonlyMap<string, Span>;
  /** PA spans by channel name. */
  readonly channels: ReadonlyMap<string, Span>;
  /** PA spans by partition name, of those that have one. */
  readonly mailboxes: ReadonlyMap<string, Span>;
}

interface Taken {
  readonly what: string;
  readonly span: Span;
}

/** What a real-time partition says to the hypervisor without leaving its guest code for it. */
export const hasMailbox = (partition: PartitionRequest): boolean => partition.profile?.realtime === true;

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
  reserved: Span,
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
  findings: Findings,
): MemoryPlan {
  const taken: Taken[] = [{ what: "the hypervisor's image", span: reserved }];
  const placed = new Map<string, Span>();
  for (const partition of partitions) placeAt(board, partition, taken, placed, findings);

  const free = partitions
    .filter((partition) => partition.fields.memory?.at === undefined)
    .map((partition) => ({ partition, size: memorySize(partition) ?? 0 }))
    .filter(({ size }) => size > 0)
    .sort((a, b) => b.size - a.size);
  for (const { partition, size } of free) {
    const span = highest(board.ram, taken, size, BLOCK, blockFor(size));
    if (span === undefined) reportExhausted(board, memoryPath(partition), size, taken, findings);
    else claim(placed, taken, partition.name, `partition "${partition.name}"`, span);
  }

  const shared = new Map<string, Span>();
  for (const { name, path, fields } of channels) {
    if (fields.size === undefined) continue;
    const span = highest(board.ram, taken, fields.size, PAGE, PAGE);
    if (span === undefined) reportExhausted(board, [...path, "size"], fields.size, taken, findings);
    else claim(shared, taken, name, `channel "${name}"`, span);
  }

  const mailboxes = new Map<string, Span>();
  for (const partition of partitions.filter(hasMailbox)) {
    const span = highest(board.ram, taken, MAILBOX_SIZE, PAGE, PAGE);
    if (span === undefined) reportExhausted(board, partition.path, MAILBOX_SIZE, taken, findings);
    else claim(mailboxes, taken, partition.name, `the mailbox of "${partition.name}"`, span);
  }
  return { partitions: placed, channels: shared, mailboxes };
}

function placeAt(
  board: Board,
  partition: PartitionRequest,
  taken: Taken[],
  placed: Map<string, Span>,
  findings: Findings,
): void {
  const memory = partition.fields.memory;
  if (memory?.ipa !== undefined && memory.ipa !== "identity" && memory.ipa % BLOCK !== 0) {
    findings.report([...partition.path, "memory", "ipa"], misaligned("the address", hex(memory.ipa), "2M"));
  }
  if (memory?.at === undefined) return;
  const span = { base: memory.at, size: memory.size };
  const at = [...partition.path, "memory", "at"];
  const ram = board.ram.find((bank) => contains(bank, span));
  const other = taken.find((each) => overlaps(each.span, span));
  if (memory.at % BLOCK !== 0) findings.report(at, misaligned("the address", hex(memory.at), "2M"));
  if (ram === undefined) findings.report(at, outsideRam(formatSpan(span), board.ram.map(formatSpan).join(" or ")));
  if (other !== undefined) findings.report(at, memoryOverlap(formatSpan(span), other.what, formatSpan(other.span)));
  claim(placed, taken, partition.name, `partition "${partition.name}"`, span);
}

function claim(placed: Map<string, Span>, taken: Taken[], name: string, what: string, span: Span): void {
  placed.set(name, span);
  taken.push({ what, span });
}

const memoryPath = ({ path, fields }: PartitionRequest): Path =>
  fields.memory === undefined ? path : [...path, "memory", "size"];

function reportExhausted(board: Board, path: Path, size: number, taken: readonly Taken[], findings: Findings): void {
  const total = board.ram.reduce((sum, bank) => sum + bank.size, 0);
  const gaps = gapsOf(
    board.ram,
    taken.map((each) => each.span),
  );
  const largest = Math.max(0, ...gaps.map((gap) => alignDown(end(gap), BLOCK) - Math.ceil(gap.base / BLOCK) * BLOCK));
  findings.report(path, memoryExhausted(formatSize(size), formatSize(largest), formatSize(total)));
}

/** The largest power of two that is no larger than the size: what an aligned stretch of that size can be mapped by. */
function blockFor(size: number): number {
  let block = BLOCK;
  while (block * 2 <= Math.min(size, GIB)) block *= 2;
  return block;
}

/** The highest free place, aligned as well as can be between the two alignments. */
function highest(
  ram: readonly Span[],
  taken: readonly Taken[],
  size: number,
  least: number,
  most: number,
): Span | undefined {
  const gaps = gapsOf(
    ram,
    taken.map((each) => each.span),
  ).reverse();
  for (let alignment = most; alignment >= least; alignment /= 2) {
    for (const gap of gaps) {
      const base = alignDown(end(gap) - size, alignment);
      if (base >= gap.base) return { base, size };
    }
  }
  return undefined;
}

/** What of RAM nobody has, in ascending order. */
function gapsOf(ram: readonly Span[], taken: readonly Span[]): Span[] {
  let gaps = [...ram].sort((a, b) => a.base - b.base);
  for (const span of taken) {
    gaps = gaps.flatMap((gap) => {
      if (!overlaps(gap, span)) return [gap];
      const below = { base: gap.base, size: span.base - gap.base };
      const above = { base: end(span), size: end(gap) - end(span) };
      return [below, above].filter((rest) => rest.size > 0);
    });
  }
  return gaps;
}

// Memory and registers that two partitions reach, and what allows it.
import type { Board } from "../../boards/schema.ts";
import { GICC_SIZE } from "../../partitions/plan/aarch64/sizes.ts";
import { contains, end, PAGE } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";
import type { Declared } from "./declared.ts";
import type { Reach } from "./reach.ts";

export interface Shared extends Span {
  /** Indices of two partitions. */
  readonly between: readonly [number, number];
  /** Undefined: nothing allows it. */
  readonly why: string | undefined;
}

interface Owned extends Span {
  readonly partition: number;
}

/** By PA. */
export const ownedBy = (reaches: readonly Reach[]): Owned[] =>
  reaches.flatMap(({ memory }, partition) => memory.map(({ pa, size }) => ({ base: pa, size, partition })))
    .sort((a, b) => a.base - b.base || a.partition - b.partition);

export function sharedBy(reaches: readonly Reach[], declared: Declared, board: Board): Shared[] {
  const shared: Shared[] = [];
  const open: Owned[] = [];
  for (const one of ownedBy(reaches)) {
    // Those that end before this one begins are over: nothing that comes can overlap them.
    for (let at = open.length - 1; at >= 0; at--) if (end(open[at] ?? one) <= one.base) open.splice(at, 1);
    for (const other of open) {
      const span = { base: one.base, size: Math.min(end(one), end(other)) - one.base };
      const between = [Math.min(one.partition, other.partition), Math.max(one.partition, other.partition)] as const;
      shared.push({ ...span, between, why: whyOf(span, between, declared, board) });
    }
    open.push(one);
  }
  return shared;
}

function whyOf(span: Span, [a, b]: readonly [number, number], declared: Declared, board: Board): string | undefined {
  if (a !== b && isEnd(span, a, b, declared) && isEnd(span, b, a, declared)) return "channel";
  if (a === b || board.isa !== "aarch64" || board.gic.version !== 2) return undefined;
  const { gic } = board;
  const direct = [a, b].map((n) => declared.partitions[n]?.direct);
  const frame = direct[0] === true ? { base: gic.gicc, size: PAGE } : { base: gic.gicv, size: GICC_SIZE };
  return direct[0] === direct[1] && contains(frame, span) ? "CPU interface: each pCPU has its own there" : undefined;
}

/** Partition `a` declares it as an end of a channel whose other end is `b`'s. */
function isEnd(span: Span, a: number, b: number, { partitions }: Declared): boolean {
  const { channels = [], regions = [] } = partitions[a] ?? {};
  return channels.some(({ ipa, size, peer }) => {
    const region = regions.find((each) => each.kind === "channel" && each.ipa === ipa && each.size === size);
    return peer === b && region !== undefined && contains({ base: region.pa, size: region.size }, span);
  });
}

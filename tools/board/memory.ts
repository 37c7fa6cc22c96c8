// RAM in a device tree, and what of it firmware keeps: /memreserve/ and /reserved-memory (Devicetree Specification v0.4, 3.4,
// 3.5).
import { FRAME, MAPPED_END, MAX_BANKS } from "../../boards/limits.ts";
import type { Fdt, FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { isOn, stringsOf } from "../../partitions/devicetree/properties.ts";
import type { Span } from "../../partitions/units.ts";
import { alignDown, alignUp, BLOCK, common, end, gapsOf, pagesOf } from "../../partitions/units.ts";
import { BoardError } from "./errors.ts";

export const isMemory = (node: FdtNode): boolean => stringsOf(node, "device_type")[0] === "memory";

/** Whole pages inside it. */
const inward = (span: Span): Span => {
  const base = alignUp(span.base, FRAME);
  return { base, size: Math.max(0, alignDown(Math.min(end(span), MAPPED_END), FRAME) - base) };
};

/** In ascending order, those that meet made one. */
function joined<T extends Span>(spans: readonly T[], join: (one: T, next: T, span: Span) => T): T[] {
  const found: T[] = [];
  for (const next of [...spans].sort((a, b) => a.base - b.base)) {
    const one = found.at(-1);
    if (one === undefined || end(one) < next.base) found.push(next);
    else found[found.length - 1] = join(one, next, { base: one.base, size: Math.max(end(one), end(next)) - one.base });
  }
  return found;
}

/** Of the tree; without what the hypervisor does not reach. */
export function ramOf(places: Places): Span[] {
  const spans = places.all.filter((node) => isMemory(node) && isOn(node)).flatMap((node) => places.windowsOf(node) ?? []);
  return joined(
    spans.map(inward).filter(({ size }) => size > 0),
    (_, __, span) => span,
  );
}

export type Reserved = Span & { readonly what: string };

/** Names as `what` of a board.yaml shows them. */
const WHAT_MAX = 60;
const both = (one: string, next: string): string => {
  const text = one.split(", ").includes(next) ? one : `${one}, ${next}`;
  return text.length > WHAT_MAX ? `${text.slice(0, WHAT_MAX - 2)} …` : text;
};

/** What the tree says that firmware keeps, in whole pages, wherever it is. */
export function reservedOf(places: Places, { reserved }: Fdt): Reserved[] {
  const nodes = (places.byPath("/reserved-memory")?.children ?? []).filter(isOn);
  const spans = [
    ...reserved.map((span) => ({ ...span, what: "/memreserve/" })),
    ...nodes.flatMap((node) => (places.windowsOf(node) ?? []).map((span) => ({ ...span, what: node.name.split("@")[0] ?? "" }))),
  ];
  return spans.filter(({ size }) => size > 0).map(({ what, ...span }) => ({ ...pagesOf(span), what }));
}

export interface MemoryFacts {
  readonly ram: readonly Span[];
  readonly reserved: readonly Reserved[];
  /** Where the image can be loaded. */
  readonly image: number;
  /** Banks for which there is no room. */
  readonly more: number;
  /** Stretches given up, for they are too many. */
  readonly given: number;
}

/** `ram`: of the tree, or as it was said. */
export function memoryOf(ram: readonly Span[], kept: readonly Reserved[]): MemoryFacts {
  if (ram.length === 0) throw new BoardError("AXV_BOARD_RAM", "this tree does not say where RAM is, as firmware fills it in");
  const largest = [...ram].sort((a, b) => b.size - a.size).slice(0, MAX_BANKS);
  const banks = largest.sort((a, b) => a.base - b.base);
  const within = banks.flatMap((bank) =>
    kept.flatMap(({ what, ...span }) => common(bank, span).map((piece) => ({ ...piece, what }))),
  );
  const join = (one: Reserved, next: Reserved, span: Span): Reserved => ({ ...span, what: both(one.what, next.what) });
  let reserved = joined(within, join);
  let given = 0;
  // What lies between two of firmware's becomes firmware's, the smallest first, until there is room for what is left.
  for (let free = gapsOf(banks, reserved); free.length > MAX_BANKS; free = gapsOf(banks, reserved)) {
    const excess = [...free].sort((a, b) => a.size - b.size).slice(0, free.length - MAX_BANKS);
    given += excess.length;
    reserved = joined([...reserved, ...excess.map((span) => ({ ...span, what: "between" }))], join);
  }
  return { ram: banks, reserved, image: imageIn(gapsOf(banks, reserved)), more: ram.length - banks.length, given };
}

/** What an image takes at the least: the core and its tables. */
const IMAGE_LEAST = 2 * BLOCK;

/**
 * In the largest stretch: a multiple of 2 MiB, as Linux' arm64 Image wants it. The first such place is left free: where RAM
 * begins firmware has its device tree, or what no tree tells of.
 */
function imageIn(free: readonly Span[]): number {
  const [largest] = [...free].sort((a, b) => b.size - a.size);
  const base = alignUp(largest?.base ?? 0, BLOCK) + BLOCK;
  if (largest === undefined || base + IMAGE_LEAST > end(largest))
    throw new BoardError("AXV_BOARD_RAM", "firmware leaves no RAM in which an image has room");
  return base;
}

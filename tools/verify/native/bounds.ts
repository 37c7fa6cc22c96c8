// How often a loop of the binary goes round. The markers say it of source loops; which source loop a loop of the binary
// is must be found out, because clang unrolls, peels, merges and splits loops:
//
//  - A fully unrolled inner loop leaves its markers in the loop around it. So the smallest limit among a loop's markers may be
//    the inner one's, and wrong. Every source loop that the loop could be is taken into account, and the largest limit counts.
//  - An outer loop that starts with its inner loop can share its header: then both are one loop here, and their limits multiply.
//  - Of a loop split in two nested ones, the outer half has no marker of its own, but passes the inner half's.
//
// Why the largest is sound: whenever control comes back to the same instruction, some source loop has begun another
// iteration, and passed its marker. The outermost such loop, L, is the one that limits how often; its marker lies on
// every way around. All other markers on the way belong to loops inside L. So L is among the candidates here: a marker
// on every way around, and not known to lie inside a source loop whose marker is certainly here as well. What we take
// for granted: clang does not remove a loop around another one (because it runs once) and split that other one in two
// nested loops at the same time.
import { VerifyError } from "../errors.ts";
import type { Graph } from "./cfg.ts";
import { Evidence, isStrictlyInside, type FromInner } from "./evidence.ts";
import { EXCLUSIVE_ATTEMPTS } from "./exclusives.ts";
import { fewestMarkers, type FewestMarkers } from "./fewest.ts";
import type { Loop, LoopForest } from "./loops.ts";
import { markerKey, type LoopNesting, type Marker } from "./markers.ts";
import type { Node, Region, Regions } from "./region.ts";

export interface LoopBound {
  /** The block that the loop begins with. */
  readonly header: number;
  readonly why: "stated" | "merged" | "exclusive" | "byte-count";
  /** Source lines of the markers that it rests on. */
  readonly lines: readonly number[];
  /** How often at most control goes back to the header before it leaves the loop at `node`; Infinity for a byte count. */
  backEdges(node: Node): number;
}

export function findBounds(
  graph: Graph, forest: LoopForest, regions: Regions, markers: readonly Marker[], nesting: LoopNesting,
): ReadonlyMap<Loop, LoopBound> {
  const bounds = new Map<Loop, LoopBound>();
  const evidence = new Evidence(graph, forest, markers, nesting);
  const visit = (loop: Loop, taken: readonly Marker[]): void => {
    if (evidence.isExclusive(loop)) {
      bounds.set(loop, { header: loop.header, why: "exclusive", lines: [], backEdges: () => EXCLUSIVE_ATTEMPTS - 1 });
      return;
    }
    const { bound, takes } = boundOf(graph, regions(loop), loop, evidence, taken, nesting);
    bounds.set(loop, bound);
    for (const child of loop.children) visit(child, takes);
  };
  for (const root of forest.roots) visit(root, []);
  return bounds;
}

/** A source loop that the loop may be. */
interface Candidate {
  readonly key: string;
  readonly limit: number;
  /** Its markers on the way around, at least. */
  readonly around: number;
  /** Its markers on the way from the header through a node, at least. */
  through(node: Node): number;
}

function boundOf(
  graph: Graph, region: Region, loop: Loop, evidence: Evidence, taken: readonly Marker[], nesting: LoopNesting,
): { readonly bound: LoopBound; readonly takes: readonly Marker[] } {
  const { header } = loop;
  const certain = evidence.certain(loop);
  const certainKeys = [...new Set(certain.map(({ marker }) => markerKey(marker)))];
  const left = evidence.atHeader(loop).filter((marker) => !taken.includes(marker));
  const atHeader = certain.length + left.length > 0 ? left : evidence.atHeader(loop);

  /** The fewest markers of a key (or of any); those whose place is ambiguous count only if `unsure` ones shall. */
  const fewest = (key: string | undefined, fromInner: readonly FromInner[], unsure: boolean): FewestMarkers => {
    const wanted = (marker: Marker): boolean => key === undefined || markerKey(marker) === key;
    return fewestMarkers(region, ({ from, source }) => {
      if (from.block === undefined) {
        return unsure
          ? fromInner.filter(({ child, marker, passedAt }) => child === from.loop && wanted(marker) && passedAt(source)).length
          : 0;
      }
      const here = certain.filter(({ marker, block }) => wanted(marker) && from.block.index === block);
      if (!unsure) return here.filter(({ solid }) => solid).length;
      return here.length + (from.block.index === header ? atHeader.filter(wanted).length : 0);
    });
  };
  const candidates = (fromInner: readonly FromInner[]): Candidate[] => {
    const markers = [...certain.map(({ marker }) => marker), ...atHeader, ...fromInner.map(({ marker }) => marker)];
    const limits = new Map(markers.map((marker) => [markerKey(marker), marker.limit]));
    return [...limits]
      .filter(([key]) => !certainKeys.some((outer) => isStrictlyInside(nesting, key, outer)))
      .map(([key, limit]) => {
        const sure = fewest(key, fromInner, false);
        // Markers of another loop with the same key must not be taken for a second one of this loop.
        const mixed = nesting.encloses(key, key);
        const around = sure.around > 0 && !mixed ? sure.around : Math.min(1, fewest(key, fromInner, true).around);
        return { key, limit, around, through: mixed ? () => 0 : sure.through };
      })
      .filter(({ around }) => around > 0);
  };

  // Markers that stand with an inner loop are evidence too: those that it can spare, and, where there is nothing else,
  // the others.
  const spare = evidence.spare(loop);
  const outermost = spare.filter(
    ({ marker }) => !spare.some((other) => isStrictlyInside(nesting, markerKey(marker), markerKey(other.marker))),
  );
  const choices = candidates([]).length > 0 ? [spare] : [outermost, evidence.atInnerHeaders(loop), evidence.inside(loop)];
  const fromInner = choices.find((choice) => candidates(choice).length > 0) ?? [];
  const takes = fromInner === outermost ? outermost.map(({ marker }) => marker) : [];

  const own = [...certain.map(({ marker }) => marker), ...atHeader];
  const all = [...own, ...fromInner.map(({ marker }) => marker)];
  // A marker deeper inside whose source loop lies around one of ours: ours came here by unrolling, and this loop may be
  // the other.
  const around = evidence
    .deeper(loop)
    .filter((marker) => all.some((one) => isStrictlyInside(nesting, markerKey(one), markerKey(marker))));
  const lines = [...new Set([...all, ...around].map(({ line }) => line))];
  const possible = candidates(fromInner);
  const sharesHeader =
    loop.latches.length > 1 &&
    atHeader.some((outer) => own.some((inner) => nesting.encloses(markerKey(outer), markerKey(inner))));
  if (sharesHeader || possible.length === 0) {
    if (fewest(undefined, fromInner, true).around === 0) {
      throw new VerifyError("loop-unmarked", `a loop in ${graph.name}`, graph.blocks[header]?.first.source);
    }
    const limits = new Map([...all, ...around].map((marker) => [markerKey(marker), marker.limit]));
    // A key that lies inside itself stands for two loops.
    const product = [...limits].reduce((before, [key, limit]) => before * (limit + 1) ** (nesting.encloses(key, key) ? 2 : 1), 1);
    const why = Number.isFinite(product) ? "merged" : "byte-count";
    return { bound: { header, why, lines, backEdges: () => product }, takes };
  }

  const limits = [...possible, ...around].map(({ limit }) => limit);
  const backEdges = (node: Node): number => {
    const stated = possible.map((one) => Math.floor((one.limit - one.through(node)) / one.around));
    return Math.max(0, ...stated, ...around.map(({ limit }) => limit));
  };
  return { bound: { header, why: limits.includes(Infinity) ? "byte-count" : "stated", lines, backEdges }, takes };
}

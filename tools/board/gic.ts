// The interrupt controller in a device tree (Linux' bindings of arm,gic and arm,gic-v3).
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { isCompatible, isOn, numberOf } from "../../partitions/devicetree/properties.ts";
import { GICR_SIZE } from "../../partitions/plan/aarch64/sizes.ts";
import type { Span } from "../../partitions/units.ts";
import { alignUp, end, hex, KIB } from "../../partitions/units.ts";
import { FRAME, MAPPED_END, SPI_WORD, SPIS_MOST } from "../../boards/limits.ts";
import { BoardError } from "./errors.ts";
import type { BoardFile } from "./file.ts";
import { Interrupts } from "./interrupts.ts";

const V3 = ["arm,gic-v3"];
const V2 = ["arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a9-gic", "arm,cortex-a7-gic", "qcom,msm-qgic2", "arm,gic-v2"];

export function gicNodeOf(places: Places): FdtNode {
  const found = places.all.find((node) => isCompatible(node, ...V3, ...V2) && isOn(node));
  if (found !== undefined) return found;
  throw new BoardError("AXV_BOARD_GIC", "this tree has neither");
}

/** Of a GICv2 that has its two pages in 64 KiB each, so that pages of 64 KiB can part them. */
const REPEATED = 128 * KIB;
/**
 * There each page of 4 KiB is repeated sixteen times: what is 4 KiB behind the first one is not the second one, but the first
 * one again. At the last repetition of the first one, the second one is 4 KiB behind it (so does Linux, too).
 */
const LAST_REPETITION = 0xf000;
const isRepeated = ({ size }: Span): boolean => size >= REPEATED;
const pairOf = (span: Span): number => span.base + (isRepeated(span) ? LAST_REPETITION : 0);

/** Fewer are of no use: a partition's console takes one, a channel two. */
const SPARES_MIN = 4;

/** Written where redistributors are further apart than they are large, and where they are in more than one region. */
export const STRIDE = "redistributor-stride";
const REGIONS = "#redistributor-regions";

export interface GicFacts {
  readonly gic: BoardFile["gic"];
  readonly spares: readonly [number, number];
  /** Windows of a GICv2 are repeated. */
  readonly repeated: boolean;
  /** pCPUs that there are redistributors for. */
  readonly reached: number;
  /** Of a GICv3: where redistributors are. */
  readonly regions: readonly Span[];
}

export function gicOf(places: Places, node: FdtNode, interrupts: Interrupts, cpus: number): GicFacts {
  const windows = (places.windowsOf(node) ?? []).filter(({ size }) => size > 0);
  const outside = windows.find((span) => span.base % FRAME !== 0 || span.base === 0 || end(span) > MAPPED_END);
  if (outside !== undefined)
    throw new BoardError("AXV_BOARD_GIC", `a part of this one is at ${hex(outside.base)}, which the hypervisor does not reach`);
  const maintenance = interrupts.of(node).find(({ type }) => type === "ppi");
  if (maintenance === undefined) throw new BoardError("AXV_BOARD_GIC", `${node.path} has no maintenance interrupt`);

  const used = interrupts.used();
  const common = { spis: spiCount(used), maintenance: maintenance.number };
  const spares = sparesOf(used, common.spis);
  const [gicd, second, gich, gicv] = windows;
  if (gicd === undefined || second === undefined)
    throw new BoardError("AXV_BOARD_GIC", `the registers of ${node.path} are not all in its \`reg\``);
  if (isCompatible(node, ...V3)) {
    // Where it is not written, a GICv3's; a GICv4 has two frames more, and the hypervisor says so at boot.
    const stride = numberOf(node, STRIDE) ?? GICR_SIZE;
    if (stride % GICR_SIZE !== 0) throw new BoardError("AXV_BOARD_GIC", `redistributors of this one are ${hex(stride)} apart`);
    const regions = windows.slice(1, 1 + (numberOf(node, REGIONS) ?? 1));
    const frames = regions.flatMap(({ base, size }) =>
      Array.from({ length: Math.min(Math.floor(size / stride), cpus) }, (_, n) => base + n * stride),
    );
    const gicr = frames.slice(0, cpus);
    const isRow = gicr.every((base, n) => base === second.base + n * stride);
    const places = isRow ? { gicr: second.base, gicr_stride: stride } : { gicr };
    const gic = { version: 3 as const, gicd: gicd.base, ...places, ...common };
    return { gic, spares, repeated: false, reached: gicr.length, regions };
  }
  if (gich === undefined || gicv === undefined) throw new BoardError("AXV_BOARD_GIC", `${node.path} has no GICH and GICV`);
  return {
    gic: { version: 2, gicd: gicd.base, gicc: pairOf(second), gich: gich.base, gicv: pairOf(gicv), ...common },
    spares,
    repeated: [second, gicv].some(isRepeated),
    reached: cpus,
    regions: [],
  };
}

/** As many as the highest one that is used tells of; there may be more. */
function spiCount(used: ReadonlySet<number>): number {
  const highest = Math.max(0, ...used);
  return Math.min(alignUp(highest + 1, SPI_WORD), SPIS_MOST);
}

/** The longest row of those that nobody uses, from `least` on. */
export function sparesOf(used: ReadonlySet<number>, spis: number, least = 0): readonly [number, number] {
  let best = { first: least, count: 0 };
  for (let first = least, spi = least; spi <= spis; spi++) {
    if (spi < spis && !used.has(spi)) continue;
    if (spi - first > best.count) best = { first, count: spi - first };
    first = spi + 1;
  }
  if (best.count < SPARES_MIN)
    throw new BoardError(
      "AXV_BOARD_SPIS", `of the ${spis - least} that this tree tells of never ${SPARES_MIN} in a row are free`,
    );
  return [best.first, best.first + best.count - 1];
}

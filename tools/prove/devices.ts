// Where a board's devices are, and what they do by themselves: as board.yaml says, and for what it leaves out, the board's own
// device tree.
import type { Board } from "../../boards/schema.ts";
import { readFdt } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { gapsOf, pagesOf } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";

export interface KnownDevice {
  readonly name: string;
  /** Of its registers. */
  readonly windows: readonly Span[];
  /** That these are in. */
  readonly pages: readonly Span[];
  /** SPIs: numbers of device trees. Unknown of one that the tree alone tells of. */
  readonly spis: readonly number[];
  /** It reads and writes memory by itself; undefined: nobody says. */
  readonly dma: boolean | undefined;
  /** It decides what others may do: interrupts, their messages, what DMA reaches. Nobody may have it. */
  readonly rules: boolean;
}

/** Compatible strings of a GIC, its ITS and message frames, of an SMMU (Linux, bindings arm,gic*, arm,smmu*). */
const RULING = /(^|\0)arm,(gic|gicv\d|cortex-a\d+-gic|smmu)/;

export function devicesOn(board: Board, tree: Uint8Array | undefined): KnownDevice[] {
  const described = Object.entries(board.devices).map(([name, { windows, spis, dma }]) =>
    ({ name, windows, pages: windows.map(pagesOf), spis: spis.map(({ spi }) => spi), dma, rules: false }));
  const known = described.flatMap(({ pages }) => pages);
  const others = tree === undefined ? [] : inTree(tree).filter(({ pages }) => gapsOf(pages, known).length > 0);
  return [...described, ...others];
}

function inTree(tree: Uint8Array): KnownDevice[] {
  const places = new Places(readFdt(tree));
  return places.all.flatMap((node) => {
    const windows = places.windowsOf(node) ?? [];
    if (windows.length === 0) return [];
    const compatible = Buffer.from(node.properties.get("compatible") ?? []).toString("latin1");
    return [{ name: node.path, windows, pages: windows.map(pagesOf), spis: [], dma: undefined, rules: RULING.test(compatible) }];
  });
}

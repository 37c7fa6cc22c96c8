// The UART of a board's console in its device tree, which the hypervisor drives (Devicetree Specification v0.4, 3.6 and 4.2).
import { BAUD_MAX, BAUD_MIN, FRAME, MAPPED_END } from "../../boards/limits.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { cellOf, cellsOf, isCompatible, isOn, numberOf, stringsOf } from "../../partitions/devicetree/properties.ts";
import { hex } from "../../partitions/units.ts";
import { BoardError } from "./errors.ts";
import type { BoardFile } from "./file.ts";
import { Interrupts } from "./interrupts.ts";

const KINDS = [
  ["pl011", ["arm,pl011"]],
  ["imx", ["fsl,imx6q-uart"]],
  ["cadence", ["cdns,uart-r1p8", "cdns,uart-r1p12", "xlnx,xuartps"]],
  [
    "ns16550",
    [
      "snps,dw-apb-uart",
      "ns16550a",
      "ns16550",
      "ns16750",
      "ns16850",
      "nvidia,tegra20-uart",
      "ti,am654-uart",
      "ti,am64-uart",
      "ti,am4372-uart",
      "mediatek,mt6577-uart",
      "intel,xscale-uart",
      "mrvl,mmp-uart",
      "fsl,16550-FIFO64",
      "fsl,ns16550",
    ],
  ],
] as const;
const kindOf = (node: FdtNode): (typeof KINDS)[number][0] | undefined =>
  KINDS.find(([, models]) => isCompatible(node, ...models))?.[0];

/** Where `reg-shift` is not written, as it goes without saying: registers of these are 4 bytes apart. */
const WORD_APART = ["nvidia,tegra20-uart", "mediatek,mt6577-uart", "ti,am654-uart", "ti,am64-uart", "ti,am4372-uart"];

export const CLOCK_UNKNOWN_HZ = 24_000_000;

export interface UartFacts {
  readonly uart: BoardFile["uart"];
  readonly node: FdtNode;
  /** The tree does not say how fast its clock is. */
  readonly clockUnknown: boolean;
}

/** `options`: what is behind the colon of stdout-path, such as 115200n8. */
function consoleOf(places: Places): { node: FdtNode; options: string } | undefined {
  const chosen = places.byPath("/chosen");
  const [path] = chosen === undefined ? [] : [...stringsOf(chosen, "stdout-path"), ...stringsOf(chosen, "linux,stdout-path")];
  const named = path === undefined ? undefined : places.byPathOrAlias(path);
  if (path !== undefined && named !== undefined) return { node: named, options: path.split(":")[1] ?? "" };
  const first = places.byPathOrAlias("serial0");
  const node = first !== undefined && isOn(first) ? first : places.all.find((each) => kindOf(each) !== undefined && isOn(each));
  return node && { node, options: "" };
}

export function uartOf(places: Places, interrupts: Interrupts): UartFacts {
  const found = consoleOf(places);
  if (found === undefined) throw new BoardError("AXV_BOARD_UART", "this tree names no console, and has none of these");
  return uartAt(places, interrupts, found.node, found.options);
}

/** Of one that need not be the console. */
export function uartAt(places: Places, interrupts: Interrupts, node: FdtNode, options = ""): UartFacts {
  const kind = kindOf(node);
  const [model = "nothing known"] = stringsOf(node, "compatible");
  if (kind === undefined) throw new BoardError("AXV_BOARD_UART", `the console here, ${node.path}, is ${model}`);
  const [window] = places.windowsOf(node) ?? [];
  const reg = window?.base ?? 0;
  if (reg === 0 || reg % FRAME !== 0 || reg >= MAPPED_END)
    throw new BoardError(
      "AXV_BOARD_UART",
      `the console here, ${node.path}, is at ${hex(reg)}: it has to begin a page below 2^38`,
    );
  const spi = interrupts.of(node).find(({ type }) => type === "spi");
  if (spi === undefined) throw new BoardError("AXV_BOARD_UART", `the console here, ${node.path}, has no SPI`);
  const clock = clockOf(places, node);
  const baud = clock === undefined ? undefined : rateOf(node, options, clock);
  const common = { reg, spi: spi.number, clock_hz: clock ?? CLOCK_UNKNOWN_HZ, ...(baud === undefined ? {} : { baud }) };
  const uart = kind === "ns16550" ? { kind, ...common, ...spacingOf(node) } : { kind, ...common };
  return { uart, node, clockUnknown: clock === undefined };
}

function spacingOf(node: FdtNode): { reg_shift: number; reg_width: 1 | 4 } {
  const shift = cellOf(node, "reg-shift") ?? (isCompatible(node, ...WORD_APART) ? 2 : 0);
  const width = cellOf(node, "reg-io-width") ?? 1;
  if (shift > 3 || (width !== 1 && width !== 4))
    throw new BoardError("AXV_BOARD_UART", `registers of ${node.path} are ${2 ** shift} bytes apart and ${width} wide`);
  return { reg_shift: shift, reg_width: width };
}

/** Its own `clock-frequency`, or that of the fixed clock that is its first. */
export function clockOf(places: Places, node: FdtNode): number | undefined {
  const [phandle] = cellsOf(node, "clocks");
  const clock = phandle === undefined ? undefined : places.byPhandle(phandle);
  const fixed = clock !== undefined && isCompatible(clock, "fixed-clock") ? clock : undefined;
  const hz = numberOf(node, "clock-frequency") ?? (fixed && numberOf(fixed, "clock-frequency"));
  return hz === 0 ? undefined : hz;
}

/** Clocks of a bit, and what a bit may be longer or shorter (3 %). Some UARTs divide in ways of their own (MediaTek's). */
const OVERSAMPLING = 16;
const TOLERANCE = 0.03;

/** Undefined: it is left as firmware has set it. */
function rateOf(node: FdtNode, options: string, clock: number): number | undefined {
  const baud = Number(/^\d+/.exec(options)?.[0] ?? cellOf(node, "current-speed") ?? NaN);
  const divisor = Math.max(1, Math.round(clock / OVERSAMPLING / baud));
  const isMade = Math.abs(clock / OVERSAMPLING / divisor / baud - 1) <= TOLERANCE;
  return baud >= BAUD_MIN && baud <= BAUD_MAX && isMade ? baud : undefined;
}

// The hypervisor's UART as the plan has it; and what its registers get for a baud rate, by its kind (core/devices).
import type { PlannedUart } from "./plan.ts";

/** What a board.yaml says of it. */
export interface UartFacts {
  readonly kind: PlannedUart["kind"];
  readonly reg: number;
  readonly clock_hz: number;
  readonly baud?: number | undefined;
  readonly reg_shift?: number | undefined;
  readonly reg_width?: number | undefined;
}

/** Samples of a bit. */
const OVERSAMPLING = 16;
/** PL011: six bits of a fraction (DDI 0183, 3.3.6). */
const FRACTION = 64;
const PL011_MAX = 0xffff * FRACTION;
const LATCH_MAX = 0xffff;
/** Cadence: of the rate that the bit clock divides, clock / BRGR / (BDIV + 1) (UG1087). */
const BDIV_MIN = 4;
const BDIV_MAX = 255;
const BRGR_MAX = 0xffff;
const BDIV_STEP = 0x1_0000;
/** i.MX: clock / 16 × (UBIR + 1) / (UBMR + 1), UBIR being 15. */
const UBMR_MAX = 0xffff;

export const planUart = (uart: UartFacts): PlannedUart => ({
  kind: uart.kind,
  address: uart.reg,
  shift: uart.reg_shift ?? 0,
  wide: uart.reg_width === 4,
  divisor: uart.baud === undefined ? 0 : DIVISOR[uart.kind](uart.clock_hz, uart.baud),
});

const between = (least: number, most: number, value: number): number => Math.min(most, Math.max(least, Math.round(value)));

const DIVISOR: Readonly<Record<PlannedUart["kind"], (clock: number, baud: number) => number>> = {
  pl011: (clock, baud) => between(FRACTION, PL011_MAX, (clock * FRACTION) / (OVERSAMPLING * baud)),
  ns16550: (clock, baud) => between(1, LATCH_MAX, clock / (OVERSAMPLING * baud)),
  cadence: cadenceDivisor,
  imx: (clock, baud) => between(1, UBMR_MAX + 1, clock / baud),
};

/** The rate that it has with its divisor. */
export function baudOf({ kind, divisor }: PlannedUart, clock: number): number {
  if (kind === "pl011") return (clock * FRACTION) / (OVERSAMPLING * divisor);
  if (kind === "ns16550") return clock / (OVERSAMPLING * divisor);
  if (kind === "imx") return clock / divisor;
  return clock / ((divisor % BDIV_STEP) * (Math.floor(divisor / BDIV_STEP) + 1));
}

/** The pair that comes nearest. */
function cadenceDivisor(clock: number, baud: number): number {
  const pairs = Array.from({ length: BDIV_MAX - BDIV_MIN + 1 }, (_, n) => {
    const bdiv = BDIV_MIN + n;
    const brgr = between(1, BRGR_MAX, clock / (baud * (bdiv + 1)));
    return { divisor: bdiv * BDIV_STEP + brgr, error: Math.abs(clock / (brgr * (bdiv + 1)) - baud) };
  });
  return pairs.reduce((best, pair) => (pair.error < best.error ? pair : best)).divisor;
}

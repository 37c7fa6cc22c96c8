import type { PlannedUart } from "../../partitions/plan/plan.ts";

/** Which one a board has, and how its registers are reached. */
export type UartFacts = Omit<PlannedUart, "address">;
export const PL011_UART: UartFacts = { kind: "pl011", shift: 0, wide: false, divisor: 0 };
export const NS16550_UART: UartFacts = { kind: "ns16550", shift: 0, wide: false, divisor: 0 };

/** A board's UART, as the machine and its tests see it, whichever kind it is. */
export interface Uart {
  /** Everything that has gone out on the wire. */
  readonly sent: number[];
  /** A wire that takes nothing: the transmit FIFO fills up and stays full. */
  stalled: boolean;
  /** A PL011's wire that takes nothing while a driver looks: no more leaves between two calls of drain() than this FIFO holds. */
  slowFifo?: number | undefined;
  /** Bytes that were typed, and not read yet. */
  readonly unread: number;
  /** The wire takes everything that waits in the transmit FIFO. */
  drain(): void;
  /** Types bytes; gives back how many the FIFO had room for. */
  type(bytes: Iterable<number>): number;
  /** Its registers. */
  read(offset: number): number;
  write(offset: number, value: number): void;
  /** The width of an access that its registers have: one of another width is a mistake. */
  readonly accessBytes: number;
}

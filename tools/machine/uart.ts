/** A board's UART, as the machine and its tests see it, whichever kind it is. */
export interface Uart {
  /** Everything that has gone out on the wire. */
  readonly sent: number[];
  /** A wire that takes nothing: the transmit FIFO fills up and stays full. */
  stalled: boolean;
  /** Bytes that were typed, and not read yet. */
  readonly unread: number;
  /** The wire takes everything that waits in the transmit FIFO. */
  drain(): void;
  /** Types bytes; gives back how many the FIFO had room for. */
  type(bytes: Iterable<number>): number;
  /** Its registers. */
  read(offset: number): number;
  write(offset: number, value: number): void;
}

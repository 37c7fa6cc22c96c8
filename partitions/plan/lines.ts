// Which lines of its interrupt controller a board has for what.

export interface Lines {
  /** Of a number as system.yaml and profiles have it. */
  readonly of: (number: number) => number;
  /** Of the hypervisor's own UART, as such a number and as a line. */
  readonly uartNumber: number;
  readonly uart: number;
  /** The first of those that no device has, and how many there are. */
  readonly firstSpare: number;
  readonly spares: number;
}

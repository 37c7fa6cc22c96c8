// What a Modbus server counts, for metrics. Counts only grow; `connections` is how many there are now.
import type { Exception } from "./exceptions.ts";

export interface Counters {
  connections: number;
  accepted: number;
  /** Connections over the limit: closed at once. */
  refused: number;
  /** Closed because no request was completed for the idle time. */
  idle: number;
  requests: number;
  /** Answers that were exceptions, by code. */
  readonly exceptions: Map<number, number>;
  /** Frames that are no Modbus: another protocol id, or on a serial line a wrong checksum or length. Dropped. */
  dropped: number;
  /** Connections whose bytes had no possible length: closed. */
  broken: number;
  /** Answers with nobody to take them: the connection was gone, or others had begun to talk on the serial line. */
  late: number;
}

export const newCounters = (): Counters => ({
  connections: 0,
  accepted: 0,
  refused: 0,
  idle: 0,
  requests: 0,
  exceptions: new Map(),
  dropped: 0,
  broken: 0,
  late: 0,
});

export const countException = ({ exceptions }: Counters, code: Exception | number): void => {
  exceptions.set(code, (exceptions.get(code) ?? 0) + 1);
};

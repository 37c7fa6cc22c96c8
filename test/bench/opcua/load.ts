// How much is asked of the server in the measurement: what both of its programs have to agree on.
export const TAGS = 1000;
export const SESSIONS = 50;
export const ITEMS = 200;
export const PERIOD_MS = 100;
/** One in so many tags changes with each scan. */
export const CHANGING = 10;
export const SECONDS = 20;
export const COUNTER_HZ = 1_000_000;

/** What the server's program says of itself, once a second. */
export interface Usage {
  readonly port: number;
  /** Microseconds of processor time since it began to say so. */
  readonly cpu: number;
  readonly rss: number;
}

// Waiting for what a program or a machine does. What ends the wait is not the clock on the wall: while it could compute and is
// not let, for others have the CPUs, no patience is spent. So a busy machine is no failure, and a dead one is noticed.
import { setTimeout as sleep } from "node:timers/promises";
import { type Delays, heldUp } from "../tools/run/threadDelays.ts";
import { runDelays } from "./runDelays.ts";

/** A bridge in its guest took two and a half minutes to start on a slow machine. */
const PATIENCE_MS = 250_000;
const POLL_MS = 20;
/** So often it is looked at what had to wait for a CPU. */
const LOOK_MS = 1000;

export class Patience {
  readonly #delays: () => Delays;
  readonly #now: () => number;
  #looked: number;
  #before: Delays;
  #spent = 0;

  constructor(delays: () => Delays = runDelays, now: () => number = () => performance.now()) {
    this.#delays = delays;
    this.#now = now;
    this.#looked = now();
    this.#before = delays();
  }

  /** To be asked again and again. */
  get isOver(): boolean {
    const passed = this.#now() - this.#looked;
    if (passed >= LOOK_MS) {
      const delays = this.#delays();
      this.#spent += Math.max(0, passed - heldUp(this.#before, delays));
      this.#looked += passed;
      this.#before = delays;
    }
    return this.#spent >= PATIENCE_MS;
  }
}

/** For what cannot be asked: acts when patience is over, unless the function that it gives back is called before. */
export function whenOver(act: () => void): () => void {
  const patience = new Patience();
  const timer = setInterval(() => {
    if (!patience.isOver) return;
    clearInterval(timer);
    act();
  }, LOOK_MS);
  return () => clearInterval(timer);
}

export interface Waiting {
  /** What the failure shows. */
  readonly seen?: () => string;
  /** It will not come any more. */
  readonly isDead?: () => boolean;
  readonly meanwhile?: () => void;
  readonly pollMs?: number;
}

/** Waits until it holds; `what` is what the failure says is missing. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { seen = () => "", isDead = () => false, meanwhile = () => {}, pollMs = POLL_MS }: Waiting = {},
): Promise<void> {
  const patience = new Patience();
  while (!(await holds())) {
    if (isDead() || patience.isOver) throw new Error(`waited in vain for ${what}\n${seen()}`);
    meanwhile();
    await sleep(pollMs);
  }
}

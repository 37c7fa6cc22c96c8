// Concurrency: others do something in the middle of what a pCPU does in the core, between two of its intrinsics.

export interface Intruder {
  readonly run: () => void;
  /** Intrinsics between two times, and how often. */
  readonly every?: number;
  readonly times?: number;
}

export class Intrusion {
  private pending: { after: number; readonly run: () => void; readonly every: number; times: number } | undefined;

  begin(after: number, { run, every = 0, times = 1 }: Intruder): void {
    this.pending = { after, run, every, times };
  }

  /** True: it came to that, as often as it was to. */
  end(): boolean {
    const came = this.pending === undefined;
    this.pending = undefined;
    return came;
  }

  get isPending(): boolean {
    return this.pending !== undefined;
  }

  /**
   * An intrinsic is about to be executed that others could notice. `hidden`: what the others do, they do without what is to be
   * hidden from them.
   */
  pass(hidden: (run: () => void) => void): void {
    if (this.pending === undefined || this.pending.after-- > 0) return;
    const { run, every, times } = this.pending;
    this.pending = undefined;
    hidden(run);
    // Unless it has called in somebody else.
    if (times > 1) this.pending ??= { after: every, run, every, times: times - 1 };
  }
}

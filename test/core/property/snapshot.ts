// Memory as it was before a step, to tell quickly whether a step changed it: a copy, compared as bytes.

export class Snapshot<T extends Uint8Array | Uint32Array> {
  /** What it is now; the same array at all times. */
  readonly now: T;
  /** What it was at the last `take`. */
  readonly before: T;
  private readonly nowBytes: Uint8Array;
  private readonly beforeBytes: Uint8Array;

  constructor(live: T) {
    this.now = live;
    this.before = live.slice() as T;
    this.nowBytes = new Uint8Array(live.buffer, live.byteOffset, live.byteLength);
    this.beforeBytes = new Uint8Array(this.before.buffer);
  }

  take(): void {
    this.beforeBytes.set(this.nowBytes);
  }

  get changed(): boolean {
    return Buffer.compare(this.nowBytes, this.beforeBytes) !== 0;
  }
}

// Stores to linear memory that others do not see yet (ARM ARM B2.3, RVWMO): each pCPU has them at once for itself, and everybody
// else when a barrier, an atomic or the end of what it does has put them in order. Between two of those nothing says when, and so
// the worst is taken: whoever looks meanwhile finds none of them, though device writes, interrupts sent and atomics made behind
// them have had their effect.
//
// Stores are in memory as the wasm makes them; for somebody else's turn they are taken back, and made again after it. So a late
// one comes over what the other has stored at the same place. Release stores (storeRelease32) are late, too, but never ahead of
// earlier ones.

/** The module that such a core imports from. */
export const INSTRUMENTED = "env";

interface Store {
  readonly at: number;
  /** What was there before, and what the store has made of it. */
  before: Uint8Array;
  after: Uint8Array;
}

export class StoreBuffer {
  private readonly memory: Uint8Array;
  /** How much was hidden ahead of the last intrinsic, and whether that was one which others can see the effect of. */
  private looked = 0;
  private shown = false;
  private readonly stores = new Map<number, Store[]>();

  private readonly seen: RegExp;

  /** `shown`: intrinsics whose effect another pCPU sees, whatever it sees of stores. */
  constructor(memory: ArrayBuffer, shown: RegExp) {
    this.seen = shown;
    this.memory = new Uint8Array(memory);
  }

  /** A pCPU is about to store there. */
  store(pcpu: number, at: number, bytes: number): void {
    const before = this.memory.slice(at, at + bytes);
    const of = this.stores.get(pcpu);
    if (of === undefined) this.stores.set(pcpu, [{ at, before, after: before }]);
    else of.push({ at, before, after: before });
  }

  /**
   * Ahead of an intrinsic: whoever came now would find everything as ahead of the last one, or there is nothing that he does not
   * see. What the intrinsics in between have done matters if it is to be seen by him: an interrupt sent, a device write, a table
   * entry.
   */
  isSame(pcpu: number, intrinsic: string): boolean {
    const stored = this.stores.get(pcpu)?.length ?? 0;
    const same = stored === 0 || (stored === this.looked && !this.shown);
    this.looked = stored;
    this.shown = this.seen.test(intrinsic);
    return same;
  }

  /** There is something that others do not see. */
  holds(pcpu: number): boolean {
    return (this.stores.get(pcpu)?.length ?? 0) > 0;
  }

  /** Others see what the pCPU has stored. */
  drain(pcpu: number): void {
    this.stores.delete(pcpu);
  }

  /** The turn of others, in the middle of what a pCPU does. */
  hidden(pcpu: number, run: () => void): void {
    const stores = this.stores.get(pcpu) ?? [];
    for (const store of [...stores].reverse()) {
      store.after = this.memory.slice(store.at, store.at + store.before.length);
      this.memory.set(store.before, store.at);
    }
    try {
      run();
    } finally {
      for (const store of stores) {
        store.before = this.memory.slice(store.at, store.at + store.after.length);
        this.memory.set(store.after, store.at);
      }
    }
  }
}

/**
 * What a core imports that says when it stores (instrumented.ts). Every call gives back its last argument; those for stores are
 * of interest.
 */
export function memoryImports(
  module: WebAssembly.Module, store: (at: number, bytes: number) => void,
): Record<string, (...values: never[]) => number | bigint> {
  const last = (...values: (number | bigint)[]): number | bigint => values.at(-1) ?? 0;
  const names = WebAssembly.Module.imports(module).filter((wanted) => wanted.module === INSTRUMENTED).map(({ name }) => name);
  // The address comes first, then the value is worked out, and may store on its way.
  const pending: { at: number; bytes: number }[] = [];
  const pointer = (_id: number, bytes: number, offset: number, at: number): number => {
    pending.push({ at: (at >>> 0) + (offset >>> 0), bytes });
    return at;
  };
  const value = (_id: number, stored: number | bigint): number | bigint => {
    const found = pending.pop();
    if (found !== undefined) store(found.at, found.bytes);
    return stored;
  };
  return Object.fromEntries(
    names.map((name) => [name, name === "store_ptr" ? pointer : name.startsWith("store_val") ? value : last])
  );
}

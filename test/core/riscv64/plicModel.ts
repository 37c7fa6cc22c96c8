// A PLIC as the RISC-V PLIC Specification 1.0.0 has it: what the emulated one (arch/riscv64/vplic.ts) is compared with. Of its
// gateways, a level's asks for as long as its wire is high, an edge's since its wire rose; none is let through that nobody has
// enabled, nor while the last one of that source is not over.

export const PRIORITY_MAX = 7;

interface Source {
  readonly isEdge: boolean;
  wire: boolean;
  /** An edge that its gateway has not let through. */
  edge: boolean;
  pending: boolean;
  active: boolean;
  priority: number;
}

export class Plic {
  readonly sources: ReadonlyMap<number, Source>;
  readonly contexts: readonly { threshold: number; readonly enabled: Set<number> }[];

  constructor(edges: readonly number[], levels: readonly number[], contexts: number) {
    const source = (isEdge: boolean): Source => ({
      isEdge, wire: false, edge: false, pending: false, active: false, priority: 0,
    });
    this.sources = new Map([
      ...edges.map((number) => [number, source(true)] as const), ...levels.map((number) => [number, source(false)] as const),
    ]);
    this.contexts = Array.from({ length: contexts }, () => ({ threshold: 0, enabled: new Set<number>() }));
  }

  private context(n: number) {
    const context = this.contexts[n];
    if (context === undefined) throw new RangeError(`there is no context ${n}`);
    return context;
  }

  setWire(number: number, high: boolean): void {
    const source = this.sources.get(number);
    if (source === undefined) return;
    if (high && !source.wire) source.edge = source.isEdge;
    source.wire = high;
    this.letThrough();
  }

  isPending(number: number): boolean {
    const source = this.sources.get(number);
    return source !== undefined && !source.active && (source.pending || asks(source));
  }

  priority(number: number): number {
    return this.sources.get(number)?.priority ?? 0;
  }

  setPriority(number: number, priority: number): void {
    const source = this.sources.get(number);
    if (source !== undefined) source.priority = priority & PRIORITY_MAX;
  }

  enable(context: number, first: number, bits: number): void {
    const { enabled } = this.context(context);
    for (let n = 0; n < 32; n++) {
      if (!this.sources.has(first + n)) continue;
      if (((bits >>> n) & 1) !== 0) enabled.add(first + n);
      else enabled.delete(first + n);
    }
    this.letThrough();
  }

  enabledWord(context: number, first: number): number {
    return [...this.context(context).enabled].reduce(
      (word, number) => (number >= first && number < first + 32 ? (word | (1 << (number - first))) >>> 0 : word), 0,
    );
  }

  /** 0: nothing. */
  claim(context: number): number {
    const number = this.best(context, 0);
    const source = this.sources.get(number);
    if (source !== undefined) {
      source.pending = false;
      source.active = true;
    }
    return number;
  }

  complete(context: number, number: number): void {
    const source = this.sources.get(number);
    if (source === undefined || !this.context(context).enabled.has(number)) return;
    source.active = false;
    this.letThrough();
  }

  interrupts(context: number): boolean {
    return this.best(context, this.context(context).threshold) !== 0;
  }

  private best(context: number, above: number): number {
    const { enabled } = this.context(context);
    const [best] = [...this.sources]
      .filter(([number, { pending, priority }]) => pending && enabled.has(number) && priority > above)
      .sort(([a, { priority: p }], [b, { priority: q }]) => q - p || a - b);
    return best?.[0] ?? 0;
  }

  private letThrough(): void {
    for (const [number, source] of this.sources) {
      if (source.pending || source.active || !asks(source) || !this.contexts.some(({ enabled }) => enabled.has(number))) continue;
      source.pending = true;
      source.edge = false;
    }
  }
}

const asks = ({ isEdge, edge, wire }: Source): boolean => (isEdge ? edge : wire);

// Random numbers that come again with their seed: xorshift with a multiplied output (Marsaglia, "Xorshift RNGs", 2003; Vigna,
// xorshift64*), in two 32-bit halves so that it is quick in V8.

const ALL = 0xffff_ffff;

export class Random {
  private state: number;

  constructor(seed: number) {
    // Seeds that are close to each other shall not give sequences that are: two rounds of MurmurHash3's finaliser.
    this.state = mix(mix(seed >>> 0) ^ 0x9e37_79b9) || 1;
  }

  /** 32 random bits. */
  word(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return mix(this.state);
  }

  /** 0 … limit - 1; limit up to 2^53. */
  below(limit: number): number {
    return limit <= ALL ? this.word() % limit : (this.word() * 0x20_0000 + (this.word() >>> 11)) % limit;
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new RangeError("nothing to pick from");
    return one;
  }

  chance(one: number, of: number): boolean {
    return this.below(of) < one;
  }

  /** 64 bits, and more often than by chance those that are on the edge of something. */
  value(): bigint {
    switch (this.below(6)) {
      case 0: return this.pick(EDGES);
      case 1: return 1n << BigInt(this.below(64));
      case 2: return BigInt(this.below(64));
      case 3: return BigInt(this.word());
      default: return (BigInt(this.word()) << 32n) | BigInt(this.word());
    }
  }
}

const EDGES: readonly bigint[] = [
  0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

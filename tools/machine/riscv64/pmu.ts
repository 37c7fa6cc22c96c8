// Programmable counters of one hart (mhpmcounter3 on, mhpmevent3 on), and the calls of firmware by which alone they are set
// (RISC-V SBI 2.0, "Performance Monitoring Unit Extension"), as OpenSBI has them. Whatever the event is, it happens with each
// instruction of the guest's, and with each call of firmware by the hypervisor.
//
// Of what a hypervisor should never hand on (snapshots, counters that there are not, arguments of a guest's own) all is an error.
import { hex, MachineError } from "../errors.ts";

export const PMU = 0x50_4d55;
export const PMU_COUNTERS = 0;
export const PMU_INFO = 1;
export const PMU_CONFIGURE = 2;
export const PMU_START = 3;
export const PMU_STOP = 4;

// Flags of CONFIGURE
const AUTO_START = 1n << 2n;
export const NOT_IN_VU = 1n << 3n;
export const NOT_IN_VS = 1n << 4n;
const NOT_IN_HS = 1n << 6n;
const NEVER_IN_HOST = (1n << 5n) | NOT_IN_HS | (1n << 7n);
const RESET = 1n;
const INITIAL = 1n;

const INVALID_PARAM = -3;
const NOT_SUPPORTED = -2;
const ALREADY_STARTED = -7;
const ALREADY_STOPPED = -8;

const FIRST = 3;
const CYCLE = 0xc00;
const WIDTH = 63n << 12n;
/** Hardware's, its caches', raw. */
const EVENTS_END = 3n << 16n;
/** Events that it has: cycles, instructions, and what is raw. */
const KNOWN: readonly bigint[] = [1n, 2n, 2n << 16n];
/** What a counter has in it before anybody sets it. */
const LEFT = 0x5a5an;

interface Counter {
  event: bigint | undefined;
  inhibited: bigint;
  isOn: boolean;
  value: bigint;
}

export class Pmu {
  readonly counters: readonly Counter[];
  /** Sscofpmf: a counter may leave modes out. */
  readonly filters: boolean;

  constructor(count: number, filters: boolean) {
    this.filters = filters;
    this.counters = Array.from({ length: count }, () => ({ event: undefined, inhibited: 0n, isOn: false, value: LEFT }));
  }

  get isThere(): boolean {
    return this.counters.length > 0;
  }

  /** hpmcounter<n> */
  value(n: number): bigint {
    return this.counters[n - FIRST]?.value ?? 0n;
  }

  /** Of the guest, or else of the hypervisor. */
  happens(inGuest: boolean): void {
    const mode = inGuest ? NOT_IN_VS : NOT_IN_HS;
    for (const one of this.counters) if (one.isOn && !(this.filters && (one.inhibited & mode) !== 0n)) one.value++;
  }

  /** An error, which is negative, or a value. */
  call(fn: number, [a0 = 0n, a1 = 0n, a2 = 0n, a3 = 0n]: readonly bigint[]): bigint | number {
    if (!this.isThere) return NOT_SUPPORTED;
    switch (fn) {
      case PMU_COUNTERS: return BigInt(FIRST + this.counters.length);
      case PMU_INFO: return this.info(Number(a0));
      case PMU_CONFIGURE: return this.configure(this.named(a0, a1), a2, a3);
      case PMU_START: return this.start(this.named(a0, a1), a2, a3);
      case PMU_STOP: return this.stop(this.named(a0, a1), a2);
      default: throw new MachineError("MACHINE_FIRMWARE", `function ${fn} of PMU reached the firmware`);
    }
  }

  /** Those before the first programmable one are fixed, but for `time`. */
  private info(n: number): bigint | number {
    const isThere = n >= 0 && n < FIRST + this.counters.length && n !== 1;
    return isThere ? BigInt(CYCLE + n) | WIDTH : INVALID_PARAM;
  }

  private named(base: bigint, mask: bigint): Counter[] {
    const all = (1n << BigInt(this.counters.length)) - 1n;
    if (base !== 0n || mask === 0n || (mask & ~(all << BigInt(FIRST))) !== 0n) {
      throw new MachineError("MACHINE_FIRMWARE", `counters ${hex(mask)} from ${base} on reached the firmware`);
    }
    return this.counters.filter((_, n) => (mask & (1n << BigInt(n + FIRST))) !== 0n);
  }

  private configure(named: readonly Counter[], flags: bigint, event: bigint): bigint | number {
    if ((flags & NEVER_IN_HOST) !== NEVER_IN_HOST || (flags & 1n) !== 0n || event >= EVENTS_END) {
      throw new MachineError("MACHINE_FIRMWARE", `flags ${hex(flags)}, event ${hex(event)} of PMU reached the firmware`);
    }
    if (!KNOWN.includes(event)) return NOT_SUPPORTED;
    const free = named.find((one) => one.event === undefined);
    // OpenSBI: cycle or instret, whatever the mask is.
    if (free === undefined) return event === 1n ? 0n : event === 2n ? 2n : NOT_SUPPORTED;
    free.event = event;
    free.inhibited = flags;
    free.isOn = (flags & AUTO_START) !== 0n;
    return BigInt(FIRST + this.counters.indexOf(free));
  }

  private start(named: readonly Counter[], flags: bigint, initial: bigint): number {
    if (flags > INITIAL) throw new MachineError("MACHINE_FIRMWARE", `counters started with flags ${hex(flags)}`);
    let error = INVALID_PARAM;
    for (const one of named) {
      if (one.event === undefined) continue;
      error = one.isOn ? ALREADY_STARTED : 0;
      if (!one.isOn && flags === INITIAL) one.value = initial;
      one.isOn = true;
    }
    return error;
  }

  private stop(named: readonly Counter[], flags: bigint): number {
    if (flags > RESET) throw new MachineError("MACHINE_FIRMWARE", `counters stopped with flags ${hex(flags)}`);
    let error = INVALID_PARAM;
    for (const one of named) {
      if (one.event === undefined) continue;
      error = one.isOn ? 0 : ALREADY_STOPPED;
      one.isOn = false;
      if (flags === RESET) one.event = undefined;
    }
    return error;
  }
}

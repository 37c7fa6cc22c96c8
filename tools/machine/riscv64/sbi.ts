// M mode: the firmware behind ECALL of HS mode, which is to say its SBI ("RISC-V Supervisor Binary Interface"): BASE, HSM, IPI,
// RFENCE, SRST and PMU (pmu.ts), as OpenSBI has them. A guest's ECALL must never get here: anything but what our hypervisor
// itself has reason to ask is an error.
import { hex, MachineError } from "../errors.ts";
import type { StartRequest } from "../machine.ts";
import { PMU } from "./pmu.ts";
import type { Pmu } from "./pmu.ts";

export const BASE = 0x10;
export const IPI = 0x73_5049;
export const RFENCE = 0x5246_4e43;
export const HSM = 0x48_534d;
export const SRST = 0x5352_5354;
const EXTENSIONS = [BASE, IPI, RFENCE, HSM, SRST];

// Functions
export const BASE_SPEC_VERSION = 0;
export const BASE_IMPLEMENTATION = 1;
export const BASE_PROBE = 3;
export const IPI_SEND = 0;
export const RFENCE_I = 0;
export const RFENCE_SFENCE = 1;
export const RFENCE_GVMA_VMID = 3;
export const RFENCE_GVMA = 4;
export const RFENCE_VVMA = 6;
export const HSM_START = 0;
export const HSM_STOP = 1;
export const HSM_STATUS = 2;
export const SRST_RESET = 0;

// Errors
export const SUCCESS = 0;
export const INVALID_PARAM = -3;
export const ALREADY_AVAILABLE = -6;

// States of HSM
export const STARTED = 0;
export const STOPPED = 1;

/** 1.0, and OpenSBI. */
const SPEC_VERSION = 0x0100_0000n;
const IMPLEMENTATION = 1n;
/** hart_mask_base: all harts, whatever the mask is. */
const ALL_HARTS = 0xffff_ffff_ffff_ffffn;

export interface SbiResult {
  readonly error: number;
  readonly value: bigint;
}

export type Fenced = "instructions" | "own" | "guests" | "virtual";

/** What firmware does to the machine. */
export interface Effects {
  /** SSIP of a hart. */
  interrupt(hart: number): void;
  /** FENCE.I, SFENCE.VMA, HFENCE.GVMA and HFENCE.VVMA (of the guest of hart `by`) on others, for it. */
  fence(by: number, harts: readonly number[], what: Fenced, vmid?: number): void;
}

const done = (value = 0n): SbiResult => ({ error: SUCCESS, value });
const failed = (error: number): SbiResult => ({ error, value: 0n });

export class Sbi {
  /** Every call made, by extension and function, and the harts that it names: for a test to see what guests cause. */
  readonly calls: { readonly extension: number; readonly fn: number; harts: readonly number[] }[] = [];
  /** Harts started and not yet picked up by the machine. */
  readonly started: StartRequest[] = [];
  /** SRST's type and reason, once the machine has been turned off or reset. */
  reset: { readonly type: number; readonly reason: number } | undefined;
  private readonly on: boolean[];
  private readonly effects: Effects;
  private readonly pmus: readonly Pmu[];

  constructor(harts: number, bootHart: number, effects: Effects, pmus: readonly Pmu[] = []) {
    this.on = Array.from({ length: harts }, (_, n) => n === bootHart);
    this.effects = effects;
    this.pmus = pmus;
  }

  call(by: number, extension: number, fn: number, args: readonly bigint[]): SbiResult {
    this.calls.push({ extension, fn, harts: [] });
    this.pmus[by]?.happens(false);
    const [a0 = 0n, a1 = 0n, a2 = 0n, , a4 = 0n] = args;
    switch (extension) {
      case BASE: return this.base(fn, a0);
      case HSM: return this.hsm(by, fn, a0, a1, a2);
      case IPI:
        return fn === IPI_SEND
          ? this.named(a0, a1, (harts) => harts.forEach((hart) => this.effects.interrupt(hart)))
          : this.unknown(extension, fn);
      case RFENCE: return this.rfence(by, fn, a0, a1, a4);
      case SRST: {
        if (fn !== SRST_RESET) this.unknown(extension, fn);
        this.reset = { type: Number(a0), reason: Number(a1) };
        return done();
      }
      case PMU: {
        const answer = this.pmus[by]?.call(fn, args) ?? this.unknown(extension, fn);
        return typeof answer === "bigint" ? done(answer) : failed(answer);
      }
      default: return this.unknown(extension, fn);
    }
  }

  private unknown(extension: number, fn: number): never {
    throw new MachineError(
      "MACHINE_FIRMWARE", `ECALL of extension ${hex(extension)}, function ${fn}, reached the firmware: it has no such function`,
    );
  }

  private base(fn: number, a0: bigint): SbiResult {
    switch (fn) {
      case BASE_SPEC_VERSION: return done(SPEC_VERSION);
      case BASE_IMPLEMENTATION: return done(IMPLEMENTATION);
      case BASE_PROBE: return done(EXTENSIONS.includes(Number(a0)) ? 1n : 0n);
      default: return this.unknown(BASE, fn);
    }
  }

  private hsm(by: number, fn: number, a0: bigint, a1: bigint, a2: bigint): SbiResult {
    const hart = fn === HSM_STOP ? by : Number(a0);
    const on = this.on[hart];
    if (on === undefined) return failed(INVALID_PARAM);
    switch (fn) {
      case HSM_START:
        if (on) return failed(ALREADY_AVAILABLE);
        this.on[hart] = true;
        this.started.push({ pcpu: hart, entry: Number(a1), context: a2 });
        return done();
      case HSM_STOP:
        this.on[hart] = false;
        return done();
      case HSM_STATUS: return done(BigInt(on ? STARTED : STOPPED));
      default: return this.unknown(HSM, fn);
    }
  }

  private rfence(by: number, fn: number, mask: bigint, base: bigint, vmid: bigint): SbiResult {
    const fence = (what: Fenced, of?: number): SbiResult =>
      this.named(mask, base, (harts) => this.effects.fence(by, harts, what, of));
    switch (fn) {
      case RFENCE_I: return fence("instructions");
      case RFENCE_SFENCE: return fence("own");
      case RFENCE_GVMA_VMID: return fence("guests", Number(vmid));
      case RFENCE_GVMA: return fence("guests");
      case RFENCE_VVMA: return fence("virtual");
      default: return this.unknown(RFENCE, fn);
    }
  }

  /** Bit n of the mask is hart base + n. None of them may be one that there is not. */
  private named(mask: bigint, base: bigint, run: (harts: readonly number[]) => void): SbiResult {
    const all = this.on.map((_, n) => n);
    const last = 63;
    const harts = base === ALL_HARTS ? all : Array.from({ length: last + 1 }, (_, n) => n).filter(
      (n) => ((mask >> BigInt(n)) & 1n) !== 0n
    ).map((n) => Number(base) + n);
    const call = this.calls.at(-1);
    if (call !== undefined) call.harts = harts;
    if (harts.some((hart) => hart >= this.on.length)) return failed(INVALID_PARAM);
    run(harts.filter((hart) => this.on[hart] === true));
    return done();
  }
}

// An operation, carried out on the simulated machine by one of its guests: what its instructions meet there, and what becomes of
// the guest. What never gets as far as stage 2 or a trap is the hardware's own, and not carried out at all.
import { MachineError } from "../../../../tools/machine/errors.ts";
import type { Guest } from "../../../../tools/machine/aarch64/guest.ts";
import type { Outcome } from "../../../../tools/machine/outcome.ts";
import type { Aarch64Machine } from "../../../../tools/machine/aarch64/machine.ts";
import { EC_DATA_ABORT, syndrome } from "../../../../tools/machine/aarch64/registers.ts";
import type { Mapping } from "../../../../tools/machine/aarch64/stage2.ts";
import { MEMATTR_DEVICE_NGNRE } from "../../../../tools/machine/aarch64/stage2.ts";
import { hpfarOf, translate } from "../../../../tools/machine/aarch64/translation.ts";
import type { Encoding } from "../../../../tools/machine/aarch64/systemRegisters.ts";
import type { Became } from "../../answers.ts";
import type { CacheLine, Operation } from "../../aarch64/operations.ts";

const PAGE = 4096;
const LINE = 64;
const WORD = 8;
/** More than this makes no difference here: interrupts of a storm, fillings of a page. */
const ENOUGH_INTERRUPTS = 16;
const ENOUGH_ROUNDS = 2;
const FIRST_SPECIAL = 1020;
const STEPS = 64;

// ISS of a data abort (Arm ARM D17.2.37): WnR, S1PTW, CM; not valid as to the register.
const ISS_WNR = 1 << 6;
const ISS_S1PTW = 1 << 7;
const ISS_CM = 1 << 8;

/** What guests have instead of code. */
const HOME = "the instruction that it fetches";

const came = (outcome: Outcome): Became => {
  switch (outcome.kind) {
    case "done": return { result: outcome.value, syndrome: undefined };
    case "exception": return { result: 0n, syndrome: outcome.esr };
    default: return "gone";
  }
};

const DONE: Became = { result: 0n, syndrome: undefined };

export class Performer {
  private readonly machine: Aarch64Machine;

  constructor(machine: Aarch64Machine) {
    this.machine = machine;
  }

  perform(guest: Guest, operation: Operation): Became {
    switch (operation.kind) {
      case "load":
        return this.access(
          operation.at, operation.bytes, isTold(operation.access), wide(operation.access),
          (ipa, bytes, form) => guest.load(ipa, bytes, { ...form, signExtend: operation.access === "signed" }),
        );
      case "store":
        return this.access(
          operation.at, operation.bytes, isTold(operation.access), wide(operation.access),
          (ipa, bytes, form) => guest.store(ipa, bytes, operation.data, form),
        );
      case "conditional store": return this.abort(guest, operation.at, ISS_WNR, ({ write }) => write) ?? DONE;
      case "prefetch": return "out of reach";
      case "fetch": return this.fetch(guest, operation.at);
      case "line": return this.line(guest, operation.what, operation.at);
      case "walk":
        return this.abort(
          guest, operation.table, ISS_S1PTW, ({ read, memory }) => read && memory !== MEMATTR_DEVICE_NGNRE,
        ) ?? "out of reach";
      case "mrs": return this.register(guest, operation.register, () => guest.mrs(operation.register), true);
      case "msr": return this.register(guest, operation.register, () => guest.msr(operation.register, operation.data), false);
      case "call": return came(guest[operation.conduit](operation.x[0] ?? 0n, ...operation.x.slice(1)));
      case "hint": return this.hint(guest, operation.what);
      case "odd": return "out of reach";
      case "interrupts": return this.interrupts(guest, operation.count);
      case "scribble": return this.scribble(guest, operation);
      case "spin": return "out of reach";
    }
  }

  /** Loads and stores: of two words at once, and across the end of a page. */
  private access(
    at: number, bytes: number, syndromeValid: boolean, pair: boolean,
    one: (ipa: number, bytes: number, form: { readonly syndromeValid: boolean }) => Outcome,
  ): Became {
    const form = { syndromeValid };
    if (pair) {
      const first = one(at, WORD, form);
      return came(first.kind === "done" ? one(at + WORD, WORD, form) : first);
    }
    const next = Math.floor(at / PAGE) * PAGE + PAGE;
    if (at + bytes <= next) return came(one(at, bytes, form));
    const first = one(at, 1, form);
    return came(first.kind === "done" ? one(next, bytes, form) : first);
  }

  /** An access that says nothing of itself, if stage 2 does not permit it; undefined: it does. */
  private abort(guest: Guest, ipa: number, iss: number, permits: (mapping: Mapping) => boolean): Became | undefined {
    const walk = translate(this.machine, guest.pcpu, ipa, permits);
    if ("mapping" in walk) return undefined;
    return came(guest.exception(syndrome(EC_DATA_ABORT, iss | walk.fault), 31, BigInt(ipa), hpfarOf(ipa, walk.fault)));
  }

  private fetch(guest: Guest, at: number): Became {
    const home = guest.pcpu.code;
    const outcome = came(guest.fetch(at));
    if (outcome === "gone") return outcome;
    guest.pcpu.code = home;
    throw new MachineError("MACHINE_STATE", `pCPU ${guest.pcpu.index} fetched at 0x${at.toString(16)}, which is not ${HOME}`);
  }

  private line(guest: Guest, what: CacheLine, at: number): Became {
    if (what === "ic ivau") return "out of reach";
    if (what !== "dc zva") return this.abort(guest, at, ISS_WNR | ISS_CM, ({ read }) => read) ?? "out of reach";
    const line = Math.floor(at / LINE) * LINE;
    const refused = this.abort(guest, at, ISS_WNR, ({ write }) => write);
    if (refused !== undefined) return refused;
    for (let offset = 0; offset < LINE; offset += WORD) guest.store(line + offset, WORD, 0n);
    return DONE;
  }

  /**
   * Trapped if EL2's controls say so; else a register that the machine knows of; else trapped all the same, as a pCPU may that
   * has more registers, and more controls, than this one. TLB, cache and translation instructions at EL1 are no trap's business.
   */
  private register(guest: Guest, register: Encoding, access: () => Outcome, read: boolean): Became {
    const own = register.op0 === 1 && register.op1 < 4 && (register.crn === 8 || register.crn === 7);
    const setWay = own && register.op1 === 0 && register.crn === 7 && register.op2 === 2;
    if (own && !setWay) return "out of reach";
    try {
      return came(access());
    } catch (error) {
      if (!(error instanceof MachineError) || error.code !== "MACHINE_STATE" || !error.message.includes("does not model")) {
        throw error;
      }
      const trap = (): Outcome => guest.trapSystemRegister(register, read, 0);
      const { pc } = guest.pcpu;
      const outcome = trap();
      // What could steer stage 1 is sent back the first time, to be executed untrapped (HCR_EL2.TVM); this pCPU traps it once
      // more.
      return came(outcome.kind === "entered" && outcome.pc === pc && guest.running ? trap() : outcome);
    }
  }

  private hint(guest: Guest, what: "wfi" | "wfe" | "sev" | "yield"): Became {
    if (what === "sev" || what === "yield") return "out of reach";
    const outcome = came(what === "wfi" ? guest.wfi() : guest.wfe());
    // Whatever it waits for comes at last.
    guest.pcpu.asleep = undefined;
    return outcome;
  }

  /** Takes what comes, as long as something comes, and ends it. */
  private interrupts(guest: Guest, count: number): Became {
    for (let n = 0; n < Math.min(count, ENOUGH_INTERRUPTS); n++) {
      for (let step = 0; step < STEPS && this.machine.step(guest.pcpu); step++);
      if (!guest.running) return "gone";
      const intid = guest.acknowledge();
      if (!guest.running) return "gone";
      if (intid >= FIRST_SPECIAL) break;
      guest.endOfInterrupt(intid);
    }
    return guest.running ? DONE : "gone";
  }

  /** As the guest's own code does it (encode.ts): Marsaglia's xorshift, 64 bits. */
  private scribble(guest: Guest, { at, bytes, seed, rounds }: Extract<Operation, { kind: "scribble" }>): Became {
    let state = BigInt(seed);
    for (let round = 0; round < Math.min(rounds, ENOUGH_ROUNDS); round++) {
      for (let offset = 0; offset < bytes; offset += WORD) {
        state = BigInt.asUintN(64, state ^ (state << 13n));
        state ^= state >> 7n;
        state = BigInt.asUintN(64, state ^ (state << 17n));
        const outcome = came(guest.store(at + offset, WORD, state));
        if (outcome === "gone") return outcome;
      }
    }
    return DONE;
  }
}

/** The syndrome says which register, and how many bytes (ISV). */
const isTold = (access: Extract<Operation, { kind: "load" }>["access"]): boolean =>
  access === "plain" || access === "signed" || access === "acquire";
const wide = (access: Extract<Operation, { kind: "load" }>["access"]): boolean => access === "pair" || access === "simd";

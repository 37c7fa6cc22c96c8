// A guest, as seen from its pCPU: it executes one instruction of the test's choice at a time. What the instruction meets,
// the machine decides: stage 2, the trap controls of EL2, the virtual CPU interface. A guest is not told what is behind.
import { HYPERCALL_VERSION } from "../../../arch/aarch64/calls.ts";
import { MachineError } from "../errors.ts";
import type { Guest as AnyGuest } from "../guest.ts";
import { dataAbortSyndrome } from "./accessForm.ts";
import type { AccessForm } from "./accessForm.ts";
import { PSCI_CPU_OFF, PSCI_CPU_ON_64, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET } from "./firmware.ts";
import { MemoryMappedDriver, SystemRegisterDriver } from "./gicDriver.ts";
import type { GicDriver } from "./gicDriver.ts";
import { INTID_SPURIOUS } from "./gic/registers.ts";
import type { Aarch64Machine } from "./machine.ts";
import type { Outcome } from "../outcome.ts";
import type { PCpu } from "./pcpu.ts";
import {
  EC_HVC64, EC_SMC64, EC_SYSREG, EC_WFX, HCR_HCD, HCR_IMO, HCR_TSC, HCR_TWE, HCR_TWI, syndrome, VECTOR_CURRENT_SYNC,
  VECTOR_LOWER_SYNC,
} from "./registers.ts";
import type { Mapping } from "./stage2.ts";
import { ENCODINGS, systemRegisterIss, trapsToEl2 } from "./systemRegisters.ts";
import type { Encoding, SystemRegister } from "./systemRegisters.ts";
import { readNative, writeNative } from "./nativeRegisters.ts";
import { hpfarOf, isCacheable, translate } from "./translation.ts";
import type { Walk } from "./translation.ts";

const INSTRUCTION = 4n;
const XZR = 31;
/** Times that the hypervisor may send a guest back to an instruction, for others of its partition to answer first. */
const REPEATS = 20;
/** Priority mask that holds nothing off. */
const ALL_PRIORITIES = 0xff;
/** No instruction is there. */
const NOWHERE = 1n;
/** Fetches of one instruction after which the hypervisor is taken to send the guest back for ever. */
const FETCHES = 100;

export class Guest implements AnyGuest<PCpu> {
  readonly pcpu: PCpu;
  /** How it handles its interrupt controller. */
  readonly driver: GicDriver;
  private readonly machine: Aarch64Machine;

  constructor(machine: Aarch64Machine, pcpu: number) {
    this.machine = machine;
    this.pcpu = machine.pcpu(pcpu);
    this.driver = machine.board.gicVersion === 2 ? new MemoryMappedDriver(this) : new SystemRegisterDriver(this);
  }

  get running(): boolean {
    return this.pcpu.phase === "guest" && !this.pcpu.busy;
  }

  /** x0…x30; x31 reads as zero. */
  x(n: number): bigint {
    return n === XZR ? 0n : this.machine.linear.getBigUint64(this.pcpu.vcpu + 8 * n, true);
  }

  setX(n: number, value: bigint): void {
    if (n !== XZR) this.machine.linear.setBigUint64(this.pcpu.vcpu + 8 * n, value, true);
  }

  hvc(fn: number | bigint, ...args: (number | bigint)[]): Outcome {
    if ((this.pcpu.registers.HCR_EL2 & HCR_HCD) !== 0n) throw new MachineError("MACHINE_STATE", "HVC is disabled (HCR_EL2.HCD)");
    return this.call(EC_HVC64, INSTRUCTION, fn, args);
  }

  smc(fn: number | bigint, ...args: (number | bigint)[]): Outcome {
    if ((this.pcpu.registers.HCR_EL2 & HCR_TSC) === 0n) {
      throw new MachineError("MACHINE_FIRMWARE", "a guest's SMC reaches EL3: HCR_EL2.TSC is 0");
    }
    // A trapped SMC returns to itself, an HVC behind itself (D1.3.2, preferred exception return address).
    return this.call(EC_SMC64, 0n, fn, args);
  }

  load(ipa: number, bytes: number, form: AccessForm = {}): Outcome {
    return this.execute(() => {
      const walk = this.walk(ipa, (mapping) => mapping.read);
      const register = form.register ?? 0;
      if ("fault" in walk) return this.dataAbort(ipa, bytes, form, walk.fault, false);
      this.setX(register, this.machine.bus.guestRead(this.pcpu.index, this.access(walk.mapping, ipa, bytes, false), bytes));
      return this.next(register);
    });
  }

  store(ipa: number, bytes: number, value: bigint, form: AccessForm = {}): Outcome {
    return this.execute(() => {
      const walk = this.walk(ipa, (mapping) => mapping.write);
      const register = form.register ?? 0;
      this.setX(register, value);
      if ("fault" in walk) return this.dataAbort(ipa, bytes, form, walk.fault, true);
      this.machine.bus.guestWrite(this.pcpu.index, this.access(walk.mapping, ipa, bytes, true), bytes, this.x(register));
      return this.next(XZR);
    });
  }

  /** Goes to an IPA, and fetches its next instruction there. */
  fetch(ipa: number): Outcome {
    this.mustRun();
    this.pcpu.pc = BigInt(ipa);
    this.pcpu.code = ipa;
    return this.execute(() => ({ kind: "done", value: 0n }));
  }

  mrs(register: SystemRegister | Encoding, into = 0): Outcome {
    const encoding = typeof register === "string" ? ENCODINGS[register] : register;
    return this.execute(() => {
      if (trapsToEl2(encoding, true, this.pcpu.registers, this.pcpu.gic.virtual.hypervisorControl)) {
        return this.trapSystemRegister(encoding, true, into);
      }
      this.setX(into, readNative(this.machine, this.pcpu, encoding));
      return this.next(into);
    });
  }

  msr(register: SystemRegister | Encoding, value: bigint, from = 0): Outcome {
    const encoding = typeof register === "string" ? ENCODINGS[register] : register;
    return this.execute(() => {
      this.setX(from, value);
      const traps = (): boolean => trapsToEl2(encoding, false, this.pcpu.registers, this.pcpu.gic.virtual.hypervisorControl);
      if (traps()) {
        const { pc } = this.pcpu;
        const outcome = this.trapSystemRegister(encoding, false, from);
        // Sent back to it, and it is not trapped any more: then it is executed.
        return outcome.kind === "entered" && outcome.pc === pc && !traps() ? this.msr(register, value, from) : outcome;
      }
      writeNative(this.machine, this.pcpu, encoding, this.x(from));
      return this.next(XZR);
    });
  }

  /** A system register access that is taken to EL2 whatever the trap controls here say: another core may have others. */
  trapSystemRegister(encoding: Encoding, read: boolean, register: number): Outcome {
    return this.exception(syndrome(EC_SYSREG, systemRegisterIss(encoding, register, read)), register);
  }

  sleep(how?: string): Outcome {
    return how === "wfe" ? this.wfe() : this.wfi();
  }

  /** Sleeps until an interrupt is signalled: not at all if one is. */
  wfi(): Outcome {
    return this.wait("wfi", HCR_TWI, 0);
  }

  /** Sleeps until an interrupt comes in, or an event. */
  wfe(): Outcome {
    return this.wait("wfe", HCR_TWE, 1);
  }

  /** Would it sleep, and is that trapped, it is at EL2 instead. Sent back, it sleeps if the trap is off then. */
  private wait(how: "wfi" | "wfe", trap: bigint, iss: number): Outcome {
    return this.execute(() => {
      this.pcpu.asleep = how;
      if (this.machine.awake(this.pcpu) || (this.pcpu.registers.HCR_EL2 & trap) === 0n) return this.next(XZR);
      this.pcpu.asleep = undefined;
      const { pc } = this.pcpu;
      const outcome = this.exception(syndrome(EC_WFX, iss), XZR);
      const again = outcome.kind === "entered" && outcome.pc === pc && (this.pcpu.registers.HCR_EL2 & trap) === 0n;
      return again ? this.wait(how, trap, iss) : outcome;
    });
  }

  /** Any synchronous exception taken to EL2 from this instruction, as the syndrome describes it. */
  exception(esr: bigint, result = XZR, far = 0n, hpfar = 0n): Outcome {
    return this.execute(() => this.observe(INSTRUCTION, result, () => this.machine.trap(this.pcpu, esr, far, hpfar)));
  }

  /** Physical interrupts are its own (HCR_EL2.IMO = 0): its CPU interface is the physical one. */
  get direct(): boolean {
    return (this.pcpu.registers.HCR_EL2 & HCR_IMO) === 0n;
  }

  /** Is an interrupt signalled to it? (Whether PSTATE.I lets it in is the guest's business.) */
  get interruptPending(): boolean {
    if (!this.running) return false;
    return this.direct ? this.pcpu.gic.physical.highestPending() !== INTID_SPURIOUS : this.pcpu.gic.virtual.interruptPending;
  }

  get context(): bigint {
    return this.x(0);
  }

  hypercall(fn: number, ...args: readonly bigint[]): Outcome {
    return this.hvc(HYPERCALL_VERSION + fn, ...args);
  }

  turnOn(vcpu: number, entry: number, context: bigint): Outcome {
    return this.hvc(PSCI_CPU_ON_64, BigInt(vcpu), BigInt(entry), context);
  }

  turnOff(): Outcome {
    return this.hvc(PSCI_CPU_OFF);
  }

  shutDown(): Outcome {
    return this.hvc(PSCI_SYSTEM_OFF);
  }

  reset(): Outcome {
    return this.hvc(PSCI_SYSTEM_RESET);
  }

  openInterrupts(): void {
    this.driver.open(ALL_PRIORITIES);
  }

  sendIpi(intid: number, vcpus: number): Outcome {
    return this.driver.sendSgi(intid, vcpus);
  }

  take(): number | undefined {
    const intid = this.acknowledge();
    return intid === INTID_SPURIOUS ? undefined : intid;
  }

  /** Reads IAR: the INTID. */
  acknowledge(): number {
    return this.driver.acknowledge();
  }

  endOfInterrupt(intid: number): Outcome {
    return this.driver.endOfInterrupt(intid);
  }

  deactivate(intid: number): Outcome {
    return this.driver.deactivate(intid);
  }

  /** Every instruction is fetched first. */
  private execute(run: () => Outcome): Outcome {
    this.mustRun();
    const { pc } = this.pcpu;
    for (let tries = 0; tries < FETCHES; tries++) {
      if (this.machine.fetch(this.pcpu)) return run();
      if (!this.running) return { kind: "parked" };
      if (this.pcpu.pc !== pc) return { kind: "entered", pc: this.pcpu.pc };
    }
    throw new MachineError("MACHINE_LIVELOCK", `pCPU ${this.pcpu.index} is sent back to an instruction that it cannot fetch`);
  }

  private call(ec: number, advance: bigint, fn: number | bigint, args: readonly (number | bigint)[]): Outcome {
    return this.execute(() => {
      [fn, ...args].forEach((value, n) => this.setX(n, BigInt(value)));
      this.pcpu.pc += advance;
      return this.observe(INSTRUCTION - advance, 0, () => this.machine.trap(this.pcpu, syndrome(ec, 0)));
    });
  }

  private dataAbort(ipa: number, bytes: number, form: AccessForm, fault: number, write: boolean): Outcome {
    const register = form.register ?? 0;
    const what = dataAbortSyndrome(bytes, form, fault, write);
    const advance = form.short === true ? INSTRUCTION / 2n : INSTRUCTION;
    const { pc, lives } = this.pcpu;
    const trap = (): Outcome =>
      this.observe(advance, write ? XZR : register, () => this.machine.trap(this.pcpu, what, BigInt(ipa), hpfarOf(ipa, fault)));
    let outcome = trap();
    // Sent back to the same instruction, a guest executes it again; meanwhile others of its partition take their interrupts.
    for (
      let repeats = 0; form.once !== true && outcome.kind === "entered" && outcome.pc === pc && this.pcpu.lives === lives
        && repeats < REPEATS; repeats++
    ) {
      for (const other of this.machine.pcpus) {
        if (other !== this.pcpu && other.registers.VTTBR_EL2 === this.pcpu.registers.VTTBR_EL2) this.machine.step(other);
      }
      outcome = this.running && this.pcpu.pc === pc ? trap() : { kind: "parked" };
    }
    return outcome;
  }

  private walk(ipa: number, permits: (mapping: Mapping) => boolean): Walk {
    return translate(this.machine, this.pcpu, ipa, permits);
  }

  /** The PA that stage 2 lets it reach, and what the caches have to say about that. */
  private access(mapping: Mapping, ipa: number, bytes: number, write: boolean): number {
    const pa = mapping.pa + (ipa - mapping.ipa);
    this.machine.dataCache.access(pa, bytes, write, isCacheable(this.pcpu.registers, mapping), this.machine.lifeOf(this.pcpu));
    return pa;
  }

  private next(result: number): Outcome {
    this.pcpu.pc += INSTRUCTION;
    return { kind: "done", value: this.x(result) };
  }

  /** Runs a trap and says what became of the instruction, which is done when the guest goes on `advance` bytes behind it. */
  private observe(advance: bigint, result: number, trap: () => void): Outcome {
    this.mustRun();
    const { pc: from, registers } = this.pcpu;
    const expected = from + advance;
    // Sent back to its own vector, or an exception taken there: only that writes ELR_EL1.
    const elr = registers.ELR_EL1;
    registers.ELR_EL1 = NOWHERE;
    trap();
    const taken = registers.ELR_EL1 !== NOWHERE;
    if (!taken) registers.ELR_EL1 = elr;
    if (!this.running) return { kind: "parked" };
    const { pc } = this.pcpu;
    if (pc === expected) return { kind: "done", value: this.x(result) };
    const vector = Number(pc - registers.VBAR_EL1);
    if (taken && (vector === VECTOR_CURRENT_SYNC || vector === VECTOR_LOWER_SYNC)) {
      return { kind: "exception", vector, esr: registers.ESR_EL1 };
    }
    return { kind: "entered", pc };
  }

  private mustRun(): void {
    if (!this.running) {
      throw new MachineError("MACHINE_STATE", `pCPU ${this.pcpu.index} is ${this.pcpu.phase}: its guest can do nothing now`);
    }
    if (!this.machine.awake(this.pcpu)) {
      throw new MachineError(
        "MACHINE_STATE",
        `the guest of pCPU ${this.pcpu.index} is in ${this.pcpu.asleep ?? ""}: it can do nothing before something wakes it`,
      );
    }
  }
}

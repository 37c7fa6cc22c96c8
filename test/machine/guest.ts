// A guest, as seen from its pCPU: it executes one instruction of the test's choice at a time. What the instruction meets,
// the machine decides: stage 2, the trap controls of EL2, the virtual CPU interface. A guest is not told what is behind.
import { MachineError } from "./errors.ts";
import type { Machine } from "./machine.ts";
import type { PCpu } from "./pcpu.ts";
import {
  EC_DATA_ABORT, EC_HVC64, EC_INSTRUCTION_ABORT, EC_SMC64, EC_SYSREG, EC_WFX, ESR_IL, HCR_HCD, HCR_TSC, HCR_TWE, HCR_TWI, HCR_VM, syndrome, UNKNOWN,
  VECTOR_CURRENT_SYNC, VECTOR_LOWER_SYNC,
} from "./registers.ts";
import { Stage2 } from "./stage2.ts";
import type { Mapping } from "./stage2.ts";
import { ENCODINGS, systemRegisterIss, trapsToEl2 } from "./systemRegisters.ts";
import type { Encoding, SystemRegister } from "./systemRegisters.ts";
import { readNative, writeNative } from "./nativeRegisters.ts";

/** What became of an instruction. */
export type Outcome =
  /** It is done; its result, if it has one. */
  | { readonly kind: "done"; readonly value: bigint }
  /** The guest is in its own exception vector instead. */
  | { readonly kind: "exception"; readonly vector: number; readonly esr: bigint }
  /** The guest does not run any more; its pCPU is parked. */
  | { readonly kind: "parked" }
  /** It runs, but somewhere else: its partition was started anew. */
  | { readonly kind: "entered"; readonly pc: bigint };

const INSTRUCTION = 4n;
const XZR = 31;
const PAGE_OFFSET = 0xfffn;

// ISS of a data abort (ARM ARM D17.2.37, ISS encoding for an exception from a Data Abort).
const ISS_ISV = 1 << 24;
const ISS_SSE = 1 << 21;
const ISS_SF = 1 << 15;
const ISS_WNR = 1 << 6;
const FSC_TRANSLATION = 0x04;
const FSC_PERMISSION = 0x0c;
const FSC_TYPE = 0x3c;

export interface AccessForm {
  /** Register loaded or stored: SRT. */
  readonly register?: number;
  readonly signExtend?: boolean;
  /** False: an instruction whose syndrome says nothing (LDP, LDR with write-back …). */
  readonly syndromeValid?: boolean;
  /** True: a 16-bit T32 instruction of an AArch32 program (ESR_EL2.IL = 0). */
  readonly short?: boolean;
}

/** What stage 2 says to an access. */
type Walk = { readonly mapping: Mapping } | { readonly fault: number };

export class Guest {
  readonly pcpu: PCpu;
  private readonly machine: Machine;

  constructor(machine: Machine, pcpu: number) {
    this.machine = machine;
    this.pcpu = machine.pcpu(pcpu);
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
    if ((this.pcpu.registers.HCR_EL2 & HCR_TSC) === 0n) throw new MachineError("MACHINE_FIRMWARE", "a guest's SMC reaches EL3: HCR_EL2.TSC is 0");
    // A trapped SMC returns to itself, an HVC behind itself (D1.3.2, preferred exception return address).
    return this.call(EC_SMC64, 0n, fn, args);
  }

  load(ipa: number, bytes: number, form: AccessForm = {}): Outcome {
    const walk = this.walk(ipa, (mapping) => mapping.read);
    const register = form.register ?? 0;
    if ("fault" in walk) return this.dataAbort(ipa, bytes, form, walk.fault, false);
    this.setX(register, this.machine.bus.guestRead(walk.mapping.pa + (ipa - walk.mapping.ipa), bytes));
    return this.next(register);
  }

  store(ipa: number, bytes: number, value: bigint, form: AccessForm = {}): Outcome {
    const walk = this.walk(ipa, (mapping) => mapping.write);
    const register = form.register ?? 0;
    this.setX(register, value);
    if ("fault" in walk) return this.dataAbort(ipa, bytes, form, walk.fault, true);
    this.machine.bus.guestWrite(walk.mapping.pa + (ipa - walk.mapping.ipa), bytes, this.x(register));
    return this.next(XZR);
  }

  /** Fetches its next instruction at an IPA. */
  fetch(ipa: number): Outcome {
    const walk = this.walk(ipa, (mapping) => mapping.execute);
    this.pcpu.pc = BigInt(ipa);
    if ("fault" in walk) return this.observe(0n, XZR, () => this.machine.trap(this.pcpu, syndrome(EC_INSTRUCTION_ABORT, walk.fault), BigInt(ipa), this.hpfar(ipa, walk.fault)));
    return { kind: "done", value: 0n };
  }

  mrs(register: SystemRegister | Encoding, into = 0): Outcome {
    const encoding = typeof register === "string" ? ENCODINGS[register] : register;
    if (trapsToEl2(encoding, true, this.pcpu.registers, this.pcpu.gic.virtual.hypervisorControl)) return this.trapSystemRegister(encoding, true, into);
    this.setX(into, readNative(this.machine, this.pcpu, encoding));
    return this.next(into);
  }

  msr(register: SystemRegister | Encoding, value: bigint, from = 0): Outcome {
    const encoding = typeof register === "string" ? ENCODINGS[register] : register;
    this.setX(from, value);
    if (trapsToEl2(encoding, false, this.pcpu.registers, this.pcpu.gic.virtual.hypervisorControl)) return this.trapSystemRegister(encoding, false, from);
    writeNative(this.machine, this.pcpu, encoding, this.x(from));
    return this.next(XZR);
  }

  /** A system register access that is taken to EL2 whatever the trap controls here say: another core may have others. */
  trapSystemRegister(encoding: Encoding, read: boolean, register: number): Outcome {
    return this.exception(syndrome(EC_SYSREG, systemRegisterIss(encoding, register, read)), register);
  }

  wfi(): Outcome {
    if ((this.pcpu.registers.HCR_EL2 & HCR_TWI) === 0n) return this.next(XZR); // sleeps in hardware; the machine has no time for that
    return this.exception(syndrome(EC_WFX, 0), XZR);
  }

  wfe(): Outcome {
    if ((this.pcpu.registers.HCR_EL2 & HCR_TWE) === 0n) return this.next(XZR);
    return this.exception(syndrome(EC_WFX, 1), XZR);
  }

  /** Any synchronous exception taken to EL2 from this instruction, as the syndrome describes it. */
  exception(esr: bigint, result = XZR, far = 0n, hpfar = 0n): Outcome {
    return this.observe(INSTRUCTION, result, () => this.machine.trap(this.pcpu, esr, far, hpfar));
  }

  /** Is a virtual interrupt signalled? (Whether PSTATE.I lets it in is the guest's business.) */
  get interruptPending(): boolean {
    return this.running && this.pcpu.gic.virtual.interruptPending;
  }

  /** ICC_IAR1_EL1, which is ICV_IAR1_EL1 for a guest. */
  acknowledge(): number {
    this.mustRun();
    return this.pcpu.gic.virtual.acknowledge();
  }

  endOfInterrupt(intid: number): void {
    this.mustRun();
    this.pcpu.gic.virtual.endOfInterrupt(intid);
  }

  deactivate(intid: number): void {
    this.mustRun();
    this.pcpu.gic.virtual.deactivate(intid);
  }

  private call(ec: number, advance: bigint, fn: number | bigint, args: readonly (number | bigint)[]): Outcome {
    this.mustRun();
    [fn, ...args].forEach((value, n) => this.setX(n, BigInt(value)));
    this.pcpu.pc += advance;
    return this.observe(INSTRUCTION - advance, 0, () => this.machine.trap(this.pcpu, syndrome(ec, 0)));
  }

  private dataAbort(ipa: number, bytes: number, form: AccessForm, fault: number, write: boolean): Outcome {
    const register = form.register ?? 0;
    const valid = form.syndromeValid ?? true;
    const details = ISS_ISV | (Math.log2(bytes) << 22) | (form.signExtend === true ? ISS_SSE : 0) | (register << 16) | (bytes === 8 ? ISS_SF : 0);
    const esr = syndrome(EC_DATA_ABORT, (valid ? details : 0) | (write ? ISS_WNR : 0) | fault);
    const trap = (what: bigint) => (): void => this.machine.trap(this.pcpu, what, BigInt(ipa), this.hpfar(ipa, fault));
    if (form.short === true) return this.observe(INSTRUCTION / 2n, write ? XZR : register, trap(esr & ~ESR_IL));
    return this.observe(INSTRUCTION, write ? XZR : register, trap(esr));
  }

  private walk(ipa: number, permits: (mapping: Mapping) => boolean): Walk {
    this.mustRun();
    const { registers } = this.pcpu;
    if ((registers.HCR_EL2 & HCR_VM) === 0n) throw new MachineError("MACHINE_STAGE2", "a guest runs without stage 2 (HCR_EL2.VM = 0)");
    const stage2 = new Stage2(registers.VTTBR_EL2, registers.VTCR_EL2, (pa) => this.machine.memory.read64(pa));
    const found = this.machine.tlb.find(stage2.vmid, ipa) ?? stage2.translate(ipa);
    if ("level" in found) return { fault: FSC_TRANSLATION | found.level };
    this.machine.tlb.fill(stage2.vmid, ipa, found);
    // The level in a permission fault's code: that of the block (1, 2) or page (3).
    return permits(found) ? { mapping: found } : { fault: FSC_PERMISSION | (3 - Math.log2(found.size / 4096) / 9) };
  }

  /** HPFAR_EL2.FIPA: bits 47…12 of the IPA from bit 4 on; UNKNOWN after a permission fault (D17.2.66). */
  private hpfar(ipa: number, fault: number): bigint {
    return (fault & FSC_TYPE) === FSC_PERMISSION ? UNKNOWN : (BigInt(ipa) & ~PAGE_OFFSET) >> 8n;
  }

  private next(result: number): Outcome {
    this.pcpu.pc += INSTRUCTION;
    return { kind: "done", value: this.x(result) };
  }

  /** Runs a trap and says what became of the instruction, which is done when the guest goes on `advance` bytes behind it. */
  private observe(advance: bigint, result: number, trap: () => void): Outcome {
    this.mustRun();
    const expected = this.pcpu.pc + advance;
    trap();
    if (!this.running) return { kind: "parked" };
    const { pc, registers } = this.pcpu;
    if (pc === expected) return { kind: "done", value: this.x(result) };
    const vector = Number(pc - registers.VBAR_EL1);
    if (vector === VECTOR_CURRENT_SYNC || vector === VECTOR_LOWER_SYNC) return { kind: "exception", vector, esr: registers.ESR_EL1 };
    return { kind: "entered", pc };
  }

  private mustRun(): void {
    if (!this.running) throw new MachineError("MACHINE_STATE", `pCPU ${this.pcpu.index} is ${this.pcpu.phase}: its guest can do nothing now`);
  }
}

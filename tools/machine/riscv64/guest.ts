// A guest on a hart of RISC-V, in VS mode, without translation of its own: it executes one instruction of the test's choice at a
// time. What the instruction meets, the machine decides. A guest is not told what is behind.
import { CALL_EXTENSION } from "../../../arch/riscv64/calls.ts";
import { MachineError } from "../errors.ts";
import type { Form, Guest as AnyGuest } from "../guest.ts";
import type { Outcome } from "../outcome.ts";
import { HSTATUS_VTW, NUMBERS, SEI, STATUS_VS, VSEI } from "./csrs.ts";
import type { Csr } from "./csrs.ts";
import { readAsGuest, writeAsGuest } from "./guestCsrs.ts";
import type { GuestAccess } from "./guestCsrs.ts";
import type { Hart } from "./hart.ts";
import { EIDELIVERY, EIE, EITHRESHOLD, IDENTITIES } from "./imsic.ts";
import { encodeCsr, encodeLoad, encodeStore, transformed, WFI } from "./instructions.ts";
import type { Riscv64Machine } from "./machine.ts";
import { HSM, HSM_START, HSM_STOP, IPI, IPI_SEND, SRST, SRST_RESET } from "./sbi.ts";
import type { Mapping } from "./sv39.ts";
import { translate } from "./translation.ts";
import { ECALL_VS, ILLEGAL_INSTRUCTION, VIRTUAL_INSTRUCTION } from "./traps.ts";
import type { Access, Trap } from "./traps.ts";

/** Where a guest sees its vCPUs' interrupt files, a page for each. */
export const GUEST_IMSIC = 0x2800_0000;

const INSTRUCTION = 4n;
// Registers by their numbers: arguments and results, function, extension.
const [A0, A1, A6, A7] = [10, 11, 16, 17];
const ARGUMENTS = 6;
/** An argument more than SBI has: t0. */
const T0 = 5;
/** No instruction is there. */
const NOWHERE = 0xffff_ffff_ffff_fffen;
/** Fetches of one instruction after which the hypervisor is taken to send the guest back for ever. */
const FETCHES = 100;
/** Times that the hypervisor may send a guest back to an access, for others of its partition to answer first. */
const REPEATS = 20;
const RESET_SHUTDOWN = 0n;
const RESET_COLD = 1n;
const ALL = 0xffff_ffff_ffff_ffffn;
const IID_SHIFT = 16n;
const NO_VALUE = -1;

export interface AccessForm extends Form {
  /** Register loaded or stored; a0 if left out. */
  readonly register?: number;
  /** LB, LH, LW. */
  readonly signed?: boolean;
  /** What is there in truth, if it is no load or store of an integer register. */
  readonly instruction?: number;
}

export class Guest implements AnyGuest<Hart> {
  readonly pcpu: Hart;
  private readonly machine: Riscv64Machine;

  constructor(machine: Riscv64Machine, pcpu: number) {
    this.machine = machine;
    this.pcpu = machine.pcpu(pcpu);
  }

  get running(): boolean {
    return this.pcpu.phase === "guest" && !this.pcpu.busy;
  }

  /** hstatus.VGEIN names an interrupt file, and VSEI is delegated: MSIs come to it without anybody's help. */
  get direct(): boolean {
    const { csrs } = this.pcpu;
    return csrs.guestFile !== undefined && (csrs.read("hideleg") & VSEI) !== 0n;
  }

  get interruptPending(): boolean {
    return this.running && this.pcpu.forGuest !== 0n;
  }

  get context(): bigint {
    return this.x(A1);
  }

  x(n: number): bigint {
    return this.machine.x(this.pcpu, n);
  }

  setX(n: number, value: bigint): void {
    this.machine.setX(this.pcpu, n, value);
  }

  load(address: number, bytes: number, form: AccessForm = {}): Outcome {
    const { register = A0, signed = false } = form;
    return this.execute(() => {
      const walk = this.walk(address, "read");
      if ("trap" in walk) return this.fault(walk.trap, form.instruction ?? encodeLoad(bytes, register, signed), register, form);
      const value = this.machine.bus.guestRead(this.pcpu.index, this.access(walk.mapping, address, bytes, false), bytes);
      this.setX(register, signed ? BigInt.asIntN(8 * bytes, value) : value);
      return this.next(register);
    });
  }

  store(address: number, bytes: number, value: bigint, form: AccessForm = {}): Outcome {
    const { register = A0 } = form;
    return this.execute(() => {
      const walk = this.walk(address, "write");
      this.setX(register, value);
      if ("trap" in walk) return this.fault(walk.trap, form.instruction ?? encodeStore(bytes, register), 0, form);
      const pa = this.access(walk.mapping, address, bytes, true);
      this.machine.bus.guestWrite(this.pcpu.index, pa, bytes, BigInt.asUintN(8 * bytes, this.x(register)));
      return this.next(0);
    });
  }

  /** Goes there, and fetches its next instruction. */
  fetch(address: number): Outcome {
    this.mustRun();
    this.pcpu.pc = BigInt(address);
    this.pcpu.code = address;
    return this.execute(() => ({ kind: "done", value: 0n }));
  }

  /** CSRRS with x0. */
  csrr(csr: Csr | number, into = A0): Outcome {
    return this.csrAccess(csr, NO_VALUE, into, (number) => readAsGuest(this.pcpu.csrs, number));
  }

  /** CSRRW without a result. */
  csrw(csr: Csr | number, value: bigint, from = A0): Outcome {
    this.mustRun();
    this.setX(from, value);
    return this.csrAccess(csr, from, 0, (number) => writeAsGuest(this.pcpu.csrs, number, this.x(from)));
  }

  /** A vector instruction: gives what is in all of its registers, and puts `value` there. The hypervisor's sstatus.VS counts. */
  vector(value: bigint): Outcome {
    return this.execute(() => {
      const { csrs, vectors } = this.pcpu;
      if (!csrs.model.hasVectors || (csrs.read("sstatus") & STATUS_VS) === 0n || (csrs.read("vsstatus") & STATUS_VS) === 0n) {
        return this.observe(INSTRUCTION, 0, { cause: ILLEGAL_INSTRUCTION, tval: 0n, gpa: 0n, htinst: 0n });
      }
      this.setX(A0, vectors);
      this.pcpu.vectors = value;
      return this.next(A0);
    });
  }

  private csrAccess(csr: Csr | number, from: number, into: number, access: (number: number) => GuestAccess): Outcome {
    const number = typeof csr === "number" ? csr : NUMBERS[csr];
    return this.execute(() => {
      const seen = access(number);
      if ("cause" in seen) {
        const tval = BigInt(encodeCsr(number, from === NO_VALUE ? undefined : from, into));
        return this.observe(INSTRUCTION, into, { cause: seen.cause, tval, gpa: 0n, htinst: 0n });
      }
      this.setX(into, seen.value);
      return this.next(into);
    });
  }

  /** WFI: trapped, it is a virtual instruction. */
  sleep(): Outcome {
    return this.execute(() => {
      this.pcpu.asleep = "wfi";
      if (this.machine.awake(this.pcpu) || (this.pcpu.csrs.read("hstatus") & HSTATUS_VTW) === 0n) return this.next(0);
      this.pcpu.asleep = undefined;
      return this.observe(INSTRUCTION, 0, { cause: VIRTUAL_INSTRUCTION, tval: BigInt(WFI), gpa: 0n, htinst: 0n });
    });
  }

  /** ECALL, by SBI's convention: a negative error, or the result. */
  ecall(extension: number | bigint, fn: number | bigint, ...args: readonly bigint[]): Outcome {
    return this.execute(() => {
      args.forEach((value, n) => this.setX(n < ARGUMENTS ? A0 + n : T0, value));
      this.setX(A6, BigInt(fn));
      this.setX(A7, BigInt(extension));
      const outcome = this.observe(INSTRUCTION, A0, { cause: ECALL_VS, tval: 0n, gpa: 0n, htinst: 0n });
      return outcome.kind === "done" && outcome.value === 0n ? { kind: "done", value: this.x(A1) } : outcome;
    });
  }

  hypercall(fn: number, ...args: readonly bigint[]): Outcome {
    return this.ecall(CALL_EXTENSION, fn, ...args);
  }

  turnOn(vcpu: number, entry: number, context: bigint): Outcome {
    return this.ecall(HSM, HSM_START, BigInt(vcpu), BigInt(entry), context);
  }

  turnOff(): Outcome {
    return this.ecall(HSM, HSM_STOP);
  }

  shutDown(): Outcome {
    return this.ecall(SRST, SRST_RESET, RESET_SHUTDOWN, 0n);
  }

  reset(): Outcome {
    return this.ecall(SRST, SRST_RESET, RESET_COLD, 0n);
  }

  /** Its interrupt file delivers, every identity is enabled, and so is the external interrupt. */
  openInterrupts(): void {
    const select = (register: number, value: bigint): void => {
      this.csrw("siselect", BigInt(register));
      this.csrw("sireg", value);
    };
    for (let register = EIE; register < EIE + (IDENTITIES + 1) / 32; register += 2) select(register, ALL);
    select(EITHRESHOLD, 0n);
    select(EIDELIVERY, 1n);
    this.csrw("sie", SEI);
  }

  /** The identity on top of its interrupt file, which it claims. */
  take(): number | undefined {
    const top = this.csrr("stopei");
    if (top.kind !== "done" || top.value === 0n) return undefined;
    this.csrw("stopei", 0n);
    return Number(top.value >> IID_SHIFT);
  }

  /** An MSI is over as soon as it is claimed. */
  endOfInterrupt(_identity: number): Outcome {
    return { kind: "done", value: 0n };
  }

  /** By SBI there is one kind. (With interrupts direct, a guest may store to another vCPU's file instead.) */
  sendIpi(_number: number, vcpus: number): Outcome {
    return this.ecall(IPI, IPI_SEND, BigInt(vcpus), 0n);
  }

  /** Every instruction is fetched first. */
  private execute(run: () => Outcome): Outcome {
    this.mustRun();
    this.pcpu.csrs.pmu.happens(true);
    const { pc } = this.pcpu;
    for (let tries = 0; tries < FETCHES; tries++) {
      if (this.machine.fetch(this.pcpu)) return run();
      if (!this.running) return { kind: "parked" };
      if (this.pcpu.pc !== pc) return { kind: "entered", pc: this.pcpu.pc };
    }
    throw new MachineError("MACHINE_LIVELOCK", `hart ${this.pcpu.index} is sent back to an instruction that it cannot fetch`);
  }

  /**
   * An access that the second stage does not permit. Sent back to it, the guest executes it again; meanwhile others of its
   * partition answer.
   */
  private fault(trap: Trap, instruction: number, result: number, { syndromeValid = true, once = false }: AccessForm): Outcome {
    const { model } = this.pcpu.csrs;
    const { pc, lives } = this.pcpu;
    this.pcpu.instruction = instruction;
    const told = syndromeValid && model.transforms && trap.htinst === 0n ? transformed(instruction) : trap.htinst;
    const again = (): Outcome => this.observe(INSTRUCTION, result, { ...trap, htinst: told });
    let outcome = again();
    for (let n = 0; !once && outcome.kind === "entered" && outcome.pc === pc && this.pcpu.lives === lives && n < REPEATS; n++) {
      const vmid = this.machine.vmid(this.pcpu);
      for (const other of this.machine.pcpus) {
        if (other !== this.pcpu && this.machine.vmid(other) === vmid) this.machine.step(other);
      }
      outcome = this.running && this.pcpu.pc === pc ? again() : { kind: "parked" };
    }
    return outcome;
  }

  private walk(address: number, access: Access) {
    return translate(this.machine, this.pcpu, address, access);
  }

  /** The PA that it is let reach. Harts and devices are coherent. */
  private access(mapping: Mapping, address: number, bytes: number, write: boolean): number {
    const pa = mapping.pa + (address - mapping.ipa);
    this.machine.dataCache.access(pa, bytes, write, true, this.machine.lifeOf(this.pcpu));
    return pa;
  }

  private next(result: number): Outcome {
    this.pcpu.pc += INSTRUCTION;
    return { kind: "done", value: this.x(result) };
  }

  /** Traps, and says what became of the instruction, which is done when the guest goes on `advance` bytes behind it. */
  private observe(advance: bigint, result: number, trap: Trap): Outcome {
    const { csrs, pc, lives } = this.pcpu;
    // Only an exception that the guest takes itself writes vsepc.
    const was = csrs.read("vsepc");
    csrs.write("vsepc", NOWHERE);
    this.machine.trap(this.pcpu, trap);
    const taken = csrs.read("vsepc") !== NOWHERE;
    if (!taken) csrs.write("vsepc", was);
    if (!this.running) return { kind: "parked" };
    // It has begun anew meanwhile, with a vsepc of its own.
    if (this.pcpu.lives !== lives) return { kind: "entered", pc: this.pcpu.pc };
    if (this.pcpu.pc === pc + advance) return { kind: "done", value: this.x(result) };
    return taken
      ? { kind: "exception", vector: Number(this.pcpu.pc), esr: csrs.read("vscause") }
      : { kind: "entered", pc: this.pcpu.pc };
  }

  private mustRun(): void {
    const { index, phase } = this.pcpu;
    if (!this.running) throw new MachineError("MACHINE_STATE", `hart ${index} is ${phase}: its guest can do nothing now`);
    if (!this.machine.awake(this.pcpu)) {
      throw new MachineError(
        "MACHINE_STATE", `the guest of hart ${index} is in wfi: it can do nothing before something wakes it`,
      );
    }
  }
}

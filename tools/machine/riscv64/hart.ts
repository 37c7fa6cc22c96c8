// One hart: its CSRs, its interrupts, and how it comes into the hypervisor and goes to a guest (privileged architecture, "Traps"
// of the hypervisor extension).
import type { Clock } from "../clock.ts";
import { hex, MachineError } from "../errors.ts";
import { PCpu } from "../pcpu.ts";
import { CsrFile } from "./csrFile.ts";
import {
  HSTATUS_GVA, HSTATUS_SPV, HSTATUS_SPVP, S_INTERRUPTS, SGEI, STATUS_SIE, STATUS_SPIE, STATUS_SPP, VS_INTERRUPTS,
} from "./csrs.ts";
import type { Model } from "./csrs.ts";
import type { Imsic } from "./imsic.ts";
import { INTERRUPT } from "./traps.ts";
import type { Trap } from "./traps.ts";

/** From the most urgent one on, of those that are HS's. */
const HS_ORDER = [9n, 1n, 5n, 12n, 10n, 2n, 6n];
const VS_ORDER = [10n, 2n, 6n];
/** A guest's supervisor sees its interrupts under the numbers that a supervisor has. */
const VS_SHIFT = 1n;
const VECTORED = 1n;
const NO_ADDRESS = { tval: 0n, gpa: 0n, htinst: 0n };
const SPVP_SHIFT = 8n;
/** By their causes: 20, 21 and 23; and all after which stval is an address, of the guest's if it was there (GVA). */
const GUEST_PAGE_FAULTS = 0xb0_0000n;
const HAS_ADDRESS = GUEST_PAGE_FAULTS | 0xb0fbn;

export class Hart extends PCpu {
  readonly csrs: CsrFile;
  /** A guest is on it (V = 1), in supervisor mode. */
  isVirtual = false;
  /** Guest's or hypervisor's: whoever is on it is in supervisor mode always, but for a guest's user mode. */
  isUser = false;

  /** v0 to v31, vl, vtype and the others, as one. */
  vectors = 0n;

  /** What its guest executes, as far as it matters to the hypervisor: a load or store that is emulated. */
  instruction = 0;

  constructor(index: number, model: Model, imsic: Imsic, clock: Clock) {
    super(index);
    this.csrs = new CsrFile(model, imsic, clock);
  }

  /** Interrupts that are the hypervisor's, pending and enabled, whoever is on the hart: of hip, what is not delegated. */
  get forHypervisor(): bigint {
    const { csrs } = this;
    const own = csrs.sip & csrs.read("sie") & S_INTERRUPTS;
    return own | (csrs.hip & csrs.read("hie") & (VS_INTERRUPTS | SGEI) & ~csrs.read("hideleg"));
  }

  /** One of those is taken now: out of a guest always, out of the hypervisor itself while it lets them. */
  get interruptsHypervisor(): boolean {
    return this.forHypervisor !== 0n && (this.isVirtual || (this.csrs.read("sstatus") & STATUS_SIE) !== 0n);
  }

  /** WFI goes on, whatever is enabled at large. */
  get wakes(): boolean {
    return this.forHypervisor !== 0n || (this.isVirtual && this.forGuest !== 0n);
  }

  /** The guest's own, as they are delegated to it: by the hypervisor's numbers. */
  get forGuest(): bigint {
    const { csrs } = this;
    return csrs.hip & csrs.read("hie") & csrs.read("hideleg") & VS_INTERRUPTS;
  }

  /** One of those is taken now. */
  get interruptsGuest(): boolean {
    return this.isVirtual && this.forGuest !== 0n && (this.isUser || (this.csrs.read("vsstatus") & STATUS_SIE) !== 0n);
  }

  /** It takes the most urgent interrupt that is the hypervisor's: to stvec. */
  takeInterrupt(): void {
    const { forHypervisor } = this;
    const number = HS_ORDER.find((bit) => (forHypervisor & (1n << bit)) !== 0n);
    if (number === undefined) throw new MachineError("MACHINE_STATE", `hart ${this.index} has no interrupt to take`);
    this.enterHypervisor(INTERRUPT | number, NO_ADDRESS);
  }

  /** A guest is on it, whose own that cause is. */
  delegates(cause: number): boolean {
    return this.isVirtual && ((this.csrs.read("hedeleg") >> BigInt(cause)) & 1n) !== 0n;
  }

  /** A synchronous trap of its guest: to the guest itself, where hedeleg says so, else to the hypervisor. */
  trap(cause: number, about: Omit<Trap, "cause"> = NO_ADDRESS): "guest" | "hypervisor" {
    const delegated = this.delegates(cause);
    if (delegated) this.enterGuestsHandler(BigInt(cause), about.tval);
    else this.enterHypervisor(BigInt(cause), about);
    return delegated ? "guest" : "hypervisor";
  }

  /** The guest takes the most urgent interrupt of its own: to vstvec, without anybody's help. */
  takeGuestInterrupt(): void {
    const { forGuest } = this;
    const number = VS_ORDER.find((bit) => (forGuest & (1n << bit)) !== 0n);
    if (number === undefined || !this.isVirtual) {
      throw new MachineError("MACHINE_STATE", `the guest of hart ${this.index} has no interrupt to take`);
    }
    this.enterGuestsHandler(INTERRUPT | (number - VS_SHIFT), 0n);
  }

  private enterHypervisor(cause: bigint, { tval, gpa, htinst }: Omit<Trap, "cause">): void {
    const { csrs } = this;
    const status = csrs.read("sstatus");
    const enabled = (status & STATUS_SIE) !== 0n ? STATUS_SPIE : 0n;
    csrs.write("sstatus", (status & ~(STATUS_SIE | STATUS_SPIE | STATUS_SPP)) | enabled | (this.isUser ? 0n : STATUS_SPP));
    const isOf = (causes: bigint): boolean => (cause & INTERRUPT) === 0n && ((causes >> cause) & 1n) !== 0n;
    // SPVP keeps what it was unless a guest was there.
    const gva = this.isVirtual && isOf(HAS_ADDRESS) ? HSTATUS_GVA : 0n;
    const from = this.isVirtual ? HSTATUS_SPV | (this.isUser ? 0n : 1n << SPVP_SHIFT) : csrs.read("hstatus") & HSTATUS_SPVP;
    csrs.write("hstatus", (csrs.read("hstatus") & ~(HSTATUS_GVA | HSTATUS_SPV | HSTATUS_SPVP)) | gva | from);
    csrs.write("scause", cause);
    csrs.write("sepc", this.pc);
    csrs.write("stval", tval);
    csrs.write("htval", isOf(GUEST_PAGE_FAULTS) ? gpa : 0n);
    csrs.write("htinst", htinst);
    this.isVirtual = false;
    this.isUser = false;
    this.pc = vectorOf(csrs.read("stvec"), cause);
  }

  private enterGuestsHandler(cause: bigint, tval: bigint): void {
    const { csrs } = this;
    const status = csrs.read("vsstatus");
    const enabled = (status & STATUS_SIE) !== 0n ? STATUS_SPIE : 0n;
    csrs.write("vsstatus", (status & ~(STATUS_SIE | STATUS_SPIE | STATUS_SPP)) | enabled | (this.isUser ? 0n : STATUS_SPP));
    csrs.write("vscause", cause);
    csrs.write("vsepc", this.pc);
    csrs.write("vstval", tval);
    this.isUser = false;
    this.pc = vectorOf(csrs.read("vstvec"), cause);
  }

  /** SRET of the hypervisor: to a guest if hstatus.SPV says so. */
  sret(): void {
    const { csrs } = this;
    if (this.isVirtual) throw new MachineError("MACHINE_STATE", `hart ${this.index} is in a guest: its SRET is the guest's`);
    const status = csrs.read("sstatus");
    const hstatus = csrs.read("hstatus");
    this.isVirtual = (hstatus & HSTATUS_SPV) !== 0n;
    this.isUser = (status & STATUS_SPP) === 0n;
    if (!this.isVirtual && this.isUser) {
      throw new MachineError(
        "MACHINE_STATE", `hart ${this.index}: SRET to user mode at ${hex(csrs.read("sepc"))}, where nobody is`,
      );
    }
    const enabled = (status & STATUS_SPIE) !== 0n ? STATUS_SIE : 0n;
    csrs.write("sstatus", (status & ~(STATUS_SIE | STATUS_SPP)) | STATUS_SPIE | enabled);
    csrs.write("hstatus", hstatus & ~HSTATUS_SPV);
    this.pc = csrs.read("sepc");
  }

  /** When the hypervisor's own timer goes off; Infinity: it is off. */
  get deadline(): number {
    const due = this.csrs.read("stimecmp");
    return due > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(due);
  }
}

/** Interrupts in vectored mode have an entry each. */
const vectorOf = (tvec: bigint, cause: bigint): bigint =>
  (tvec & ~3n) + ((tvec & 3n) === VECTORED && (cause & INTERRUPT) !== 0n ? 4n * (cause & ~INTERRUPT) : 0n);

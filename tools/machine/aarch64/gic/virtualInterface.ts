// A pCPU's virtual CPU interface: ICH_* and ICV_* (IHI 0069 §4.6, §12.4, §12.5), GICH and GICV (IHI 0048B §5). The hypervisor
// fills list registers, the guest acknowledges and ends what it finds in them, without any exit. What is UNPREDICTABLE is an
// error here. Everything is kept as GICv3's registers have it; GICv2's frames translate (gich.ts, gicv.ts).
//
//  ICH_LR<n>_EL2, §12.4.9
//   63 62  61   60   59 56 55      48 47 45 44        32 31         0
//  ┌──────┬────┬─────┬─────┬──────────┬─────┬────────────┬────────────┐   HW = 0: bit 41 is EOI, a maintenance interrupt
//  │state │ HW │group│  0  │ priority │  0  │  pINTID    │   vINTID   │           is wanted when the guest deactivates
//  └──────┴────┴─────┴─────┴──────────┴─────┴────────────┴────────────┘   GICv2: and bits 34…32 are the sender of an SGI
import { hex, MachineError } from "../../errors.ts";
import type { Group } from "./bank.ts";
import { INTID_PPI_FIRST, INTID_SPI_END, INTID_SPURIOUS, PRIORITY_IDLE, PRIORITY_MASK } from "./registers.ts";

/** GICv3's; a GICv2 may have 64. */
export const LIST_REGISTERS_MAX = 16;
const WORD_BITS = 32;

export const ICH_HCR_EN = 1 << 0;
export const ICH_HCR_UIE = 1 << 1;
export const ICH_HCR_LRENPIE = 1 << 2;
export const ICH_HCR_NPIE = 1 << 3;
const ICH_HCR_VGRP_IE = 0xf << 4;
export const ICH_HCR_TC = 1 << 10;
export const ICH_HCR_TALL0 = 1 << 11;
export const ICH_HCR_TALL1 = 1 << 12;
export const ICH_HCR_TDIR = 1 << 14;
const EOI_COUNT_SHIFT = 27;
const EOI_COUNT_MAX = 31;

/** PRIbits and PREbits: five each; IDbits: 16; A3V, TDS. ListRegs is added. */
const ICH_VTR = (4n << 29n) | (4n << 26n) | (1n << 21n) | (1n << 19n);

// High words of a list register.
const HIGH_HW = 1 << 29;
const HIGH_GROUP1 = 1 << 28;
const HIGH_EOI = 1 << 9;
const HIGH_RESERVED = 0x0f00_e000;
export const INVALID = 0;
export const PENDING = 1;
export const ACTIVE = 2;

/** ICH_VMCR_EL2.VENG0 and VENG1. */
const VMCR_ENABLE = { 0: 1 << 0, 1: 1 << 1 } as const;
const VMCR_VCBPR = 1 << 4;
const VMCR_VEOIM = 1 << 9;
/** IHI 0048B §5.3.2: the CPUID of a list register without HW. */
const CPUID_MASK = 7;

export interface ListRegister {
  readonly index: number;
  /** 0 invalid, 1 pending, 2 active, 3 both. */
  readonly state: number;
  readonly hardware: boolean;
  readonly priority: number;
  /** HW = 1: INTID; GICv2, an SGI: the CPU interface that sent it. */
  readonly physical: number;
  readonly virtual: number;
}

export class VirtualInterface {
  readonly count: number;
  /** Of which group the guest's interrupts are. */
  private readonly group: Group;
  private hcr = 0;
  /** ICH_VMCR_EL2 */
  control = 0;
  /** ICH_AP1R0_EL2: bit n is the active priority 8·n. */
  activePriorities = 0;
  private readonly registers: BigUint64Array;
  /** Word 2·n: vINTID; word 2·n + 1: the rest of list register n. */
  private readonly words: Uint32Array;
  private readonly deactivatePhysical: (intid: number) => void;

  /** `count`: how many list registers are implemented. */
  constructor(count: number, group: Group, deactivatePhysical: (intid: number) => void) {
    this.count = count;
    this.registers = new BigUint64Array(count);
    this.words = new Uint32Array(this.registers.buffer);
    this.group = group;
    this.deactivatePhysical = deactivatePhysical;
  }

  get type(): bigint {
    return ICH_VTR | BigInt(this.count - 1);
  }

  read(n: number): bigint {
    this.check(n);
    return this.registers[n] ?? 0n;
  }

  write(n: number, value: bigint): void {
    this.check(n);
    this.registers[n] = value;
    this.validate(n);
  }

  list(n: number): ListRegister {
    const high = this.high(n);
    return {
      index: n, state: high >>> 30, hardware: (high & HIGH_HW) !== 0, priority: (high >>> 16) & 0xff, physical: high & 0x1fff,
      virtual: this.words[2 * n] ?? 0,
    };
  }

  /** All list registers that hold an interrupt. */
  held(): ListRegister[] {
    return Array.from({ length: this.count }, (_, n) => this.list(n)).filter((register) => register.state !== INVALID);
  }

  /** ICH_ELRSR_EL2, GICH_ELRSR<word>: empty, and nothing to report about it. */
  empty(word = 0): number {
    return this.which(word, (high) => high >>> 30 === INVALID && ((high & HIGH_HW) !== 0 || (high & HIGH_EOI) === 0));
  }

  /** ICH_EISR_EL2, GICH_EISR<word> */
  ended(word = 0): number {
    return this.which(word, (high) => (high & (0xc000_0000 | HIGH_HW | HIGH_EOI)) === HIGH_EOI);
  }

  private which(word: number, holds: (high: number) => boolean): number {
    let bits = 0;
    for (let n = WORD_BITS * word; n < Math.min(this.count, WORD_BITS * (word + 1)); n++) {
      if (holds(this.high(n))) bits |= 1 << (n % WORD_BITS);
    }
    return bits >>> 0;
  }

  /** The maintenance interrupt's wire: ICH_HCR_EL2.En and any bit of ICH_MISR_EL2 (§12.4.10). */
  get maintenance(): boolean {
    return (this.hcr & ICH_HCR_EN) !== 0 && this.reasons !== 0;
  }

  /** ICH_MISR_EL2: EOI, U, LRENP, NP. */
  get reasons(): number {
    const control = this.hcr;
    let valid = 0;
    let pending = 0;
    for (let n = 0; n < this.count; n++) {
      const state = this.high(n) >>> 30;
      if (state !== INVALID) valid++;
      if (state === PENDING) pending++;
    }
    return ((this.ended(0) | this.ended(1)) !== 0 ? 1 : 0)
      | ((control & ICH_HCR_UIE) !== 0 && valid <= 1 ? ICH_HCR_UIE : 0)
      | ((control & ICH_HCR_LRENPIE) !== 0 && control >>> EOI_COUNT_SHIFT !== 0 ? ICH_HCR_LRENPIE : 0)
      | ((control & ICH_HCR_NPIE) !== 0 && pending === 0 ? ICH_HCR_NPIE : 0);
  }

  /** ICH_HCR_EL2 */
  get hypervisorControl(): number {
    return this.hcr;
  }

  set hypervisorControl(value: number) {
    if ((value & ICH_HCR_VGRP_IE) !== 0) throw new MachineError("MACHINE_GIC_PROTOCOL", "ICH_HCR_EL2.VGrp*IE is not modelled");
    this.hcr = value >>> 0;
  }

  /** The list register whose interrupt would be signalled to the guest as a vIRQ, or -1 (§4.8.2 with the virtual registers). */
  private signalled(): number {
    if ((this.hcr & ICH_HCR_EN) === 0 || (this.control & VMCR_ENABLE[this.group]) === 0) return -1;
    let best = -1;
    let bestPriority = PRIORITY_IDLE + 1;
    for (let n = 0; n < this.count; n++) {
      const high = this.high(n);
      if (high >>> 30 !== PENDING) continue;
      const priority = (high >>> 16) & 0xff;
      if (priority < bestPriority) [best, bestPriority] = [n, priority];
    }
    if (best < 0 || bestPriority >= this.control >>> 24) return -1;
    const running = this.runningPriority;
    const mask = this.preemptionMask;
    return running === PRIORITY_IDLE || (bestPriority & mask) < (running & mask) ? best : -1;
  }

  get interruptPending(): boolean {
    return this.signalled() >= 0;
  }

  get runningPriority(): number {
    const lowest = this.activePriorities & -this.activePriorities;
    return lowest === 0 ? PRIORITY_IDLE : (31 - Math.clz32(lowest)) * 8;
  }

  /** What IAR would give. */
  get highestPending(): ListRegister | undefined {
    const n = this.signalled();
    return n < 0 ? undefined : this.list(n);
  }

  /** Acknowledges it. */
  take(): ListRegister | undefined {
    const found = this.highestPending;
    if (found === undefined) return undefined;
    this.setState(found.index, ACTIVE);
    this.activePriorities = (this.activePriorities | (1 << ((found.priority & this.preemptionMask) >> 3))) >>> 0;
    return found;
  }

  /** ICV_IAR1_EL1 */
  acknowledge(): number {
    return this.take()?.virtual ?? INTID_SPURIOUS;
  }

  /** ICV_EOIR1_EL1: drops the priority and, with ICV_CTLR_EL1.EOImode = 0, deactivates. */
  endOfInterrupt(intid: number): void {
    if (intid >= INTID_SPI_END) return;
    this.activePriorities = (this.activePriorities & (this.activePriorities - 1)) >>> 0;
    if ((this.control & VMCR_VEOIM) === 0) this.deactivate(intid);
  }

  /** ICV_DIR_EL1, and the deactivation that is part of ICV_EOIR1_EL1. */
  deactivate(intid: number): void {
    for (let n = 0; n < this.count; n++) {
      const { state, virtual, hardware, physical } = this.list(n);
      if (virtual !== intid || (state & ACTIVE) === 0) continue;
      this.setState(n, state & PENDING);
      if (hardware) this.deactivatePhysical(physical);
      return;
    }
    // Not in any list register: only counted, for the hypervisor to see (ICH_HCR_EL2.EOIcount).
    if (this.hcr >>> EOI_COUNT_SHIFT < EOI_COUNT_MAX) this.hcr += 2 ** EOI_COUNT_SHIFT;
  }

  /** Bits of a priority that count for preemption: VBPR1, or VBPR0 for group 0 and if ICV_CTLR_EL1.CBPR is set (§4.8.6). */
  private get preemptionMask(): number {
    const common = this.group === 0 || (this.control & VMCR_VCBPR) !== 0;
    const point = common ? ((this.control >>> 21) & 7) + 1 : Math.max((this.control >>> 18) & 7, 1);
    return PRIORITY_MASK & (0xff << point);
  }

  private setState(n: number, state: number): void {
    this.words[2 * n + 1] = ((this.high(n) & 0x3fff_ffff) | (state << 30)) >>> 0;
  }

  private high(n: number): number {
    return this.words[2 * n + 1] ?? 0;
  }

  private check(n: number): void {
    if (n >= this.count) {
      throw new MachineError("MACHINE_GIC_PROTOCOL", `ICH_LR${n}_EL2 does not exist: ICH_VTR_EL2.ListRegs says ${this.count}`);
    }
  }

  /** §12.4.9: what must not be written into a list register. */
  private validate(n: number): void {
    const { state, hardware, physical, virtual } = this.list(n);
    if (state === INVALID && this.registers[n] === 0n) return;
    const complain = (what: string): never => {
      throw new MachineError("MACHINE_GIC_PROTOCOL", `ICH_LR${n}_EL2 = ${hex(this.registers[n] ?? 0n)}: ${what}`);
    };
    if (state === INVALID) complain("it holds nothing, but is not 0: whoever reads it next takes it for something");
    if ((this.high(n) & HIGH_RESERVED) !== 0) complain("reserved bits are set");
    if (((this.high(n) & HIGH_GROUP1) !== 0) !== (this.group === 1)) {
      complain(`not of group ${this.group}: no guest of ours would see it`);
    }
    if (virtual >= INTID_SPI_END) complain(`vINTID ${virtual} is a special or unimplemented one`);
    if (hardware && state === (PENDING | ACTIVE)) complain("pending and active is for software interrupts only");
    if (!hardware && virtual >= INTID_PPI_FIRST && (this.high(n) & 0x1fff & ~HIGH_EOI) !== 0) {
      complain("a software interrupt has no pINTID");
    }
    if (hardware && (physical < INTID_PPI_FIRST || physical >= INTID_SPI_END)) complain(`HW = 1 with pINTID ${physical}`);
    for (let other = 0; other < this.count; other++) {
      if (other === n || this.high(other) >>> 30 === INVALID || this.words[2 * other] !== virtual) continue;
      // GICv2: an SGI of another sender is another interrupt (IHI 0048B §5.2.2).
      const sender = (word: number): number => (virtual < INTID_PPI_FIRST ? word & CPUID_MASK : 0);
      if (sender(this.high(other)) === sender(this.high(n))) complain(`vINTID ${virtual} is in ICH_LR${other}_EL2 too`);
    }
  }
}

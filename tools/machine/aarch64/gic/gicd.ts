// GICv2's distributor (IHI 0048B §4.3). Word 0 of its registers, and the pending SGIs with their senders, are banked: each CPU
// interface has its own.
import { InterruptBank } from "./bank.ts";
import {
  GICD_CPENDSGIR, GICD_PIDR2, GICD_SGIR, GICD_SPENDSGIR, GICD_SPENDSGIR_END, GICD_TYPER_CPUS_SHIFT, PIDR2_GICV2, SGIR_FILTER_LIST,
  SGIR_FILTER_OTHERS, SGIR_FILTER_SELF, SGIR_FILTER_SHIFT, SGIR_LIST_SHIFT, SGIR_RESERVED,
} from "./gicv2Registers.ts";
import {
  BANK_END, GICD_CTLR, GICD_CTLR_ENABLE_GRP0, GICD_CTLR_ENABLE_GRP1, GICD_IIDR, GICD_TYPER, ICENABLER, ICFGR, ICPENDR, IGROUPR,
  IIDR_ARM, INTID_SPI_FIRST, IPRIORITYR, ISPENDR, ITARGETSR, NSACR, UNMODELLED,
} from "./registers.ts";
import type { SecurityView } from "./securityView.ts";
import { hex, MachineError } from "../../errors.ts";
import type { Actor } from "./cpuInterface.ts";

const SGIS = 16;
const SGI_MASK = 0xffff;
const ALL = 0xffff_ffff;

/** What of the distributor is one CPU interface's own. */
export class OwnInterrupts {
  /** SGIs and PPIs. SGIs are always enabled (§4.3.5). */
  readonly bank: InterruptBank;
  /** For each SGI the CPU interfaces that have sent it: pending as long as there is one. */
  readonly senders = new Uint8Array(SGIS);

  constructor(view: SecurityView) {
    this.bank = new InterruptBank([ALL], [SGI_MASK], 0, view);
    this.bank.enabled[0] = SGI_MASK;
  }

  send(sgi: number, senders: number): void {
    this.setSenders(sgi, (this.senders[sgi] ?? 0) | senders);
  }

  /** The next sender of an SGI that has just been acknowledged; what others have sent goes on being pending. */
  takeSender(sgi: number): number {
    const senders = this.senders[sgi] ?? 0;
    this.setSenders(sgi, senders & (senders - 1));
    return 31 - Math.clz32(senders & -senders);
  }

  setSenders(sgi: number, senders: number): void {
    this.senders[sgi] = senders;
    if (senders !== 0) this.bank.latchPending(sgi);
    else this.bank.latch[0] = (this.bank.latch[0] ?? 0) & ~(1 << sgi);
  }
}

export class Gicd {
  readonly bank: InterruptBank;
  readonly spiLimit: number;
  /** Number of the CPU interface of each pCPU. */
  readonly interfaces: readonly number[];
  /** GICD_ITARGETSR by INTID: bit n is CPU interface n. */
  readonly targets: Uint32Array;
  readonly routes: readonly Uint32Array[];
  control = 0;
  private readonly own = new Map<number, OwnInterrupts>();
  private readonly views = new Map<number, GicdView>();
  private readonly present: number;

  constructor(spiLimit: number, interfaces: readonly number[], view: SecurityView) {
    this.spiLimit = spiLimit;
    this.interfaces = interfaces;
    const words = Math.ceil(spiLimit / 32);
    const implemented = Array.from(
      { length: words }, (_, word) => (word === 0 ? 0 : 2 ** Math.min(32, spiLimit - 32 * word) - 1),
    );
    this.bank = new InterruptBank(implemented, Array.from({ length: words }, () => 0), 0, view);
    this.targets = new Uint32Array(spiLimit);
    this.routes = [this.targets];
    this.present = interfaces.reduce((mask, n) => mask | (1 << n), 0);
    for (const n of interfaces) {
      this.own.set(n, new OwnInterrupts(view));
      this.views.set(n, new GicdView(this, n));
    }
  }

  get forwards(): boolean {
    return (this.control & GICD_CTLR_ENABLE_GRP0) !== 0;
  }

  routesTo(intid: number, cpuInterface: number): boolean {
    return ((this.targets[intid] ?? 0) & (1 << cpuInterface)) !== 0;
  }

  ownOf(cpuInterface: number): OwnInterrupts {
    const found = this.own.get(cpuInterface);
    if (found === undefined) throw new MachineError("MACHINE_STATE", `there is no CPU interface ${cpuInterface}`);
    return found;
  }

  seenBy(cpuInterface: number): GicdView {
    const found = this.views.get(cpuInterface);
    if (found === undefined) throw new MachineError("MACHINE_STATE", `there is no CPU interface ${cpuInterface}`);
    return found;
  }

  setTargets(intid: number, value: number): void {
    if (intid >= INTID_SPI_FIRST && intid < this.spiLimit) this.targets[intid] = value & this.present;
  }

  /** GICD_SGIR: to CPU interfaces that are not there it goes nowhere. */
  sendSgi(sender: number, value: number): void {
    const list = (value >>> SGIR_LIST_SHIFT) & 0xff;
    const filter = (value >>> SGIR_FILTER_SHIFT) & 3;
    if ((value & SGIR_RESERVED) !== 0) {
      throw new MachineError("MACHINE_GIC_PROTOCOL", `GICD_SGIR = ${hex(value)}: reserved bits are set`);
    }
    if (filter > SGIR_FILTER_SELF) {
      throw new MachineError("MACHINE_GIC_PROTOCOL", `GICD_SGIR = ${hex(value)}: TargetListFilter 3 is reserved`);
    }
    const targets = filter === SGIR_FILTER_LIST ? list : filter === SGIR_FILTER_OTHERS ? ~(1 << sender) : 1 << sender;
    for (const [n, own] of this.own) if ((targets & (1 << n)) !== 0) own.send(value & 15, 1 << sender);
  }
}

/** GICD as one CPU interface sees it. */
class GicdView {
  private readonly gicd: Gicd;
  private readonly number: number;

  constructor(gicd: Gicd, number: number) {
    this.gicd = gicd;
    this.number = number;
  }

  private get own(): OwnInterrupts {
    return this.gicd.ownOf(this.number);
  }

  read(offset: number, bytes: number, _by: Actor): number {
    if (bytes === 1) return this.readByte(offset);
    if (bytes !== 4) return UNMODELLED;
    if ((offset >= IPRIORITYR && offset < ICFGR) || (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END)) {
      return [3, 2, 1, 0].reduce((word, byte) => ((word << 8) | this.readByte(offset + byte)) >>> 0, 0);
    }
    if (offset >= IGROUPR && offset < BANK_END) return offset >= NSACR ? 0 : this.bankAt(offset).read32(offset);
    switch (offset) {
      case GICD_CTLR: return this.gicd.control;
      case GICD_TYPER:
        return ((this.gicd.interfaces.length - 1) << GICD_TYPER_CPUS_SHIFT) | (Math.ceil(this.gicd.spiLimit / 32) - 1);
      case GICD_IIDR: return IIDR_ARM;
      case GICD_PIDR2: return PIDR2_GICV2;
      default: return UNMODELLED;
    }
  }

  write(offset: number, bytes: number, value: number, _by: Actor): boolean {
    if (bytes === 1) return this.writeByte(offset, value);
    if (bytes !== 4) return false;
    if ((offset >= IPRIORITYR && offset < ICFGR) || (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END)) {
      for (let byte = 0; byte < 4; byte++) this.writeByte(offset + byte, value >>> (8 * byte));
      return true;
    }
    if (offset >= IGROUPR && offset < BANK_END) return this.writeBank(offset, value);
    if (offset === GICD_CTLR) {
      this.gicd.control = value & (GICD_CTLR_ENABLE_GRP0 | GICD_CTLR_ENABLE_GRP1);
      return true;
    }
    if (offset !== GICD_SGIR) return false;
    this.gicd.sendSgi(this.number, value);
    return true;
  }

  /** Banked: word 0 of the registers with a bit or two for each INTID. */
  private bankAt(offset: number): InterruptBank {
    const isFirst = offset >= ICFGR ? offset < ICFGR + 8 : (offset & 0x7f) === 0;
    return isFirst ? this.own.bank : this.gicd.bank;
  }

  private writeBank(offset: number, value: number): boolean {
    const bank = this.bankAt(offset);
    const kind = offset & ~0x7f;
    const isSgis = bank === this.own.bank && offset < IPRIORITYR;
    // SGIs cannot be disabled, nor made pending or taken back but by SPENDSGIR and CPENDSGIR (§4.3.6…§4.3.8).
    const kept = isSgis && (kind === ICENABLER || kind === ISPENDR || kind === ICPENDR) ? SGI_MASK : 0;
    return bank.write32(offset, (value & ~kept) >>> 0);
  }

  private readByte(offset: number): number {
    if (offset >= IPRIORITYR && offset < ITARGETSR) return this.priorities(offset).readPriority(offset - IPRIORITYR);
    if (offset >= ITARGETSR && offset < ICFGR) {
      const intid = offset - ITARGETSR;
      return intid < INTID_SPI_FIRST ? 1 << this.number : this.gicd.targets[intid] ?? 0;
    }
    if (offset < GICD_CPENDSGIR || offset >= GICD_SPENDSGIR_END) return UNMODELLED;
    return this.own.senders[offset & 15] ?? 0;
  }

  private writeByte(offset: number, value: number): boolean {
    const byte = value & 0xff;
    if (offset >= IPRIORITYR && offset < ITARGETSR) this.priorities(offset).writePriority(offset - IPRIORITYR, byte);
    else if (offset >= ITARGETSR && offset < ICFGR) this.gicd.setTargets(offset - ITARGETSR, byte);
    else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR) this.own.setSenders(
      offset & 15, (this.own.senders[offset & 15] ?? 0) & ~byte,
    );
    else if (offset >= GICD_SPENDSGIR && offset < GICD_SPENDSGIR_END) this.own.send(offset & 15, byte);
    else return false;
    return true;
  }

  private priorities(offset: number): InterruptBank {
    return offset - IPRIORITYR < INTID_SPI_FIRST ? this.own.bank : this.gicd.bank;
  }
}

// The bystander on AArch64: its GIC, its generic timer, and what EOIR of a direct neighbour can do to it.
import * as abi from "../../../../core/abi.ts";
import type { Aarch64PlannedPartition as PlannedPartition } from "../../../../partitions/plan/plan.ts";
import { INTID_SPURIOUS } from "../../../../tools/machine/aarch64/gic/registers.ts";
import type { Guest } from "../../../../tools/machine/aarch64/guest.ts";
import type { Aarch64Machine } from "../../../../tools/machine/aarch64/machine.ts";
import { GUEST_GICD, GUEST_GICR } from "../../../../tools/machine/aarch64/system.ts";
import { GICR_STRIDE, SGI_BASE, value } from "../../../core/bench.ts";
import { privateBits } from "../../../core/property/aarch64/fences.ts";
import { broken, Bystander } from "../bystander.ts";
import type { State, Surroundings } from "../bystander.ts";

const ISENABLER = 0x100;
const IPRIORITYR = 0x400;
const PRIORITY = 0x80n;
const OPEN = 0xf0;
const ALL = 0xffff_ffffn;
/** Interrupts that one more may bring with it. */
const STEPS = 4;

export class Aarch64Bystander extends Bystander<Aarch64Machine, Guest> {
  /** Its list registers, as it could tell them apart before the attacker's last move. */
  private seen = "";
  /** The level-triggered SPI that it handles from one scan to the next. */
  private readonly spi: number;
  private handling = false;
  /** The attacker has ended it meanwhile, and the hypervisor has disabled it until the bystander's own end. */
  private muted = false;
  /** Of its SPI's interrupts so far: how many the attacker has made come to the hypervisor once more. */
  repeats = 0;

  constructor(around: Surroundings<Aarch64Machine, Guest>) {
    super(around);
    this.spi = this.plan.interrupts.find(({ use, trigger }) => use === "spis" && trigger === "level")?.intid ?? 0;
  }

  protected open(): void {
    const { guest, plan } = this;
    const isGicv2 = this.machine.board.gicVersion === 2;
    const vcpu = this.system.plan.cpus[guest.pcpu.index]?.vcpu ?? 0;
    value(guest.store(GUEST_GICD, 4, isGicv2 ? 1n : 2n));
    if (isGicv2) value(guest.store(GUEST_GICD + ISENABLER, 4, ALL));
    else value(guest.store(GUEST_GICR + vcpu * GICR_STRIDE + SGI_BASE + ISENABLER, 4, ALL));
    for (const { intid } of plan.interrupts.filter(({ intid: n }) => !plan.channels.some(({ interrupt }) => interrupt === n))) {
      value(guest.store(GUEST_GICD + IPRIORITYR + intid, 1, PRIORITY));
      value(guest.store(GUEST_GICD + ISENABLER + 4 * (intid >> 5), 4, 1n << BigInt(intid & 31)));
    }
    guest.driver.open(OPEN);
    this.machine.settle();
  }

  protected privateBits(partition: PlannedPartition): number {
    return privateBits(partition);
  }

  get due(): ReadonlyMap<number, number> {
    return this.plan.direct
      ? new Map()
      : new Map([[abi.EXIT_INTERRUPT, Number(this.scans) + this.repeats], [abi.EXIT_MAINTENANCE, this.repeats]]);
  }

  protected override remember(): void {
    super.remember();
    this.seen = this.seenByGuest();
  }

  protected bear(): void {
    if (this.isEndedByAttacker()) this.bearEnd();
  }

  /**
   * Only a direct partition can do that: its CPU interface is the GIC's own, where EOIR ends whatever is active (README, limits).
   */
  private isEndedByAttacker(): boolean {
    if (!this.handling || !this.attackersPlan.direct) return false;
    return !this.isIn("active", this.spi) || (!this.muted && !this.isIn("enabled", this.spi));
  }

  /**
   * All that it costs, however often it is done. A direct owner: nothing, for its running priority keeps the interrupt off until
   * its own end of it. Any other: one more exit, in which the hypervisor disables the interrupt until that end. To its owner it
   * is active all the while.
   */
  private bearEnd(): void {
    const { spi } = this;
    if (!this.isIn("active", spi)) {
      this.expect("active", spi, false);
      this.compare();
    }
    if (this.plan.direct || this.muted) return;
    const { pcpu } = this.guest;
    for (let steps = 0; this.machine.step(pcpu); steps++) if (steps === STEPS) broken("its interrupt comes again and again");
    const seen = this.seenByGuest();
    if (seen !== this.seen) broken(`the interrupt that it handles was ${this.seen}, and is ${seen}`);
    this.muted = true;
    this.repeats++;
    this.expect("active", spi, true);
    this.expect("enabled", spi, false);
    this.record?.take();
    const [now, first] = [this.registers(), Object.keys(pcpu.registers).length];
    this.state = this.state.map((one, n) => (n >= first && n < first + pcpu.gic.virtual.count ? now[n] ?? one : one));
    this.compare();
  }

  private seenByGuest(): string {
    return this.guest.pcpu.gic.virtual.held().map(
      ({ virtual, state, priority }) => `INTID ${virtual}, state ${state}, priority ${priority}`
    ).join("; ");
  }

  protected registers(): State {
    const { pcpu } = this.guest;
    const { physical, virtual } = pcpu.gic;
    const list: (number | bigint | boolean | string)[] = Object.values(pcpu.registers);
    for (let n = 0; n < virtual.count; n++) list.push(virtual.read(n));
    list.push(
      pcpu.phase, pcpu.pc, pcpu.lives, physical.priorityMask, physical.enabled, physical.activePriorities, physical.binaryPoint,
      virtual.hypervisorControl, virtual.control, virtual.activePriorities, pcpu.virtualTimer.control, pcpu.virtualTimer.compare,
      pcpu.physicalTimer.control,
    );
    return list;
  }

  protected nameOfRegister(at: number): string {
    const { registers, gic } = this.guest.pcpu;
    const names = [...Object.keys(registers), ...Array.from({ length: gic.virtual.count }, (_, n) => `list register ${n}`)];
    return names[at] ?? `its state or interrupt controller (${at - names.length})`;
  }

  /** A timer interrupt, an SPI of its own. That is handled until the next time: most of what happens, happens meanwhile. */
  protected handle(): void {
    const { guest, machine, spi } = this;
    if (this.handling) {
      machine.setLine(spi, false);
      guest.endOfInterrupt(spi);
      machine.settle();
      this.muted = false;
    }
    value(guest.msr("CNTV_CVAL_EL0", 0n));
    value(guest.msr("CNTV_CTL_EL0", 1n));
    this.takes(machine.board.virtualTimer);
    value(guest.msr("CNTV_CTL_EL0", 0n));
    guest.endOfInterrupt(machine.board.virtualTimer);
    machine.settle();
    machine.setLine(spi, true);
    this.takes(spi);
    this.handling = true;
  }

  private takes(intid: number): void {
    this.machine.settle();
    const taken = this.guest.acknowledge();
    if (taken !== intid) broken(`it waits for INTID ${intid}, and gets ${taken === INTID_SPURIOUS ? "nothing" : taken}`);
  }
}

// The partition that is attacked on the simulated machine, and what is nobody's: everything of them that could be changed, as it was before
// the attacker's last move. Only its own doings change it: its timer, an SPI of its own, its telemetry.
import * as calls from "../../../arch/aarch64/calls.ts";
import * as abi from "../../../core/abi.ts";
import * as plcAbi from "../../../rtos-guests/plc/abi.ts";
import { hex } from "../../../tools/machine/errors.ts";
import { INTID_SPURIOUS } from "../../../tools/machine/aarch64/gic/registers.ts";
import type { Guest } from "../../../tools/machine/aarch64/guest.ts";
import type { Aarch64Machine } from "../../../tools/machine/aarch64/machine.ts";
import type { PCpu } from "../../../tools/machine/aarch64/pcpu.ts";
import { Stage2 } from "../../../tools/machine/aarch64/stage2.ts";
import { GICR_STRIDE, KICK_SGI, SGI_BASE, value } from "../../core/bench.ts";
import { Snapshot } from "../../core/property/snapshot.ts";
import { GUEST_GICD, GUEST_GICR, pagesOf } from "../../../tools/machine/aarch64/system.ts";
import type { System } from "../../../tools/machine/aarch64/system.ts";
import { banked } from "./watched.ts";
import type { Watched } from "./watched.ts";

const PRIVATE = 32;
const SGIS = 0xffff;
const NOTHING: readonly number[] = new Array<number>(PRIVATE).fill(0);
const PATTERN = 0x0123_4567_89ab_cdefn;
const PATTERN_STEP = 4096;
/** Interrupts that one more may bring with it. */
const STEPS = 4;

const broken = (what: string): never => {
  throw new Error(`the bystander was disturbed: ${what}`);
};

export class Bystander {
  readonly guest: Guest;
  private readonly machine: Aarch64Machine;
  private readonly system: System;
  private readonly index: number;
  private readonly attacker: number;
  private readonly watched: readonly Watched[];
  /** Of the watched ones: SPIs that are active, those that are enabled, and the record of its vCPU. */
  private readonly active: Snapshot<Uint32Array>;
  private readonly enabled: Snapshot<Uint32Array>;
  private readonly record: Snapshot<Uint8Array>;
  /** Stage 2 tables of the bystander. */
  private readonly tables: Snapshot<Uint8Array>[] = [];
  private state: readonly (number | bigint | boolean | string)[] = [];
  private seen = "";
  private scans = 0n;
  /** The level-triggered SPI that it handles from one scan to the next. */
  private readonly spi: number;
  private handling = false;
  /** The attacker has ended it meanwhile, and the hypervisor has disabled it until the bystander's own end. */
  private muted = false;
  /** Of its SPI's interrupts so far: how many the attacker has made come to the hypervisor once more. */
  repeats = 0;

  /** `attacker`, `index`: partitions. */
  constructor(machine: Aarch64Machine, system: System, guest: Guest, index: number, attacker: number) {
    this.machine = machine;
    this.system = system;
    this.guest = guest;
    this.index = index;
    this.attacker = attacker;
    this.spi = this.plan.interrupts.find(({ use, trigger }) => use === "spis" && trigger === "level")?.intid ?? 0;
    this.open();
    this.fillMemory();
    this.recordTables();
    const { bank } = machine.gic.distributor;
    this.active = new Snapshot(bank.active);
    this.enabled = new Snapshot(bank.enabled);
    this.record = new Snapshot(new Uint8Array(machine.linear.buffer, guest.pcpu.vcpu, machine.pcpu(1).vcpu - machine.pcpu(0).vcpu));
    this.watched = [...this.distributor(), ...this.pcpus().flatMap((pcpu) => this.privates(pcpu)), ...this.attackers().flatMap((pcpu) => this.hypervisors(pcpu))];
    this.remember();
  }

  private get plan() {
    const plan = this.system.plan.partitions[this.index];
    if (plan === undefined) throw new RangeError("there is no such partition");
    return plan;
  }

  /** pCPUs that are not the attacker's. */
  private pcpus(): PCpu[] {
    return this.machine.pcpus.filter(({ index }) => this.system.plan.cpus[index]?.partition !== this.attacker);
  }

  private attackers(): PCpu[] {
    return this.machine.pcpus.filter(({ index }) => this.system.plan.cpus[index]?.partition === this.attacker);
  }

  /** SPIs that are not the attacker's: of those it may make its doorbells pending. */
  private distributor(): Watched[] {
    const { bank, routes } = this.machine.gic.distributor;
    const attacker = this.system.plan.partitions[this.attacker];
    const own = (attacker?.interrupts ?? []).map(({ intid }) => intid);
    const rung = (attacker?.channels ?? []).map(({ doorbell }) => doorbell);
    const bits = (intids: readonly number[]): number[] => Array.from({ length: bank.words }, (_, word) => intids.filter((intid) => intid >> 5 === word).reduce((set, intid) => set | (1 << (intid & 31)), 0));
    const each = (): number[] => Array.from({ length: bank.words * 32 }, (_, intid) => (own.includes(intid) ? ~0 : 0));
    return [...banked("SPIs", bank, bits(own), bits([...own, ...rung]), each(), { active: this.active, enabled: this.enabled }), ...routes.map((route, n) => ({ what: `routes of SPIs (${n})`, set: new Snapshot(route), allowed: each() }))];
  }

  private privates({ index, gic }: PCpu): Watched[] {
    const bystanders = this.system.plan.cpus[index]?.partition === this.index;
    return [
      ...banked(`SGIs and PPIs of pCPU ${index}`, gic.bank, NOTHING, NOTHING, NOTHING),
      ...(bystanders ? [{ what: `vCPU of pCPU ${index}: registers, exits, pending interrupts`, set: this.record, allowed: [] }] : []),
    ];
  }

  /** Of the attacker's own pCPUs: what the hypervisor has there for itself. Its kick is pending, or active, now and then. */
  private hypervisors({ index, gic }: PCpu): Watched[] {
    const attacker = this.system.plan.partitions[this.attacker];
    const own = (attacker?.ppis ?? []).reduce((set, intid) => set | (1 << intid), attacker?.direct === true ? SGIS & ~(1 << KICK_SGI) : 0);
    const priorities = Array.from({ length: PRIVATE }, (_, intid) => ((own & (1 << intid)) !== 0 ? ~0 : 0));
    return banked(`the hypervisor's SGIs and PPIs on pCPU ${index}`, gic.bank, [own], [~0], priorities).filter(({ what }) => !what.startsWith("active") && !what.startsWith("pending"));
  }

  /** The attacker's stage 2 maps what is the attacker's. Direct partitions find all of it gone now and then, while they are stopped. */
  private checkAttackersTables(): void {
    const regions = (this.system.plan.partitions[this.attacker]?.regions ?? []).flatMap(pagesOf);
    for (const { registers } of this.attackers()) {
      for (const { ipa, pa, size } of new Stage2(registers.VTTBR_EL2, registers.VTCR_EL2, (at) => this.machine.memory.read64(at)).list()) {
        if (!regions.some((region) => pa >= region.pa && pa + size <= region.pa + region.size)) broken(`the attacker's IPA ${hex(ipa)} is PA ${hex(pa)}, ${size} bytes`);
      }
    }
  }

  private recordTables(): void {
    const { registers } = this.guest.pcpu;
    const { machine } = this;
    new Stage2(registers.VTTBR_EL2, registers.VTCR_EL2, (pa) => machine.memory.read64(pa)).list((pa, bytes) => {
      this.tables.push(new Snapshot(new Uint8Array(machine.linear.buffer, pa - machine.board.imageBase - machine.board.linearOffset, bytes)));
    });
  }

  /** What a guest's interrupt controller driver does: all that it owns is enabled, but for its doorbell. */
  private open(): void {
    const { guest, plan } = this;
    const vcpu = this.system.plan.cpus[guest.pcpu.index]?.vcpu ?? 0;
    value(guest.store(GUEST_GICD, 4, plan.gicr === null ? 1n : 2n));
    if (plan.gicr === null) value(guest.store(GUEST_GICD + 0x100, 4, 0xffff_ffffn));
    else value(guest.store(GUEST_GICR + vcpu * GICR_STRIDE + SGI_BASE + 0x100, 4, 0xffff_ffffn));
    for (const { intid } of plan.interrupts.filter(({ intid: n }) => !plan.channels.some(({ interrupt }) => interrupt === n))) {
      value(guest.store(GUEST_GICD + 0x400 + intid, 1, 0x80n));
      value(guest.store(GUEST_GICD + 0x100 + 4 * (intid >> 5), 4, 1n << BigInt(intid & 31)));
    }
    guest.driver.open(0xf0);
    this.machine.settle();
  }

  private fillMemory(): void {
    this.eachWord((pa) => this.machine.memory.write64(pa, PATTERN ^ BigInt(pa)));
  }

  private eachWord(visit: (pa: number) => void): void {
    for (const { pa, size } of this.plan.regions.filter(({ kind }) => kind === "ram").flatMap(pagesOf)) for (let at = pa; at < pa + size; at += PATTERN_STEP) visit(at);
  }

  /** Exits that it must have had by now, but for its timer's and its hypercalls: of a direct one none. */
  get due(): ReadonlyMap<number, number> {
    return this.plan.direct ? new Map() : new Map([[abi.EXIT_INTERRUPT, Number(this.scans) + this.repeats], [abi.EXIT_MAINTENANCE, this.repeats]]);
  }

  /** From here on nothing may change. */
  remember(): void {
    for (const { set } of this.watched) set.take();
    for (const table of this.tables) table.take();
    this.state = this.registers();
    this.seen = this.seenByGuest();
  }

  /** After every move of the attacker, or of the housekeeper. */
  check(): void {
    if (this.isEndedByAttacker()) this.bearEnd();
    this.compare();
  }

  private compare(): void {
    for (const { what, set, allowed } of this.watched) {
      if (!set.changed) continue;
      set.now.forEach((now, at) => {
        const changed = (now ^ (set.before[at] ?? 0)) & ~(allowed[at] ?? 0);
        if (changed !== 0) broken(`${what}: word ${at}, bits ${hex(changed >>> 0)}`);
      });
      set.take();
    }
    if (this.tables.some((table) => table.changed)) broken("its stage 2 tables");
    const now = this.registers();
    const at = now.findIndex((one, n) => one !== this.state[n]);
    if (at >= 0) broken(`${this.nameOfRegister(at)} was ${this.state[at]}, and is ${now[at]}`);
  }

  /** Only a direct partition can do that: its CPU interface is the GIC's own, where EOIR ends whatever is active (README, limits). */
  private isEndedByAttacker(): boolean {
    if (!this.handling || this.system.plan.partitions[this.attacker]?.direct !== true) return false;
    return !this.holds(this.active) || (!this.muted && !this.holds(this.enabled));
  }

  /**
   * All that it costs, however often it is done. A direct owner: nothing, for its running priority keeps the interrupt off until its own end of it.
   * Any other: one more exit, in which the hypervisor disables the interrupt until that end. To its owner it is active all the while.
   */
  private bearEnd(): void {
    if (!this.holds(this.active)) {
      this.expect(this.active, false);
      this.compare();
    }
    if (this.plan.direct || this.muted) return;
    const { pcpu } = this.guest;
    for (let steps = 0; this.machine.step(pcpu); steps++) if (steps === STEPS) broken("its interrupt comes again and again");
    const seen = this.seenByGuest();
    if (seen !== this.seen) broken(`the interrupt that it handles was ${this.seen}, and is ${seen}`);
    this.muted = true;
    this.repeats++;
    this.expect(this.active, true);
    this.expect(this.enabled, false);
    this.record.take();
    const [now, first] = [this.registers(), Object.keys(pcpu.registers).length];
    this.state = this.state.map((one, n) => (n >= first && n < first + pcpu.gic.virtual.count ? now[n] ?? one : one));
    this.compare();
  }

  /** Its list registers, as it can tell them apart. */
  private seenByGuest(): string {
    return this.guest.pcpu.gic.virtual.held().map(({ virtual, state, priority }) => `INTID ${virtual}, state ${state}, priority ${priority}`).join("; ");
  }

  /** Of the SPI that it handles: whether it is in that set; and that it is to be in it, from now on, or not. */
  private holds({ now }: Snapshot<Uint32Array>): boolean {
    return ((now[this.spi >> 5] ?? 0) & (1 << (this.spi & 31))) !== 0;
  }

  private expect({ before }: Snapshot<Uint32Array>, held: boolean): void {
    const word = before[this.spi >> 5] ?? 0;
    const bit = 1 << (this.spi & 31);
    before[this.spi >> 5] = held ? word | bit : word & ~bit;
  }

  /** Registers of its pCPU, its CPU interfaces, its timers, and where it is. */
  private registers(): (number | bigint | boolean | string)[] {
    const { pcpu } = this.guest;
    const { physical, virtual } = pcpu.gic;
    const list: (number | bigint | boolean | string)[] = Object.values(pcpu.registers);
    for (let n = 0; n < virtual.count; n++) list.push(virtual.read(n));
    list.push(
      pcpu.phase, pcpu.pc, pcpu.lives, physical.priorityMask, physical.enabled, physical.activePriorities, physical.binaryPoint,
      virtual.hypervisorControl, virtual.control, virtual.activePriorities, pcpu.virtualTimer.control, pcpu.virtualTimer.compare, pcpu.physicalTimer.control,
    );
    return list;
  }

  private nameOfRegister(at: number): string {
    const names = [...Object.keys(this.guest.pcpu.registers), ...Array.from({ length: this.guest.pcpu.gic.virtual.count }, (_, n) => `list register ${n}`)];
    return names[at] ?? `its state or interrupt controller (${at - names.length})`;
  }

  /**
   * It does its work: a timer interrupt, an SPI of its own, a tag. And its memory is as it left it. The SPI is handled until the next time:
   * most of what happens, happens meanwhile.
   */
  scan(): void {
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
    this.scans++;
    if (value(guest.hvc(calls.HYPERCALL_TAG_PUBLISH, plcAbi.PLC_TAG_SCANS, this.scans)) !== 0n) broken("it cannot publish its scans");
    this.eachWord((pa) => {
      if (machine.memory.read64(pa) !== (PATTERN ^ BigInt(pa))) broken(`its memory at ${hex(pa)}`);
    });
    this.checkAttackersTables();
    this.remember();
  }

  private takes(intid: number): void {
    this.machine.settle();
    const taken = this.guest.acknowledge();
    if (taken !== intid) broken(`it waits for INTID ${intid}, and gets ${taken === INTID_SPURIOUS ? "nothing" : taken}`);
  }
}

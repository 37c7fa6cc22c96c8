// The partition that is attacked on the simulated machine, and what is nobody's: everything of them that could be changed, as it
// was before the attacker's last move. Only its own doings change it: its timer, a line of its own, its telemetry. What an ISA's
// bystander has of its own is abstract.
import * as abi from "../../../core/abi.ts";
import * as plcAbi from "../../../rtos-guests/plc/abi.ts";
import { hex } from "../../../tools/machine/errors.ts";
import type { Guest } from "../../../tools/machine/guest.ts";
import type { LineBits } from "../../../tools/machine/lines.ts";
import type { Machine } from "../../../tools/machine/machine.ts";
import type { PCpu } from "../../../tools/machine/pcpu.ts";
import { pagesOf } from "../../../tools/machine/system.ts";
import type { System, TriedPartition } from "../../../tools/machine/system.ts";
import { Snapshot } from "../../core/property/snapshot.ts";
import { value } from "../../core/value.ts";
import { bitsFor, watchedBits, watchedEntries } from "./watched.ts";
import type { Watched } from "./watched.ts";

const NOTHING: readonly number[] = [];
const EVERYTHING = [~0];
const PATTERN = 0x0123_4567_89ab_cdefn;
const PATTERN_STEP = 4096;

export type State = readonly (number | bigint | boolean | string)[];

export const broken = (what: string): never => {
  throw new Error(`the bystander was disturbed: ${what}`);
};

export interface Surroundings<Made extends Machine, Who extends Guest> {
  readonly machine: Made;
  readonly system: System;
  readonly guest: Who;
  /** Partitions: the bystander's, the attacker's. */
  readonly index: number;
  readonly attacker: number;
}

export abstract class Bystander<Made extends Machine = Machine, Who extends Guest = Guest> {
  readonly guest: Who;
  protected readonly machine: Made;
  protected readonly system: System;
  private readonly index: number;
  private readonly attacker: number;
  private watched: readonly Watched[] = [];
  /** Of those, what is kept of lines by bits; and the record of its vCPU. */
  private lines: readonly (Watched & { readonly role: LineBits["role"] })[] = [];
  protected record: Snapshot<Uint8Array> | undefined;
  /** Tables that its addresses are translated by. */
  private readonly tables: Snapshot<Uint8Array>[] = [];
  protected state: State = [];
  protected scans = 0n;

  constructor({ machine, system, guest, index, attacker }: Surroundings<Made, Who>) {
    this.machine = machine;
    this.system = system;
    this.guest = guest;
    this.index = index;
    this.attacker = attacker;
  }

  /** What a guest's interrupt controller driver does: all that it owns is enabled, but for its doorbell. */
  protected abstract open(): void;
  /** Of private interrupts, those that are a partition's, as a mask. */
  protected abstract privateBits(partition: TriedPartition): number;
  /** Registers of its pCPU, its CPU interfaces, its timers, and where it is; and what they are called. */
  protected abstract registers(): State;
  protected abstract nameOfRegister(at: number): string;
  /** What the architecture lets a neighbour do to it, which it bears. */
  protected abstract bear(): void;
  /** It handles its interrupts. */
  protected abstract handle(): void;
  /** Exits that it must have had by now, but for its timer's and its hypercalls: of a direct one none. */
  abstract get due(): ReadonlyMap<number, number>;

  /** From here on nothing may change but by its own doing. Called once, by whoever has made it. */
  begin(): this {
    this.open();
    this.fillMemory();
    this.recordTables();
    const { machine, guest } = this;
    this.record = new Snapshot(
      new Uint8Array(machine.linear.buffer, guest.pcpu.vcpu, machine.pcpu(1).vcpu - machine.pcpu(0).vcpu)
    );
    this.watched = [
      ...this.shared(), ...this.pcpus().flatMap((pcpu) => this.privates(pcpu)),
      ...this.attackers().flatMap((pcpu) => this.hypervisors(pcpu)),
    ];
    this.remember();
    return this;
  }

  protected get plan(): TriedPartition {
    return this.planOf(this.index);
  }

  protected get attackersPlan(): TriedPartition {
    return this.planOf(this.attacker);
  }

  private planOf(partition: number): TriedPartition {
    const plan = this.system.plan.partitions[partition];
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

  /** Lines that are not the attacker's: of those it may make its doorbells pending. */
  private shared(): Watched[] {
    const { bits, entries } = this.machine.lines;
    const { interrupts, channels } = this.attackersPlan;
    const words = bits[0]?.set.length ?? 0;
    const own = interrupts.map(({ intid }) => intid);
    const rung = channels.map(({ doorbell }) => doorbell);
    this.lines = watchedBits("lines", bits, bitsFor(own, words), bitsFor([...own, ...rung], words));
    return [...this.lines, ...watchedEntries("lines", entries, bitsFor(own, words))];
  }

  private privates(pcpu: PCpu): Watched[] {
    const { bits, entries } = this.machine.privates(pcpu);
    const what = `private interrupts of pCPU ${pcpu.index}`;
    const all: Watched[] = [...watchedBits(what, bits, NOTHING, NOTHING), ...watchedEntries(what, entries, NOTHING)];
    if (this.system.plan.cpus[pcpu.index]?.partition === this.index && this.record !== undefined) {
      all.push({ what: `vCPU of pCPU ${pcpu.index}: registers, exits, pending interrupts`, set: this.record, allowed: [] });
    }
    return all;
  }

  /** Of the attacker's own pCPUs: what the hypervisor has there for itself. Its kick is pending, or active, now and then. */
  private hypervisors(pcpu: PCpu): Watched[] {
    const { bits, entries } = this.machine.privates(pcpu);
    const what = `the hypervisor's private interrupts on pCPU ${pcpu.index}`;
    const own = [this.privateBits(this.attackersPlan)];
    const steady = watchedBits(what, bits, own, EVERYTHING).filter(({ role }) => role !== "active" && role !== "pending");
    return [...steady, ...watchedEntries(what, entries, own)];
  }

  /**
   * The attacker's addresses lead to what is the attacker's. Direct partitions find all of it gone now and then, while they are
   * stopped.
   */
  private checkAttackersTables(): void {
    const regions = this.attackersPlan.regions.flatMap(pagesOf);
    for (const pcpu of this.attackers()) {
      for (const { ipa, pa, size } of this.machine.mappings(pcpu)) {
        const owned = regions.some((region) => pa >= region.pa && pa + size <= region.pa + region.size);
        if (!owned) broken(`the attacker's IPA ${hex(ipa)} is PA ${hex(pa)}, ${size} bytes`);
      }
    }
  }

  private recordTables(): void {
    const { machine } = this;
    machine.mappings(this.guest.pcpu, (pa, bytes) => {
      this.tables.push(
        new Snapshot(new Uint8Array(machine.linear.buffer, pa - machine.board.imageBase - machine.board.linearOffset, bytes))
      );
    });
  }

  private fillMemory(): void {
    this.eachWord((pa) => this.machine.memory.write64(pa, PATTERN ^ BigInt(pa)));
  }

  private eachWord(visit: (pa: number) => void): void {
    for (const { pa, size } of this.plan.regions.filter(({ kind }) => kind === "ram").flatMap(pagesOf)) {
      for (let at = pa; at < pa + size; at += PATTERN_STEP) visit(at);
    }
  }

  /** From here on nothing may change. */
  protected remember(): void {
    for (const { set } of this.watched) set.take();
    for (const table of this.tables) table.take();
    this.state = this.registers();
  }

  /** After every move of the attacker, or of the housekeeper. */
  check(): void {
    this.bear();
    this.compare();
  }

  protected compare(): void {
    for (const { what, set, allowed } of this.watched) {
      if (!set.changed) continue;
      set.now.forEach((now, at) => {
        const changed = (now ^ (set.before[at] ?? 0)) & ~(allowed[at] ?? 0);
        if (changed !== 0) broken(`${what}: word ${at}, bits ${hex(changed >>> 0)}`);
      });
      set.take();
    }
    if (this.tables.some((table) => table.changed)) broken("its tables");
    const now = this.registers();
    const at = now.findIndex((one, n) => one !== this.state[n]);
    if (at >= 0) broken(`${this.nameOfRegister(at)} was ${this.state[at]}, and is ${now[at]}`);
  }

  /** Whether a line is among those that are in that role now; and that it is to be so from now on, or not. */
  protected isIn(role: LineBits["role"], line: number): boolean {
    return this.lines.some(({ role: one, set }) => one === role && ((set.now[line >> 5] ?? 0) & (1 << (line & 31))) !== 0);
  }

  protected expect(role: LineBits["role"], line: number, held: boolean): void {
    const bit = 1 << (line & 31);
    for (const { set } of this.lines.filter((one) => one.role === role)) {
      const word = set.before[line >> 5] ?? 0;
      set.before[line >> 5] = held ? word | bit : word & ~bit;
    }
  }

  /** It does its work: its interrupts, a tag. And its memory is as it left it. */
  scan(): void {
    this.handle();
    this.scans++;
    if (value(this.guest.hypercall(abi.CALL_TAG_PUBLISH, BigInt(plcAbi.PLC_TAG_SCANS), this.scans)) !== 0n) {
      broken("it cannot publish its scans");
    }
    this.eachWord((pa) => {
      if (this.machine.memory.read64(pa) !== (PATTERN ^ BigInt(pa))) broken(`its memory at ${hex(pa)}`);
    });
    this.checkAttackersTables();
    this.remember();
  }
}

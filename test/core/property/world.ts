// A booted machine with guests that behave as the actions say, and the account that is kept of what they were sent and got.
import * as abi from "../../../core/abi.ts";
import { encodeFrame } from "../../../industrial/link/frame.ts";
import { machineFor } from "../../machine/core.ts";
import { INTID_SPURIOUS, PRIORITY_IDLE } from "../../machine/gic/registers.ts";
import { Guest } from "../../machine/guest.ts";
import type { Machine } from "../../machine/machine.ts";
import { syndrome } from "../../machine/registers.ts";
import { ENTRY_OFFSET, GUEST_GICD, GUEST_GICR, makeSystem, TICK_MICROSECONDS } from "../../machine/system.ts";
import type { System, SystemSpec } from "../../machine/system.ts";
import { GICR_STRIDE, SGI_BASE, value } from "../bench.ts";
import type { Action, Alphabet } from "./actions.ts";
import { CPU_ON_64 } from "../functions.ts";

const NANOSECONDS = 1000;
const FIRST_SPI = 32;
const SGIS = 16;
const TRIES = 10_000;
/** ICC_SGI1R_EL1.IRM */
const TO_ALL_OTHERS = 1n << 40n;
/** ICC_CTLR_EL1.EOImode */
const EOIMODE = 2n;
/** Enough for a command's frame to come in, and for its reply to go out. */
const REVIVAL_TICKS = 3;

export class World {
  readonly system: System;
  readonly machine: Machine;
  readonly guests: readonly Guest[];
  /** Partition of each pCPU; -1: a spare one. */
  readonly owners: readonly number[];
  /** INTIDs that each pCPU's guest has acknowledged and not ended, oldest first, in its present life. */
  private readonly handling: { life: number; intids: number[] }[];
  /** Assertions of each SPI that the hardware could tell apart, and how often a guest acknowledged it. */
  readonly asserted = new Map<number, number>();
  readonly taken = new Map<number, number>();
  /** SGIs: for each receiving pCPU and INTID, whether one was sent that has not been acknowledged since. */
  readonly sgisDue = new Map<string, number>();
  private onWire = false;
  /** How often anything was made pending. */
  private rings = 0;

  constructor(spec: SystemSpec) {
    this.system = makeSystem(spec);
    this.machine = machineFor(this.system);
    this.machine.boot();
    this.guests = this.machine.pcpus.map(({ index }) => new Guest(this.machine, index));
    this.owners = this.system.plan.cpus.map(({ partition }) => partition ?? -1);
    this.handling = this.guests.map(() => ({ life: 0, intids: [] }));
    this.machine.gic.distributor.bank.onPend = (intid, already) => this.notePend(intid, already);
  }

  alphabet(): Alphabet {
    const { plan } = this.system;
    const ramOf = (partition: number, what: "ipa" | "pa"): number => (plan.partitions[partition]?.regions[0]?.[what] ?? 0) + ENTRY_OFFSET;
    return {
      pcpus: this.guests.map((_, n) => n),
      guests: this.owners.flatMap((owner, pcpu) => (owner < 0 ? [] : [{ pcpu, index: plan.cpus[pcpu]?.vcpu ?? 0, ram: ramOf(owner, "ipa"), vcpus: plan.partitions[owner]?.cpus.length ?? 0 }])),
      intids: plan.partitions.flatMap(({ interrupts }) => interrupts.map(({ intid }) => intid)),
      partitions: plan.partitions.length,
      ipas: [ramOf(0, "ipa"), ramOf(0, "pa"), ramOf(1, "ipa"), ramOf(1, "pa"), this.machine.board.imageBase, GUEST_GICD, GUEST_GICR, 0x0a00_0000, 0x7000_0000, 0x5000_0000, 0],
    };
  }

  /** All vCPUs on, their interrupt controllers open, every owned SPI and SGI enabled. */
  wakeAll(): void {
    for (const partition of this.system.plan.partitions) {
      const caller = this.running().find(({ pcpu }) => partition.cpus.includes(pcpu.index));
      partition.cpus.forEach((_, vcpu) => {
        caller?.hvc(CPU_ON_64, BigInt(vcpu), BigInt(partition.entry), 0n);
        this.machine.settle();
      });
    }
    this.openAll();
  }

  /** The host starts what is off; then as at first. Not in the middle of something else. */
  private revive(): void {
    if (this.machine.pcpus.some(({ busy }) => busy)) return;
    this.stall(false);
    this.system.plan.partitions.forEach((_, partition) => {
      this.machine.uart.type(encodeFrame({ kind: abi.FRAME_COMMAND, partition, payload: Uint8Array.of(2, abi.COMMAND_START) }));
      for (let tick = 0; tick < REVIVAL_TICKS; tick++) {
        this.machine.clock.advance(TICK_MICROSECONDS * NANOSECONDS);
        this.machine.settle();
      }
    });
    this.wakeAll();
  }

  /** As every guest could do it by itself: group, mask and enables open, running priority idle. */
  openAll(): void {
    this.running().forEach((guest) => {
      const vcpu = this.system.plan.cpus[guest.pcpu.index]?.vcpu ?? 0;
      value(guest.store(GUEST_GICD, 4, 2n));
      for (let word = 1; word < FIRST_SPI; word++) value(guest.store(GUEST_GICD + 0x100 + 4 * word, 4, 0xffff_ffffn));
      value(guest.store(GUEST_GICR + vcpu * GICR_STRIDE + SGI_BASE + 0x100, 4, 0xffff_ffffn));
      value(guest.msr("ICC_PMR_EL1", 0xffn));
      value(guest.msr("ICC_BPR1_EL1", 0n));
      value(guest.msr("ICC_IGRPEN1_EL1", 1n));
    });
  }

  private clearActive(): void {
    this.running().forEach((guest) => {
      for (let word = 1; word < FIRST_SPI; word++) value(guest.store(GUEST_GICD + 0x380 + 4 * word, 4, 0xffff_ffffn));
      this.system.plan.partitions[this.owners[guest.pcpu.index] ?? -1]?.cpus.forEach((_, vcpu) => value(guest.store(GUEST_GICR + vcpu * GICR_STRIDE + SGI_BASE + 0x380, 4, 0xffff_ffffn)));
    });
  }

  guest(pcpu: number): Guest {
    const guest = this.guests[pcpu];
    if (guest === undefined) throw new RangeError(`there is no pCPU ${pcpu}`);
    return guest;
  }

  running(): Guest[] {
    return this.guests.filter((guest, n) => guest.running && (this.owners[n] ?? -1) >= 0);
  }

  perform(action: Action): void {
    switch (action.kind) {
      case "wire": return this.wire(action.intid, action.to);
      case "step": return void this.machine.step(this.machine.pcpu(action.pcpu));
      case "settle": return this.machine.settle();
      case "time": return this.machine.clock.advance(action.microseconds * NANOSECONDS);
      case "revive": return this.revive();
      case "uart": return this.stall(action.stalled);
      case "typed": return void this.machine.uart.type(action.bytes);
      case "command": return void this.machine.uart.type(encodeFrame({ kind: abi.FRAME_COMMAND, partition: action.partition, payload: Uint8Array.of(1, action.command) }));
      case "during": {
        this.machine.intrude(action.after, () => this.perform(action.second));
        this.perform(action.first);
        this.machine.endIntrusion();
        return;
      }
      default: if (this.guest(action.pcpu).running) this.act(this.guest(action.pcpu), action);
    }
  }

  private act(guest: Guest, action: Extract<Action, { pcpu: number }>): void {
    switch (action.kind) {
      case "acknowledge": this.acknowledge(guest); return;
      case "end": this.end(guest); return;
      case "endAny": {
        if (action.deactivate) guest.deactivate(action.intid);
        else guest.endOfInterrupt(action.intid);
        return;
      }
      case "load": guest.load(action.ipa, action.bytes, { syndromeValid: action.valid }); return;
      case "store": this.store(guest, action.ipa, action.bytes, action.data, action.valid); return;
      case "fetch": guest.fetch(action.ipa); return;
      case "call": this.call(guest, action); return;
      case "msr": this.msr(guest, action.register, action.data); return;
      case "mrs": guest.mrs(action.register); return;
      case "exception": guest.exception(syndrome(action.ec, action.iss), 31, action.far, action.hpfar); return;
      default: return;
    }
  }

  private msr(guest: Guest, register: Parameters<Guest["msr"]>[0], data: bigint): void {
    if (register === "ICC_SGI1R_EL1") this.noteSgi(guest, data);
    guest.msr(register, data);
  }

  /** By the definition of ICC_SGI1R_EL1, with a partition's vCPUs for the machine's (IHI 0069 §12.2.20). */
  private noteSgi(guest: Guest, data: bigint): void {
    const { plan } = this.system;
    const owner = this.owners[guest.pcpu.index] ?? -1;
    const intid = Number((data >> 24n) & 0xfn);
    const elsewhere = (data & 0x00ff_f0ff_00ff_0000n) !== 0n;
    plan.partitions[owner]?.cpus.forEach((pcpu, vcpu) => {
      const named = (data & (1n << 40n)) !== 0n ? pcpu !== guest.pcpu.index : !elsewhere && ((data >> BigInt(vcpu)) & 1n) !== 0n;
      const key = `${pcpu}:${intid}`;
      if (named) this.sgisDue.set(key, (this.sgisDue.get(key) ?? 0) + 1);
    });
  }

  private call(guest: Guest, { conduit, fn, args }: Extract<Action, { kind: "call" }>): void {
    const before = this.rings;
    const outcome = guest[conduit](fn, ...args);
    const rung = conduit === "hvc" && fn === abi.HYPERCALL_DOORBELL && outcome.kind === "done" && outcome.value === 0n;
    if (rung && this.rings === before) throw new Error(`pCPU ${guest.pcpu.index} was told that its doorbell rang, and it did not`);
  }

  private store(guest: Guest, ipa: number, bytes: number, data: bigint, valid: boolean): void {
    guest.store(ipa, bytes, data, { syndromeValid: valid });
  }

  private wire(intid: number, to: "high" | "low" | "pulse"): void {
    const { bank } = this.machine.gic.distributor;
    const isEdge = bank.has(bank.edge, intid);
    if (isEdge && to !== "low") {
      this.onWire = true;
      this.machine.setLine(intid, true);
      this.machine.setLine(intid, false);
      this.onWire = false;
    } else if (!isEdge) {
      if (to !== "low" && !bank.has(bank.line, intid)) this.count(this.asserted, intid);
      this.machine.setLine(intid, to !== "low");
    }
  }

  /**
   * An edge, or a doorbell, is a new assertion unless one is pending already in the distributor. When the core gives back what
   * it had taken for a guest that has disabled it since, that is no new one; and if one is pending by then, the two are one.
   */
  private notePend(intid: number, already: boolean): void {
    const owner = this.system.plan.partitions.findIndex(({ interrupts }) => interrupts.some((interrupt) => interrupt.intid === intid));
    this.rings++;
    const givenBack = !this.onWire && this.owners[this.machine.current.index] === owner;
    if (givenBack && already) this.count(this.asserted, intid, -1);
    if (!givenBack && !already) this.count(this.asserted, intid);
  }

  private acknowledge(guest: Guest): boolean {
    const intid = guest.acknowledge();
    if (intid === INTID_SPURIOUS) return false;
    this.stack(guest).push(intid);
    if (intid < SGIS) this.sgisDue.delete(`${guest.pcpu.index}:${intid}`);
    if (intid >= FIRST_SPI) {
      this.count(this.taken, intid);
      const { bank } = this.machine.gic.distributor;
      if (!bank.has(bank.edge, intid)) this.machine.setLine(intid, false);
    }
    return true;
  }

  private end(guest: Guest): boolean {
    const intid = this.stack(guest).pop();
    if (intid === undefined) return false;
    guest.endOfInterrupt(intid);
    guest.deactivate(intid);
    return true;
  }

  private stack(guest: Guest): number[] {
    const handling = this.handling[guest.pcpu.index];
    if (handling === undefined) return [];
    if (handling.life !== guest.pcpu.lives) {
      handling.life = guest.pcpu.lives;
      handling.intids.length = 0;
    }
    return handling.intids;
  }

  private stall(stalled: boolean): void {
    this.machine.uart.stalled = stalled;
    this.machine.uart.drain();
  }

  private count(counts: Map<number, number>, intid: number, by = 1): void {
    counts.set(intid, (counts.get(intid) ?? 0) + by);
  }

  /**
   * Every device asks at once, and every vCPU sends every SGI; guests acknowledge all that comes before they deactivate the first: list registers fill up
   * with what is active, and whatever waits has to come by maintenance interrupts alone.
   */
  flood(intids: readonly number[]): void {
    for (const guest of this.running()) guest.msr("ICC_CTLR_EL1", EOIMODE);
    for (const intid of intids) this.wire(intid, "high");
    for (const guest of this.running()) for (let sgi = 0n; sgi < BigInt(SGIS); sgi++) this.msr(guest, "ICC_SGI1R_EL1", (sgi << 24n) | TO_ALL_OTHERS);
    for (let tries = 0; tries < TRIES; tries++) {
      this.machine.settle();
      const busy = this.running().filter((guest) => {
        while (this.acknowledge(guest)) guest.endOfInterrupt(this.stack(guest).at(-1) ?? 0);
        return this.stack(guest).length > 0;
      });
      this.machine.settle();
      for (const guest of busy) for (const intid of this.stack(guest).splice(0)) guest.deactivate(intid);
      if (busy.length === 0) break;
    }
    for (const guest of this.running()) guest.msr("ICC_CTLR_EL1", 0n);
  }

  /**
   * Lets everything come to an end: devices ask for nothing more, guests open their interrupt controllers, take and end all
   * that comes. What is left after that is left for ever. `activeByGuests`: they may have written ISACTIVER, and undo that.
   */
  quiesce(activeByGuests: boolean): void {
    this.machine.uart.stalled = false;
    this.machine.settle();
    for (const guest of this.running()) {
      guest.msr("CNTV_CTL_EL0", 0n);
      guest.msr("CNTP_CTL_EL0", 0n);
      while (this.end(guest));
      for (const { virtual } of guest.pcpu.gic.virtual.held().filter(({ state }) => state >= 2)) guest.deactivate(virtual);
      while (guest.pcpu.gic.virtual.runningPriority !== PRIORITY_IDLE) guest.endOfInterrupt(0);
    }
    if (activeByGuests) this.clearActive();
    this.openAll();
    for (let tries = 0; tries < TRIES; tries++) {
      this.machine.settle();
      const busy = this.running().filter((guest) => this.acknowledge(guest));
      for (const guest of busy) this.end(guest);
      if (busy.length === 0) return;
    }
    throw new Error("guests still get interrupts, though no device asks for any");
  }
}

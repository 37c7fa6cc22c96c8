// A booted machine with guests that behave as the actions say.
import * as calls from "../../../arch/aarch64/calls.ts";
import * as abi from "../../../core/abi.ts";
import { numbered } from "../../../industrial/link/commands.ts";
import { encodeFrame } from "../../../industrial/link/frame.ts";
import { machineFor } from "../../../tools/machine/aarch64/core.ts";
import { INTID_SPURIOUS } from "../../../tools/machine/aarch64/gic/registers.ts";
import { Guest } from "../../../tools/machine/aarch64/guest.ts";
import type { Aarch64Machine } from "../../../tools/machine/aarch64/machine.ts";
import { EVENT_L2D_CACHE_REFILL } from "../../../tools/machine/aarch64/pmu.ts";
import { syndrome } from "../../../tools/machine/aarch64/registers.ts";
import { ENTRY_OFFSET, GUEST_GICC, GUEST_GICD, GUEST_GICR, makeSystem, TICK_MICROSECONDS } from "../../../tools/machine/aarch64/system.ts";
import type { System, SystemSpec } from "../../../tools/machine/aarch64/system.ts";
import { GICR_STRIDE, KICK_SGI, SGI_BASE } from "../bench.ts";
import { Account } from "./account.ts";
import type { Action, Alphabet } from "./actions.ts";
import { openAll, wakeAll } from "./rest.ts";

const NANOSECONDS = 1000;
const FIRST_SPI = 32;
const ISPENDR = 0x200;
const SPENDSGIR = 0xf20;
/** Enough for a command's frame to come in, and for its reply to go out. */
const COMMAND_TICKS = 3;

export class World {
  readonly system: System;
  readonly machine: Aarch64Machine;
  readonly guests: readonly Guest[];
  /** Partition of each pCPU; -1: a spare one. */
  readonly owners: readonly number[];
  readonly account: Account;
  /** Some partition may be held: there is a budget that it can use up. */
  readonly hasBudgets: boolean;
  /** A pause may be in force. */
  mayBePaused = false;
  /** INTIDs that each pCPU's guest has acknowledged and not ended, oldest first, in its present life. */
  private readonly handling: { life: number; intids: number[] }[];

  /** `core`: another one than the sources'. */
  constructor(spec: SystemSpec, core?: WebAssembly.Module) {
    this.system = makeSystem(spec);
    this.machine = machineFor(this.system, core);
    this.machine.boot();
    this.guests = this.machine.pcpus.map(({ index }) => new Guest(this.machine, index));
    this.owners = this.system.plan.cpus.map(({ partition }) => partition ?? -1);
    this.handling = this.guests.map(() => ({ life: 0, intids: [] }));
    this.hasBudgets = this.system.plan.partitions.some(({ bandwidth }) => bandwidth !== null);
    this.account = new Account(this.machine, this.system, this.owners);
  }

  get isGicv2(): boolean {
    return this.machine.board.gicVersion === 2;
  }

  alphabet(): Alphabet {
    const { plan } = this.system;
    const ramOf = (partition: number, what: "ipa" | "pa"): number => (plan.partitions[partition]?.regions[0]?.[what] ?? 0) + ENTRY_OFFSET;
    return {
      pcpus: this.guests.map((_, n) => n),
      guests: this.owners.flatMap((owner, pcpu) => (owner < 0 ? [] : [{ pcpu, index: plan.cpus[pcpu]?.vcpu ?? 0, ram: ramOf(owner, "ipa"), vcpus: plan.partitions[owner]?.cpus.length ?? 0, mailbox: plan.partitions[owner]?.mailbox ?? 0 }])),
      intids: plan.partitions.flatMap(({ interrupts }) => interrupts.map(({ intid }) => intid)),
      partitions: plan.partitions.length,
      ipas: [ramOf(0, "ipa"), ramOf(0, "pa"), ramOf(1, "ipa"), ramOf(1, "pa"), this.machine.board.imageBase, GUEST_GICD, GUEST_GICR, GUEST_GICC, 0x0803_0000, 0x0804_0000, 0x0a00_0000, 0x7000_0000, 0x5000_0000, 0],
      isGicv2: this.isGicv2,
    };
  }

  guest(pcpu: number): Guest {
    const guest = this.guests[pcpu];
    if (guest === undefined) throw new RangeError(`there is no pCPU ${pcpu}`);
    return guest;
  }

  /** Guests that could execute an instruction now. */
  running(): Guest[] {
    return this.guests.filter((guest, n) => guest.running && this.machine.awake(guest.pcpu) && (this.owners[n] ?? -1) >= 0);
  }

  owns(guest: Guest, intid: number): boolean {
    return this.system.plan.partitions[this.owners[guest.pcpu.index] ?? -1]?.interrupts.some((interrupt) => interrupt.intid === intid) ?? false;
  }

  perform(action: Action): void {
    switch (action.kind) {
      case "wire": return this.account.wire(action.intid, action.to);
      case "step": return void this.machine.step(this.machine.pcpu(action.pcpu));
      case "settle": return this.machine.settle();
      case "time": return this.machine.clock.advance(action.microseconds * NANOSECONDS);
      case "revive": return this.revive();
      case "uart": return this.stall(action.stalled);
      case "typed": return void this.machine.uart.type(action.bytes);
      case "command": return this.command(action.partition, action.command);
      case "during": {
        this.machine.intrude(action.after, () => this.perform(action.second));
        this.perform(action.first);
        this.machine.endIntrusion();
        return;
      }
      default: {
        const guest = this.guest(action.pcpu);
        if (guest.running && this.machine.awake(guest.pcpu)) this.act(guest, action);
      }
    }
  }

  private act(guest: Guest, action: Extract<Action, { pcpu: number }>): void {
    switch (action.kind) {
      case "acknowledge": this.acknowledge(guest); return;
      case "end": this.end(guest); return;
      case "endAny": this.endAny(guest, action.intid, action.deactivate); return;
      case "load": guest.load(action.ipa, action.bytes, { syndromeValid: action.valid }); return;
      case "store": this.store(guest, action.ipa, action.bytes, action.data, action.valid); return;
      case "fetch": guest.fetch(action.ipa); return;
      case "call": this.call(guest, action); return;
      case "msr": this.msr(guest, action.register, action.data); return;
      case "mrs": guest.mrs(action.register); return;
      case "sleep": guest[action.how](); return;
      case "refills": guest.pcpu.pmu.count(EVENT_L2D_CACHE_REFILL, action.times); return;
      case "exception": guest.exception(syndrome(action.ec, action.iss), 31, action.far, action.hpfar); return;
      default: return;
    }
  }

  /** Sends a command to the board; whether and when it is heard is another matter. */
  command(partition: number, command: number): void {
    if (command === abi.COMMAND_PAUSE) this.mayBePaused = true;
    this.machine.uart.type(encodeFrame({ kind: abi.FRAME_COMMAND, partition, payload: numbered(command, 1) }));
  }

  /** The same to all partitions, and each is heard. */
  commandAll(command: number): void {
    this.system.plan.partitions.forEach((_, partition) => {
      this.command(partition, command);
      for (let tick = 0; tick < COMMAND_TICKS; tick++) this.tick();
    });
  }

  tick(): void {
    this.machine.elapse(TICK_MICROSECONDS * NANOSECONDS);
  }

  /** The host lets go on what is paused, and starts what is off; then as at first. Not in the middle of something else. */
  private revive(): void {
    if (this.machine.pcpus.some(({ busy }) => busy)) return;
    this.stall(false);
    this.resume();
    this.commandAll(abi.COMMAND_START);
    wakeAll(this);
  }

  /** The host lets go on what is paused. */
  resume(): void {
    if (!this.mayBePaused) return;
    while (this.machine.uart.unread > 0) this.tick();
    this.machine.settle();
    this.commandAll(abi.COMMAND_RESUME);
    this.mayBePaused = this.machine.pcpus.some(({ phase }, n) => phase !== "guest" && (this.owners[n] ?? -1) >= 0);
  }

  stall(stalled: boolean): void {
    this.machine.uart.stalled = stalled;
    this.machine.uart.drain();
  }

  msr(guest: Guest, register: Parameters<Guest["msr"]>[0], data: bigint): void {
    if (register === "ICC_SGI1R_EL1") this.account.sgi1r(guest, data, () => guest.msr(register, data));
    else guest.msr(register, data);
  }

  private call(guest: Guest, { conduit, fn, args }: Extract<Action, { kind: "call" }>): void {
    const before = this.account.rings;
    const outcome = guest[conduit](fn, ...args);
    const rung = fn === calls.HYPERCALL_DOORBELL && outcome.kind === "done" && outcome.value === 0n;
    if (rung && this.account.rings === before) throw new Error(`pCPU ${guest.pcpu.index} was told that its doorbell rang, and it did not`);
  }

  store(guest: Guest, ipa: number, bytes: number, data: bigint, valid = true): void {
    this.account.sgir(guest, ipa, bytes, data, () => guest.store(ipa, bytes, guest.direct ? withoutKick(ipa, data) : data, { syndromeValid: valid }));
  }

  acknowledge(guest: Guest): boolean {
    const intid = guest.acknowledge();
    if (intid === INTID_SPURIOUS) return false;
    this.stack(guest).push(intid);
    this.account.take(guest, intid);
    return true;
  }

  /** False: it handles none, or does not get as far as ending it. */
  end(guest: Guest): boolean {
    const intid = this.stack(guest).at(-1);
    if (intid === undefined || guest.endOfInterrupt(intid).kind !== "done") return false;
    this.stack(guest).pop();
    this.deactivate(guest, intid);
    return true;
  }

  /** GICC_DIR is not shown to a direct guest: there its EOIR deactivates. (EOIR may have been its last instruction.) */
  deactivate(guest: Guest, intid: number): void {
    if (guest.running && !(this.isGicv2 && guest.direct)) guest.deactivate(intid);
  }

  /** A direct guest's EOIR is not confined: another's INTID, which it has not acknowledged, is UNPREDICTABLE there. */
  private endAny(guest: Guest, intid: number, deactivate: boolean): void {
    if (guest.direct && intid >= FIRST_SPI && !this.owns(guest, intid)) return;
    if (deactivate) this.deactivate(guest, intid);
    else guest.endOfInterrupt(intid);
  }

  /** What a guest is handling. */
  stack(guest: Guest): number[] {
    const handling = this.handling[guest.pcpu.index];
    if (handling === undefined) return [];
    if (handling.life !== guest.pcpu.lives) {
      handling.life = guest.pcpu.lives;
      handling.intids.length = 0;
    }
    return handling.intids;
  }

  openAll(): void {
    openAll(this);
  }

  wakeAll(): void {
    wakeAll(this);
  }
}

/** A guest could make the SGI with the hypervisor's number pending by hand; it does not, so that none comes but what was sent. */
function withoutKick(ipa: number, data: bigint): bigint {
  const word = ipa - (ipa % 4);
  const inGicr = word >= GUEST_GICR && (word - GUEST_GICR) % GICR_STRIDE === SGI_BASE + ISPENDR;
  if (inGicr || word === GUEST_GICD + ISPENDR) return data & ~(1n << BigInt(KICK_SGI));
  return word === GUEST_GICD + SPENDSGIR + KICK_SGI - (KICK_SGI % 4) ? 0n : data;
}

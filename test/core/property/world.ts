// A booted machine with guests that behave as the actions say. What guests of an ISA do in their own way is abstract here.
import * as abi from "../../../core/abi.ts";
import { numbered } from "../../../industrial/link/commands.ts";
import { encodeFrame } from "../../../industrial/link/frame.ts";
import type { BoardFacts } from "../../../tools/machine/board.ts";
import type { Guest } from "../../../tools/machine/guest.ts";
import type { Isa } from "../../../tools/machine/isa.ts";
import type { Machine } from "../../../tools/machine/machine.ts";
import type { Outcome } from "../../../tools/machine/outcome.ts";
import type { PCpu } from "../../../tools/machine/pcpu.ts";
import { ENTRY_OFFSET, TICK_MICROSECONDS } from "../../../tools/machine/system.ts";
import type { System, SystemSpec } from "../../../tools/machine/system.ts";
import { Account } from "./account.ts";
import type { Numbers } from "./account.ts";
import type { Acting, Action, Alphabet, GuestAction } from "./actions.ts";

const NANOSECONDS = 1000;
/** Enough for a command's frame to come in, and for its reply to go out. */
const COMMAND_TICKS = 3;

/** A register that keeps a guest in its place: set at boot, and never again. */
export interface Fence<Cpu extends PCpu = PCpu> {
  readonly name: string;
  value(pcpu: Cpu): bigint;
}

export abstract class World<Own extends Acting = never, Made extends Machine = Machine, Who extends Guest = Guest> {
  readonly system: System;
  readonly machine: Made;
  readonly guests: readonly Who[];
  /** Partition of each pCPU; -1: a spare one. */
  readonly owners: readonly number[];
  readonly account: Account;
  /** Some partition may be held: there is a budget that it can use up. */
  readonly hasBudgets: boolean;
  /** A pause may be in force. */
  mayBePaused = false;
  /** Numbers of the interrupts that each pCPU's guest has acknowledged and not ended, oldest first, in its present life. */
  private readonly handling: { life: number; numbers: number[] }[];

  /** `core`: another one than the sources'. */
  constructor(isa: Isa<BoardFacts, Made, Who>, spec: SystemSpec, numbers: Numbers, core?: WebAssembly.Module) {
    this.system = isa.makeSystem(spec);
    this.machine = isa.machineFor(this.system, core);
    this.machine.boot();
    this.guests = this.machine.pcpus.map(({ index }) => isa.guestOf(this.machine, index));
    this.owners = this.system.plan.cpus.map(({ partition }) => partition ?? -1);
    this.handling = this.guests.map(() => ({ life: 0, numbers: [] }));
    this.hasBudgets = this.system.plan.partitions.some(({ bandwidth }) => bandwidth !== null);
    this.account = new Account(this.machine, this.system, this.owners, numbers);
  }

  /** What only this ISA's guests can do. */
  protected abstract act(guest: Who, action: Own): void;
  /** IPAs of devices, the hypervisor's and the guest's, and of nothing. */
  protected abstract readonly devices: readonly number[];

  /** As every guest could do it by itself: all that it owns is enabled, nothing is held off. */
  abstract openAll(): void;
  /** Whatever has been written to interrupt controllers is undone. */
  abstract undo(): void;
  /** Its timers are off, and it handles nothing any more, whatever it was. */
  abstract unwind(guest: Who): void;
  /** Behind the end of an interrupt: whatever else has to be done with it. */
  abstract deactivate(guest: Who, number: number): void;
  /** Guests that take all that comes before they deactivate any, or not any more. */
  abstract splitEnds(split: boolean): void;
  /** It sends every IPI that there is to all others of its partition. */
  abstract sendAll(guest: Who): void;
  /** Makes a pCPU look what there is to do, as it may do at any time. */
  abstract rouse(guest: Who): void;
  /** A direct guest would find the hypervisor's kick if it looked. */
  abstract findsKick(guest: Who): boolean;

  /** What must hold at all times (invariants.ts): of a pCPU … */
  abstract readonly fences: readonly Fence<Made["pcpus"][number]>[];
  abstract checkPcpu(n: number): void;
  /** … of its private interrupts, those that are its guest's; the hypervisor's kick. */
  abstract privateBits(owner: number): number;
  abstract readonly kickBits: number;
  /** A line may go to several pCPUs, or to none. */
  abstract readonly routesAreMasks: boolean;
  /** After everything has come to rest. */
  abstract checkRest(n: number): void;

  alphabet(): Alphabet {
    const { plan } = this.system;
    const ramOf = (partition: number, what: "ipa" | "pa"): number =>
      (plan.partitions[partition]?.regions[0]?.[what] ?? 0) + ENTRY_OFFSET;
    return {
      pcpus: this.guests.map((_, n) => n),
      guests: this.owners.flatMap((owner, pcpu) => (owner < 0 ? [] : [{
        pcpu, index: plan.cpus[pcpu]?.vcpu ?? 0, ram: ramOf(owner, "ipa"),
        vcpus: plan.partitions[owner]?.cpus.length ?? 0, mailbox: plan.partitions[owner]?.mailbox ?? 0,
      }])),
      lines: plan.partitions.flatMap(({ interrupts }) => interrupts.map(({ intid }) => intid)),
      partitions: plan.partitions.length,
      ipas: [ramOf(0, "ipa"), ramOf(0, "pa"), ramOf(1, "ipa"), ramOf(1, "pa"), this.machine.board.imageBase, ...this.devices],
    };
  }

  guest(pcpu: number): Who {
    const guest = this.guests[pcpu];
    if (guest === undefined) throw new RangeError(`there is no pCPU ${pcpu}`);
    return guest;
  }

  /** Guests that could execute an instruction now. */
  running(): Who[] {
    return this.guests.filter((guest, n) => guest.running && this.machine.awake(guest.pcpu) && (this.owners[n] ?? -1) >= 0);
  }

  owns(guest: Who, line: number): boolean {
    return this.system.plan.partitions[this.owners[guest.pcpu.index] ?? -1]?.interrupts.some(
      (interrupt) => interrupt.intid === line
    ) ?? false;
  }

  perform(action: Action<Own>): void {
    const done = action as Action; // what is none of these is the ISA's own
    switch (done.kind) {
      case "wire": return this.account.wire(done.line, done.to);
      case "step": return void this.machine.step(this.machine.pcpu(done.pcpu));
      case "settle": return this.machine.settle();
      case "time": return this.machine.clock.advance(done.microseconds * NANOSECONDS);
      case "revive": return this.revive();
      case "uart": return this.stall(done.stalled);
      case "typed": return void this.machine.uart.type(done.bytes);
      case "command": return this.command(done.partition, done.command);
      case "during": {
        this.machine.intrude(done.after, () => this.perform(done.second));
        this.perform(done.first);
        this.machine.endIntrusion();
        return;
      }
      default: {
        const guest = this.guest(done.pcpu);
        if (guest.running && this.machine.awake(guest.pcpu) && !this.actAsAny(guest, done)) this.act(guest, action as Own);
      }
    }
  }

  /** False: it is none of these. */
  private actAsAny(guest: Who, action: GuestAction): boolean {
    switch (action.kind) {
      case "acknowledge": this.acknowledge(guest); return true;
      case "end": this.end(guest); return true;
      case "load": guest.load(action.ipa, action.bytes, { syndromeValid: action.valid }); return true;
      case "store": this.store(guest, action.ipa, action.bytes, action.data, action.valid); return true;
      case "fetch": guest.fetch(action.ipa); return true;
      case "hypercall":
        this.calling(guest, action.fn === abi.CALL_DOORBELL, () => guest.hypercall(action.fn, ...action.args));
        return true;
      case "sleep": guest.sleep(action.how); return true;
      case "ipi":
        this.account.sending(
          guest, action.number, (vcpu) => (action.vcpus & (1 << vcpu)) !== 0, () => guest.sendIpi(action.number, action.vcpus),
        );
        return true;
      case "turn on": guest.turnOn(action.vcpu, action.entry, action.context); return true;
      case "turn off": guest.turnOff(); return true;
      case "shut down": guest.shutDown(); return true;
      case "reset": guest.reset(); return true;
      default: return false;
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
    this.wakeAll();
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

  /** A call of the hypervisor: what it says of a doorbell, if that is what the call is, is true. */
  protected calling(guest: Who, rings: boolean, call: () => Outcome): void {
    const before = this.account.rings;
    const outcome = call();
    const rung = rings && outcome.kind === "done" && outcome.value === 0n;
    if (rung && this.account.rings === before) {
      throw new Error(`pCPU ${guest.pcpu.index} was told that its doorbell rang, and it did not`);
    }
  }

  store(guest: Who, ipa: number, bytes: number, data: bigint, valid = true): void {
    guest.store(ipa, bytes, data, { syndromeValid: valid });
  }

  acknowledge(guest: Who): boolean {
    const number = guest.take();
    if (number === undefined) return false;
    this.stack(guest).push(number);
    this.account.take(guest, number);
    return true;
  }

  /** False: it handles none, or does not get as far as ending it. */
  end(guest: Who): boolean {
    const number = this.stack(guest).at(-1);
    if (number === undefined || guest.endOfInterrupt(number).kind !== "done") return false;
    this.stack(guest).pop();
    this.deactivate(guest, number);
    return true;
  }

  /** What a guest is handling. */
  stack(guest: Who): number[] {
    const handling = this.handling[guest.pcpu.index];
    if (handling === undefined) return [];
    if (handling.life !== guest.pcpu.lives) {
      handling.life = guest.pcpu.lives;
      handling.numbers.length = 0;
    }
    return handling.numbers;
  }

  /** All vCPUs on, their interrupt controllers open. */
  wakeAll(): void {
    for (const partition of this.system.plan.partitions) {
      partition.cpus.forEach((_, vcpu) => {
        const caller = this.running().find(({ pcpu }) => partition.cpus.includes(pcpu.index));
        caller?.turnOn(vcpu, partition.entry, 0n);
        this.machine.settle();
      });
    }
    this.openAll();
  }
}

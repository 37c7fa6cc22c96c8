// A booted machine with its guests and its UART's far end, as most tests of the core want it.
import * as abi from "../../core/abi.ts";
import { numbered } from "../../industrial/link/commands.ts";
import { Demultiplexer } from "../../industrial/link/demultiplexer.ts";
import { encodeFrame } from "../../industrial/link/frame.ts";
import type { Frame } from "../../industrial/link/frame.ts";
import { decodeEvent, decodePartition, decodeVcpu } from "../../industrial/link/telemetry.ts";
import type { HypervisorEvent, PartitionTelemetry, VcpuTelemetry } from "../../industrial/link/telemetry.ts";
import { qemuVirt, qemuVirtGicv2 } from "../../tools/machine/aarch64/board.ts";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import { Guest } from "../../tools/machine/aarch64/guest.ts";
import type { Aarch64Machine } from "../../tools/machine/aarch64/machine.ts";
import {
  edge, GUEST_GICD, GUEST_GICR, LINUX, makeSystem, PLC, shared, STANDARD, TELEMETRY_MILLISECONDS, TICK_MICROSECONDS,
} from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec, System, SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { result, value } from "./value.ts";

export { result, value };

/** The two interrupt controllers that boards have: for what must be the same with both. */
export const GICS = [["GICv3", qemuVirt], ["GICv2", qemuVirtGicv2]] as const;
/**
 * And with firmware that keeps the Secure half of them for itself: priorities have one bit less, and ICC_PMR_EL1 may be its
 * own.
 */
export const ALL_GICS = [
  ...GICS,
  ["GICv3, Non-secure", { ...qemuVirt, securityStates: 2 }],
  ["GICv3, Non-secure, PMR as Secure sees it", { ...qemuVirt, securityStates: 2, secureMask: true }],
  ["GICv2, Non-secure", { ...qemuVirtGicv2, securityStates: 2 }],
] as const;
export const GICR_STRIDE = 0x2_0000;
export const SGI_BASE = 0x1_0000;
/** The SGI with which the hypervisor makes another pCPU look at its requests. */
export const KICK_SGI = 7;
const MICROSECOND = 1000;

const withSecond = (spec: PartitionSpec, ipa: number, peer: number, doorbell: number, interrupt: number): PartitionSpec => ({
  ...spec,
  interrupts: [...spec.interrupts, edge(interrupt)],
  regions: [...spec.regions, shared(ipa, 0x5000_4000)],
  channels: [
    ...(spec.channels ?? []),
    { name: "second", ipa, size: 0x1000, peer, doorbell, interrupt, carriesImage: false, carriesTags: false },
  ],
});
/** The standard system with a second channel between its partitions: 237 is partition 1's doorbell there, 236 partition 0's. */
export const TWO_CHANNELS: SystemSpec = {
  ...STANDARD, partitions: [withSecond(LINUX, 0x7000_1000, 1, 237, 236), withSecond(PLC, 0x5000_4000, 0, 236, 237)],
};
const WORD_BITS = 32;

export class Bench {
  readonly system: System;
  readonly machine: Aarch64Machine;
  readonly guests: readonly Guest[];
  /** What came out of the UART and has been taken apart so far. */
  readonly frames: Frame[] = [];
  text = "";
  private taken = 0;
  private sequence = 0;
  private readonly demultiplexer = new Demultiplexer((item) => {
    if ("frame" in item) this.frames.push(item.frame);
    else this.text += new TextDecoder().decode(item.text);
  });

  constructor(spec: SystemSpec = STANDARD) {
    this.system = makeSystem(spec);
    this.machine = machineFor(this.system);
    this.machine.boot();
    this.guests = this.machine.pcpus.map(({ index }) => new Guest(this.machine, index));
  }

  /** The guest of a pCPU. */
  guest(pcpu: number): Guest {
    const guest = this.guests[pcpu];
    if (guest === undefined) throw new RangeError(`there is no pCPU ${pcpu}`);
    return guest;
  }

  /** Lets time pass, tick by tick, and takes what comes out of the UART. */
  pass(milliseconds: number): void {
    const ticks = Math.ceil((milliseconds * 1000) / TICK_MICROSECONDS);
    for (let n = 0; n < ticks; n++) {
      this.machine.elapse(TICK_MICROSECONDS * MICROSECOND);
      this.collect();
    }
  }

  private collect(): void {
    this.machine.uart.drain();
    this.demultiplexer.push(Uint8Array.from(this.machine.uart.sent.slice(this.taken)));
    this.taken = this.machine.uart.sent.length;
  }

  /** Sends bytes to the board, as fast as it takes them. */
  send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      at += this.machine.uart.type(bytes.subarray(at));
      if (at < bytes.length) this.pass(1);
    }
    while (this.machine.uart.unread > 0) this.pass(1);
  }

  /** A host command; its reply. */
  command(partition: number, command: number): number {
    const sequence = this.sequence = (this.sequence + 1) & 0xff;
    this.send(encodeFrame({ kind: abi.FRAME_COMMAND, partition, payload: numbered(command, sequence) }));
    for (let waited = 0; waited < 200; waited++) {
      this.pass(1);
      const reply = this.frames.find(({ kind, payload }) => kind === abi.FRAME_REPLY && payload[1] === sequence);
      if (reply !== undefined && reply.payload.length !== 5) throw new Error(`a reply of ${reply.payload.length} bytes`);
      if (reply !== undefined) return reply.payload[0] ?? -1;
    }
    throw new Error("no reply to the command came");
  }

  type(partition: number, text: string): void {
    this.send(encodeFrame({ kind: abi.FRAME_CONSOLE, partition, payload: new TextEncoder().encode(text) }));
  }

  /** What a partition has printed so far, once it has all come out. */
  console(partition: number): string {
    this.pass(TELEMETRY_MILLISECONDS);
    const bytes = this.frames
      .filter((frame) => frame.kind === abi.FRAME_CONSOLE && frame.partition === partition)
      .flatMap(({ payload }) => [...payload]);
    return new TextDecoder().decode(Uint8Array.from(bytes));
  }

  events(partition: number): HypervisorEvent[] {
    this.pass(10);
    return this.frames.filter((frame) => frame.kind === abi.FRAME_EVENT && frame.partition === partition).map(decodeEvent);
  }

  /** A fresh telemetry frame of a partition. */
  partition(partition: number): PartitionTelemetry {
    return decodePartition(this.fresh((frame) => frame.kind === abi.FRAME_PARTITION && frame.partition === partition));
  }

  vcpu(partition: number, index: number): VcpuTelemetry {
    return decodeVcpu(
      this.fresh((frame) => frame.kind === abi.FRAME_VCPU && frame.partition === partition && decodeVcpu(frame).index === index),
    );
  }

  private fresh(wanted: (frame: Frame) => boolean): Frame {
    // One round may be half out already: the second one began after this call.
    const from = this.frames.length;
    this.pass(2 * TELEMETRY_MILLISECONDS);
    const found = this.frames.slice(from).filter(wanted).at(-1);
    if (found === undefined) throw new Error("no such telemetry frame came");
    return found;
  }

  /** What a guest's interrupt controller driver does before the first interrupt. */
  openInterrupts(pcpu: number): Guest {
    const guest = this.guest(pcpu);
    if (this.isGicv2) {
      value(guest.store(GUEST_GICD, 4, 1n));
    } else {
      const index = this.system.plan.cpus[pcpu]?.vcpu ?? 0;
      value(guest.store(GUEST_GICD, 4, 0x12n));
      value(guest.store(GUEST_GICR + index * GICR_STRIDE + 0x14, 4, 0n));
      value(guest.store(GUEST_GICR + index * GICR_STRIDE + SGI_BASE + 0x100, 4, 0xffffn));
    }
    guest.driver.open(0xf0);
    return guest;
  }

  /** The guest sends an SPI to one of its vCPUs. */
  route(pcpu: number, intid: number, vcpu: number): void {
    const guest = this.guest(pcpu);
    value(
      this.isGicv2
        ? guest.store(GUEST_GICD + 0x800 + intid, 1, 1n << BigInt(vcpu))
        : guest.store(GUEST_GICD + 0x6000 + 8 * intid, 8, BigInt(vcpu)),
    );
  }

  /** The guest enables a PPI of its own pCPU. */
  enablePrivate(pcpu: number, intid: number): void {
    const index = this.system.plan.cpus[pcpu]?.vcpu ?? 0;
    value(
      this.guest(pcpu).store(
        (this.isGicv2 ? GUEST_GICD : GUEST_GICR + index * GICR_STRIDE + SGI_BASE) + 0x100,
        4,
        1n << BigInt(intid),
      ),
    );
  }

  /** The guest switches its distributor. */
  forward(pcpu: number, on: boolean): void {
    value(this.guest(pcpu).store(GUEST_GICD, 4, !on ? 0n : this.isGicv2 ? 1n : 2n));
  }

  /** The guest sends an SGI to vCPUs of its partition: a bit each. */
  sendSgi(pcpu: number, intid: number, targets: number): void {
    const guest = this.guest(pcpu);
    if (this.isGicv2) value(guest.store(GUEST_GICD + 0xf00, 4, BigInt((targets << 16) | intid)));
    else value(guest.msr("ICC_SGI1R_EL1", (BigInt(intid) << 24n) | BigInt(targets)));
  }

  private get isGicv2(): boolean {
    return this.machine.board.gicVersion === 2;
  }

  /** The guest enables an SPI at a priority. */
  enable(pcpu: number, intid: number, priority = 0xa0): void {
    const guest = this.guest(pcpu);
    value(guest.store(GUEST_GICD + 0x400 + intid, 1, BigInt(priority)));
    value(guest.store(GUEST_GICD + 0x100 + 4 * Math.floor(intid / WORD_BITS), 4, 1n << BigInt(intid % WORD_BITS)));
  }
}

// The account that is kept of what guests are sent, and what they get: interrupts asserted and taken, SGIs due.
import { GUEST_GICD } from "../../../tools/machine/aarch64/system.ts";
import type { System } from "../../../tools/machine/aarch64/system.ts";
import type { Guest, Outcome } from "../../../tools/machine/aarch64/guest.ts";
import type { Aarch64Machine } from "../../../tools/machine/aarch64/machine.ts";
import { KICK_SGI } from "../bench.ts";

const FIRST_SPI = 32;
const SGIS = 16;
/** ICC_SGI1R_EL1: IRM; Aff1…Aff3 and RS, which no vCPU has. */
const TO_ALL_OTHERS = 1n << 40n;
const ELSEWHERE = 0x00ff_f0ff_00ff_0000n;
const GICD_SGIR = GUEST_GICD + 0xf00;

export class Account {
  /** Assertions of each SPI that the hardware could tell apart, and how often a guest acknowledged it. */
  readonly asserted = new Map<number, number>();
  readonly taken = new Map<number, number>();
  /** SGIs sent and not acknowledged since: receiving pCPU and INTID. */
  readonly sgisDue = new Set<string>();
  /** How often anything was made pending. */
  rings = 0;
  private onWire = false;
  private readonly machine: Aarch64Machine;
  private readonly system: System;
  private readonly owners: readonly number[];

  constructor(machine: Aarch64Machine, system: System, owners: readonly number[]) {
    this.machine = machine;
    this.system = system;
    this.owners = owners;
    machine.gic.distributor.bank.onPend = (intid, already) => this.notePend(intid, already);
  }

  wire(intid: number, to: "high" | "low" | "pulse"): void {
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

  /** Does what sends SGIs: those that `names` names are due then, if the guest got as far as sending them. */
  private sending(guest: Guest, intid: number, names: (vcpu: number, self: boolean) => boolean, run: () => Outcome): Outcome {
    // Before it is done: receivers may take them while the sender is in the core.
    const keys = this.due(guest, intid, names);
    const outcome = run();
    if (outcome.kind !== "done") for (const key of keys) this.sgisDue.delete(key);
    return outcome;
  }

  /** ICC_SGI1R_EL1, by its definition, with a partition's vCPUs for the machine's (IHI 0069 §12.2.20). */
  sgi1r(guest: Guest, data: bigint, run: () => Outcome): Outcome {
    const elsewhere = (data & ELSEWHERE) !== 0n;
    return this.sending(guest, Number((data >> 24n) & 0xfn), (vcpu, self) => ((data & TO_ALL_OTHERS) !== 0n ? !self : !elsewhere && ((data >> BigInt(vcpu)) & 1n) !== 0n), run);
  }

  /** GICD_SGIR, if it is that (IHI 0048B §4.3.15). */
  sgir(guest: Guest, ipa: number, bytes: number, data: bigint, run: () => Outcome): Outcome {
    if (this.machine.board.gicVersion !== 2 || bytes !== 4 || ipa - (ipa % 4) !== GICD_SGIR) return run();
    const filter = (data >> 24n) & 3n;
    return this.sending(guest, Number(data & 0xfn), (vcpu, self) => (filter === 0n ? ((data >> BigInt(16 + vcpu)) & 1n) !== 0n : filter === 1n ? !self : filter === 2n && self), run);
  }

  /** The keys of those that were not due before. */
  private due(guest: Guest, intid: number, names: (vcpu: number, self: boolean) => boolean): string[] {
    const cpus = this.system.plan.partitions[this.owners[guest.pcpu.index] ?? -1]?.cpus ?? [];
    const named = cpus.filter((pcpu, vcpu) => names(vcpu, pcpu === guest.pcpu.index)).map((pcpu) => `${pcpu}:${intid}`);
    const fresh = named.filter((key) => !this.sgisDue.has(key));
    for (const key of fresh) this.sgisDue.add(key);
    return fresh;
  }

  /** A guest has acknowledged it. */
  take(guest: Guest, intid: number): void {
    const key = `${guest.pcpu.index}:${intid}`;
    if (guest.direct && intid === KICK_SGI && !this.sgisDue.has(key)) throw new Error(`a kick has reached the guest of pCPU ${guest.pcpu.index}`);
    if (intid < SGIS) this.sgisDue.delete(key);
    if (intid < FIRST_SPI) return;
    this.count(this.taken, intid);
    const { bank } = this.machine.gic.distributor;
    if (!bank.has(bank.edge, intid)) this.machine.setLine(intid, false);
  }

  private count(counts: Map<number, number>, intid: number, by = 1): void {
    counts.set(intid, (counts.get(intid) ?? 0) + by);
  }
}

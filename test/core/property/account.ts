// The account that is kept of what guests are sent, and what they get: interrupts asserted and taken, IPIs due.
import type { Guest } from "../../../tools/machine/guest.ts";
import type { Machine } from "../../../tools/machine/machine.ts";
import type { Outcome } from "../../../tools/machine/outcome.ts";
import type { System } from "../../../tools/machine/system.ts";

/** What the numbers that guests take interrupts by are. */
export interface Numbers {
  /** The number that the hypervisor's kick would have if a direct guest found it; undefined: it could not. */
  readonly kick: number | undefined;
  isIpi(number: number): boolean;
  isLine(number: number): boolean;
}

export class Account {
  /** Assertions of each line that the hardware could tell apart, and how often a guest acknowledged it. */
  readonly asserted = new Map<number, number>();
  readonly taken = new Map<number, number>();
  /** IPIs sent and not acknowledged since: receiving pCPU and number. */
  readonly ipisDue = new Set<string>();
  /** How often anything was made pending. */
  rings = 0;
  private onWire = false;
  private readonly machine: Machine;
  private readonly system: System;
  private readonly owners: readonly number[];
  private readonly numbers: Numbers;

  constructor(machine: Machine, system: System, owners: readonly number[], numbers: Numbers) {
    this.machine = machine;
    this.system = system;
    this.owners = owners;
    this.numbers = numbers;
    machine.lines.onPend = (line, already) => this.notePend(line, already);
  }

  wire(line: number, to: "high" | "low" | "pulse"): void {
    const { lines } = this.machine;
    const isEdge = lines.isEdge(line);
    if (isEdge && to !== "low") {
      this.onWire = true;
      this.machine.setLine(line, true);
      this.machine.setLine(line, false);
      this.onWire = false;
    } else if (!isEdge) {
      if (to !== "low" && !lines.isHigh(line)) this.count(this.asserted, line);
      this.machine.setLine(line, to !== "low");
    }
  }

  /**
   * An edge, or a doorbell, is a new assertion unless one is pending already in the interrupt controller. When the core gives
   * back what it had taken for a guest that has disabled it since, that is no new one; and if one is pending by then, the two are
   * one.
   */
  private notePend(line: number, already: boolean): void {
    const owner = this.system.plan.partitions.findIndex(
      ({ interrupts }) => interrupts.some((interrupt) => interrupt.intid === line)
    );
    this.rings++;
    const givenBack = !this.onWire && this.owners[this.machine.current.index] === owner;
    if (givenBack && already) this.count(this.asserted, line, -1);
    if (!givenBack && !already) this.count(this.asserted, line);
  }

  /** Does what sends IPIs: those that `names` names are due then, if the guest got as far as sending them. */
  sending(guest: Guest, number: number, names: (vcpu: number, self: boolean) => boolean, run: () => Outcome): Outcome {
    // Before it is done: receivers may take them while the sender is in the core.
    const keys = this.due(guest, number, names);
    const outcome = run();
    if (outcome.kind !== "done") for (const key of keys) this.ipisDue.delete(key);
    return outcome;
  }

  /** The keys of those that were not due before. */
  private due(guest: Guest, number: number, names: (vcpu: number, self: boolean) => boolean): string[] {
    const cpus = this.system.plan.partitions[this.owners[guest.pcpu.index] ?? -1]?.cpus ?? [];
    const named = cpus.filter((pcpu, vcpu) => names(vcpu, pcpu === guest.pcpu.index)).map((pcpu) => `${pcpu}:${number}`);
    const fresh = named.filter((key) => !this.ipisDue.has(key));
    for (const key of fresh) this.ipisDue.add(key);
    return fresh;
  }

  /** A guest has acknowledged it. */
  take(guest: Guest, number: number): void {
    const key = `${guest.pcpu.index}:${number}`;
    const { kick } = this.numbers;
    if (guest.direct && number === kick && !this.ipisDue.has(key)) {
      throw new Error(`a kick has reached the guest of pCPU ${guest.pcpu.index}`);
    }
    if (this.numbers.isIpi(number)) this.ipisDue.delete(key);
    if (!this.numbers.isLine(number)) return;
    this.count(this.taken, number);
    if (!this.machine.lines.isEdge(number)) this.machine.setLine(number, false);
  }

  private count(counts: Map<number, number>, line: number, by = 1): void {
    counts.set(line, (counts.get(line) ?? 0) + by);
  }
}

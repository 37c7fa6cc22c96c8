// Two vCPUs work on the interrupts of their partition at the same time: one is interrupted in the middle of what it does in the
// core, again and again, and the other one acts right then: by one register, or by others in turn. However it goes, no loop is
// longer than its bound, every interrupt that came is taken once, and nothing stays active. The same for every ISA; what its
// interrupt controller has for guests to write and read is its own (Contention).
import { expect, test } from "vitest";
import type { Guest } from "../../../tools/machine/guest.ts";
import type { Machine } from "../../../tools/machine/machine.ts";
import { value } from "../value.ts";

/** How often a vCPU is interrupted at most, and how many intrinsics are between two times, from each phase. */
const TIMES = 16;
const PACES = [0, 2, 8];
/** Lines that are raised in a race's beginning, and at once in its course. */
const AT_FIRST = 4;
const AT_ONCE = 3;

/** Partition 0 of a booted machine, its vCPU n on pCPU n, and its interrupt controller. */
export interface Contention {
  readonly machine: Machine;
  readonly guests: readonly [Guest, Guest];
  /** Where vCPU 1 begins. */
  readonly entry: number;
  /** Edges, each of which comes once a race: half of them to vCPU 0. */
  readonly lines: readonly number[];
  /** IPIs, more than are filed at once. */
  readonly ipis: readonly number[];
  /** What a vCPU does before its first interrupt. */
  open(vcpu: number): void;
  /** All lines are enabled, some to each of them. */
  prepare(): void;
  /** Before each race. */
  reset(): void;
  /** What a vCPU may do with registers, by name. */
  readonly acts: Readonly<Record<string, (vcpu: number) => void>>;
  /** What has not come to rest. */
  restless(): string | undefined;
}

/** One system, in which a race follows the other. */
class Track {
  readonly acts: Readonly<Record<string, (vcpu: number) => void>>;
  private readonly contention: Contention;
  private readonly machine: Machine;
  private taken: number[] = [];
  private raised = 0;
  private sent = 0;

  constructor(contention: Contention) {
    this.contention = contention;
    this.machine = contention.machine;
    this.acts = {
      "interrupts come": (vcpu) => {
        this.edges(AT_ONCE);
        this.step(vcpu);
      },
      "takes one": (vcpu) => {
        this.takeOne(vcpu);
        this.step(vcpu);
      },
      ...contention.acts,
      "IPIs to vCPU 0": (vcpu) => {
        this.sent++;
        for (const ipi of contention.ipis) value(this.guest(vcpu).sendIpi(ipi, 1));
      },
      "vCPU 1 off": (vcpu) => {
        if (vcpu === 1) this.guest(1).turnOff();
      },
    };
    contention.open(0);
    this.begin();
  }

  private guest(vcpu: number): Guest {
    return this.contention.guests[vcpu === 0 ? 0 : 1];
  }

  private step(vcpu: number): void {
    this.machine.step(this.guest(vcpu).pcpu);
  }

  /** vCPU 1 is on; all lines are enabled. */
  private begin(): void {
    if (!this.guest(1).running) {
      value(this.guest(0).turnOn(1, this.contention.entry, 0n));
      this.machine.settle();
      this.contention.open(1);
    }
    this.contention.prepare();
    this.machine.settle();
  }

  private edges(count: number): void {
    const { lines } = this.contention;
    for (const line of lines.slice(this.raised, this.raised + count)) {
      this.machine.setLine(line, true);
      this.machine.setLine(line, false);
      this.raised++;
    }
  }

  private takeOne(vcpu: number): void {
    const number = this.guest(vcpu).take();
    if (number === undefined) return;
    this.taken.push(number);
    this.guest(vcpu).endOfInterrupt(number);
  }

  /** Acts of vCPU 0, while vCPU 1 does `other`, and then what `turn` says. How often it did. */
  race(name: string, turn: readonly string[], after: number, every: number): number {
    const { machine } = this;
    let times = 0;
    this.taken = [];
    this.raised = this.sent = 0;
    this.contention.reset();
    this.edges(AT_FIRST);
    machine.settle();
    machine.intrude(after, () => {
      const act = this.acts[turn[times++ % turn.length] ?? ""];
      if (this.guest(1).running && act !== undefined) act(1);
    }, { every, times: TIMES });
    this.acts[name]?.(0);
    machine.endIntrusion();
    machine.settle();
    this.rest();
    return times;
  }

  /** Everything that came is taken. */
  private rest(): void {
    const { machine, contention: { lines, ipis } } = this;
    this.begin();
    this.edges(lines.length);
    machine.settle();
    for (
      let left = lines.length + ipis.length * TIMES; left > 0 && [0, 1].some((vcpu) => this.guest(vcpu).interruptPending); left--
    ) {
      for (const vcpu of [0, 1]) this.takeOne(vcpu);
      machine.settle();
    }
    const taken = this.taken.filter((number) => lines.includes(number) || !ipis.includes(number)).sort((a, b) => a - b);
    if (taken.join() !== lines.join()) throw new Error(`taken were ${taken.join()}`);
    for (const ipi of ipis) {
      const times = this.taken.filter((number) => number === ipi).length;
      if (times > this.sent || (times === 0) !== (this.sent === 0)) {
        throw new Error(`IPI ${ipi} was sent ${this.sent} times, and taken ${times} times`);
      }
    }
    const restless = this.contention.restless();
    if (restless !== undefined) throw new Error(restless);
  }
}

export function interruptRaces(isa: string, systems: readonly (readonly [string, () => Contention])[]): void {
  const title = "whatever a vCPU does is interrupted by another one again and again, and no interrupt is lost or comes twice";
  test.each(systems)(`${isa}, %s: ${title}`, (_, contend) => {
    const track = new Track(contend());
    const names = Object.keys(track.acts);
    let most = 0;
    for (const name of names) {
      for (const [first, other] of names.entries()) {
        for (const turn of [[other], [...names.slice(first), ...names.slice(0, first)]]) {
          for (const every of PACES) {
            let times = 1;
            for (let after = 0; after <= every && times > 0; after++) {
              try {
                times = track.race(name, turn, after, every);
              } catch (error) {
                const what = `${name} | ${turn.join(", ")}, after ${after} and then each ${every} intrinsics`;
                throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
              }
              most = Math.max(most, times);
            }
          }
        }
      }
    }
    expect(most).toBe(TIMES);
  });
}

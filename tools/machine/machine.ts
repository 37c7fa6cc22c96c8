// The simulated machine, as far as every ISA's is the same: what its pCPUs do with the core. Everything happens when a test says
// so and in the order it says: a pCPU enters the core, runs to its end, and leaves. Nothing is random, nothing runs in the
// background, so a failing test fails again. What an ISA adds is abstract here (isa.ts).
import { hex, MachineError } from "./errors.ts";
import type { Mapping } from "./mapping.ts";
import { Parts } from "./parts.ts";
import type { Exports } from "./parts.ts";
import type { PCpu } from "./pcpu.ts";

export type { Exports } from "./parts.ts";

/** Firmware has been asked to start a pCPU (PSCI CPU_ON, SBI hart_start). */
export interface StartRequest {
  readonly pcpu: number;
  readonly entry: number;
  readonly context: bigint;
}

/** What trap entries and park() give back. */
const RESUME = 0;
const AGAIN = 2;
/** Steps in which whatever park() has to do is done. */
const STEPS_MAX = 100_000;
/** Rounds of interrupts after which a machine that still does not rest is taken for one that never will. */
const SETTLE_ROUNDS = 1000;
/** Rounds in which everything has happened that does not wait for a pCPU that is in the core. */
const WAITING_ROUNDS = 20;
/** How long a pCPU waits between two looks for another that does not come. */
const WAIT_NANOSECONDS = 1_000_000;
/** The instruction that a parked pCPU waits in, as the rules of synchronisation call it. */
const PARKED = "wfi";

export abstract class Machine<
  Cpu extends PCpu = PCpu, Core extends Exports = Exports, Found extends Mapping = Mapping,
> extends Parts<Cpu, Core, Found> {
  /** Lives of partitions begun so far, and the one that each VMID is in. */
  private livesBegun = 0;
  private readonly partitionLives = new Map<number, number>();

  /** pCPUs that firmware has been asked to start, and that have not begun. */
  protected abstract get started(): StartRequest[];
  /** When the timer of the hypervisor's own on that pCPU goes off; Infinity: it is off. */
  abstract deadline(pcpu: Cpu): number;
  /** An interrupt is signalled to it that is the hypervisor's to take while a guest runs; while none does. */
  protected abstract interruptsGuest(pcpu: Cpu): boolean;
  protected abstract interruptsParked(pcpu: Cpu): boolean;
  /** It takes that interrupt, out of its guest. */
  protected abstract takeInterrupt(pcpu: Cpu): void;
  /** What is signalled to it, for whoever looks for the reason of a livelock. */
  protected abstract describeInterrupt(pcpu: Cpu): string;
  /** An interrupt, or an event, wakes its guest from the sleep that it is in. */
  protected abstract wakes(pcpu: Cpu): boolean;
  /** What leaving a guest, and entering it, does to registers. False: something came first, and the guest was not entered. */
  protected abstract leave(pcpu: Cpu): void;
  protected abstract enterGuest(pcpu: Cpu): boolean;
  /** A guest has just begun there: it has no stack yet. Afterwards it has. */
  protected abstract begins(pcpu: Cpu): boolean;
  /** The VMID of its vCPU, and whether that is its partition's first. */
  abstract vmid(pcpu: Cpu): number;
  protected abstract isFirst(pcpu: Cpu): boolean;
  protected abstract isSpare(pcpu: Cpu): boolean;
  /** What the entry code does ahead of the first function. */
  protected abstract prepare(pcpu: Cpu): void;
  /** It keeps what its record is used for: called when its first function has given one back. */
  protected abstract hold(pcpu: Cpu): void;
  /** For an error: where it was. */
  protected abstract describe(pcpu: Cpu): string;
  /** The guest of a pCPU fetches its next instruction. False: it could not, and is in the hypervisor, or back from there. */
  abstract fetch(pcpu: Cpu): boolean;
  /** An exception in the hypervisor itself: its entry reports it, and the pCPU stops for good. */
  abstract panic(pcpu: Cpu): void;

  pcpu(n: number): Cpu {
    const found = this.pcpus[n];
    if (found === undefined) throw new MachineError("MACHINE_STATE", `there is no pCPU ${n}`);
    return found;
  }

  /** Reset of the board: pCPU 0 runs boot(), firmware starts the others, all of them go as far as they can. */
  boot(): void {
    this.start(this.pcpu(0), () => this.core.boot(BigInt(this.board.deviceTree?.pa ?? 0)));
    this.settle();
  }

  /** Lets time pass: whatever a timer of the hypervisor's is set for happens when it is due. */
  elapse(nanoseconds: number): void {
    const { clock } = this;
    const end = clock.now + clock.ticksOf(nanoseconds);
    for (let step = 0; step < STEPS_MAX; step++) {
      const due = this.pcpus.map((pcpu) => this.deadline(pcpu)).filter((deadline) => deadline > clock.now && deadline < end);
      clock.forward(Math.min(end, ...due) - clock.now);
      this.settle();
      if (clock.now >= end) return;
    }
    throw new MachineError("MACHINE_LIVELOCK", `the hypervisor's timers have gone off ${STEPS_MAX} times`);
  }

  /**
   * Takes every physical interrupt that is signalled to a pCPU, until none is. In the middle of what a pCPU does in the core
   * others may have to wait for it: that comes to no rest, and is cut short.
   */
  settle(): void {
    const waiting = this.pcpus.some(({ busy }) => busy);
    for (let round = 0; round < SETTLE_ROUNDS; round++) {
      let moved = false;
      for (const pcpu of this.pcpus) moved = this.step(pcpu) || moved;
      if (!moved || (waiting && round > WAITING_ROUNDS)) return;
    }
    const states = this.pcpus.map((pcpu) => `pCPU ${pcpu.index} ${pcpu.phase}, ${this.describeInterrupt(pcpu)}`);
    throw new MachineError("MACHINE_LIVELOCK", `interrupts still come after ${SETTLE_ROUNDS} rounds: ${states.join("; ")}`);
  }

  /** A pCPU in the core waits for another: those that firmware has just started run, or time passes. */
  runOthers(): void {
    const { started } = this;
    if (started.length === 0) this.clock.advance(WAIT_NANOSECONDS);
    for (const { pcpu } of [...started]) this.step(this.pcpu(pcpu));
  }

  /** Lets one pCPU do what hardware makes it do now; false: nothing. */
  step(pcpu: Cpu): boolean {
    const request = this.started.find((started) => started.pcpu === pcpu.index);
    if (request !== undefined) {
      this.started.splice(this.started.indexOf(request), 1);
      const entry = this.board.imageBase + this.board.secondaryEntryOffset;
      if (request.entry !== entry) {
        throw new MachineError(
          "MACHINE_FIRMWARE", `a pCPU is started at ${hex(request.entry)}: the image's secondary entry is ${hex(entry)}`,
        );
      }
      this.start(pcpu, () => this.core.bootSecondary(Number(request.context)));
      return true;
    }
    if (pcpu.busy) return false;
    if (pcpu.phase === "parked") {
      const interrupted = this.interruptsParked(pcpu);
      if (interrupted) this.park(pcpu);
      return interrupted;
    }
    if (pcpu.phase !== "guest") return false;
    if (this.interruptsGuest(pcpu)) {
      this.takeInterrupt(pcpu);
      return true;
    }
    // Physical interrupts that are not the hypervisor's are for the guest to take, when a test lets it.
    return this.awake(pcpu) && !this.fetch(pcpu);
  }

  /** The guest of a pCPU does not sleep, or not any more. */
  awake(pcpu: Cpu): boolean {
    if (pcpu.asleep === undefined) return true;
    if (!this.wakes(pcpu)) return false;
    pcpu.asleep = undefined;
    return true;
  }

  /** The life that the partition of a pCPU is in: another one after each of its starts. */
  lifeOf(pcpu: Cpu): number {
    return this.partitionLives.get(this.vmid(pcpu)) ?? 0;
  }

  /** A vCPU begins. Its partition begins with its first vCPU, none of the others being on. */
  private beginLife(pcpu: Cpu): void {
    pcpu.lives++;
    const vmid = this.vmid(pcpu);
    const others = this.pcpus.some(
      (other) => other !== pcpu && (other.busy || other.phase === "guest") && this.vmid(other) === vmid
    );
    if (this.isFirst(pcpu) && !others) this.partitionLives.set(vmid, ++this.livesBegun);
  }

  /** Runs an export on a pCPU: also for tests that call one by hand. */
  enter(pcpu: Cpu, run: () => number): number {
    return this.within(pcpu, run) >>> 0;
  }

  /** The same of an export that gives back something else. */
  within<Result>(pcpu: Cpu, run: () => Result): Result {
    const interrupted = this.current;
    this.current = pcpu;
    pcpu.busy = true;
    try {
      return run();
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      throw new MachineError(
        "MACHINE_CORE_TRAP",
        `the core trapped on pCPU ${pcpu.index}, ${this.describe(pcpu)}: ${error.message}\n${error.stack ?? ""}`, error,
      );
    } finally {
      pcpu.busy = false;
      this.tlb.leave(pcpu.index);
      this.storeBuffer?.drain(pcpu.index);
      // Only an intruded core goes on after this; otherwise `current` is the pCPU that was in the core last.
      if (interrupted.busy) this.current = interrupted;
    }
  }

  private start(pcpu: Cpu, run: () => number): void {
    this.tlb.start(pcpu.index);
    this.prepare(pcpu);
    const vcpu = this.enter(pcpu, run);
    if (vcpu === 0) {
      pcpu.phase = "halted";
      return;
    }
    pcpu.vcpu = vcpu;
    this.hold(pcpu);
    this.park(pcpu);
  }

  /** As the assembly does it: park(), and a wait only if that finds no guest to run. */
  private park(pcpu: Cpu): void {
    pcpu.phase = "parked";
    if (this.isSpare(pcpu)) {
      this.enter(pcpu, () => (this.core.idle(pcpu.vcpu), 0));
      return this.synchronisation.execute(pcpu.index, PARKED);
    }
    for (let step = 0; step < STEPS_MAX; step++) {
      const result = this.enter(pcpu, () => this.core.park(pcpu.vcpu));
      if (result === RESUME) this.resume(pcpu);
      else if (result !== AGAIN) this.synchronisation.execute(pcpu.index, PARKED);
      if (result !== AGAIN) return;
    }
    throw new MachineError("MACHINE_LIVELOCK", `pCPU ${pcpu.index} has still something to do after ${STEPS_MAX} steps`);
  }

  /** The guest of a pCPU comes to the hypervisor. */
  protected leaveGuest(pcpu: Cpu): void {
    if (pcpu.phase !== "guest") {
      throw new MachineError("MACHINE_STATE", `pCPU ${pcpu.index} is ${pcpu.phase}: no guest runs on it`);
    }
    pcpu.exits++;
    this.leave(pcpu);
    pcpu.asleep = undefined;
    this.synchronise(pcpu);
  }

  /** What a trap's entry has given back. */
  protected finish(pcpu: Cpu, result: number): void {
    if (result === RESUME) this.resume(pcpu);
    else this.park(pcpu);
  }

  protected resume(pcpu: Cpu): void {
    if (this.tlb.isInvalidating(pcpu.index)) {
      throw new MachineError(
        "MACHINE_TLB", `pCPU ${pcpu.index} enters its guest while a TLB invalidation is under way: a barrier first`,
      );
    }
    this.synchronise(pcpu);
    pcpu.phase = "guest";
    if (!this.enterGuest(pcpu) || !this.begins(pcpu)) return;
    pcpu.code = Number(pcpu.pc);
    this.beginLife(pcpu);
  }
}

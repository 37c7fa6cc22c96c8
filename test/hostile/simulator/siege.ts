// An attacker and a bystander on a simulated machine: moves are carried out, each is answered as the table says, and the
// bystander is looked at after each.
import * as abi from "../../../core/abi.ts";
import { numbered } from "../../../industrial/link/commands.ts";
import { Demultiplexer } from "../../../industrial/link/demultiplexer.ts";
import { encodeFrame } from "../../../industrial/link/frame.ts";
import type { Frame } from "../../../industrial/link/frame.ts";
import { decodePartition, decodeVcpu } from "../../../industrial/link/telemetry.ts";
import type { Guest } from "../../../tools/machine/guest.ts";
import type { Machine } from "../../../tools/machine/machine.ts";
import type { Range } from "../../../tools/machine/memory.ts";
import { TELEMETRY_MILLISECONDS } from "../../../tools/machine/system.ts";
import type { System, SystemSpec } from "../../../tools/machine/system.ts";
import { objection, survives } from "../answers.ts";
import type { Answer, Became } from "../answers.ts";
import type { Step } from "../attempt.ts";
import { ATTACKER, BYSTANDER } from "./attack.ts";
import type { Attack } from "./attack.ts";
import type { Bystander } from "./bystander.ts";
import type { Besieged, Move } from "./moves.ts";

const MILLISECOND = 1_000_000;
/** Longer than a partition that fails time and again waits for its next start. */
const RESTART_MS = 1100;
const STEPS = 64;
const REPEATS = 4;

export class Siege<
  Spec extends SystemSpec, Target extends Besieged, Operation, Made extends Machine = Machine, Who extends Guest = Guest,
> {
  readonly machine: Made;
  readonly target: Target;
  /** Operations that got as far as stage 2, a trap, or memory. */
  operations = 0;
  private readonly system: System;
  private readonly attackers: readonly Who[];
  readonly bystander: Bystander<Made, Who>;
  private readonly attack: Attack<Spec, Target, Operation, Made, Who>;
  private readonly index: number;
  private readonly writable: readonly Range[];
  private frames: Frame[] = [];
  private readonly demultiplexer = new Demultiplexer((item) => {
    if ("frame" in item) this.frames.push(item.frame);
    else throw new Error(`plain text on the UART: ${new TextDecoder().decode(item.text)}`);
  });

  constructor(attack: Attack<Spec, Target, Operation, Made, Who>, spec: Spec) {
    this.attack = attack;
    const { isa } = attack;
    this.system = isa.makeSystem(spec);
    const { plan } = this.system;
    this.machine = isa.machineFor(this.system);
    this.machine.boot();
    this.machine.uart.drain();
    this.machine.uart.sent.length = 0; // what is said at boot is plain text
    this.target = attack.targetOf(plan, ATTACKER);
    this.index = plan.partitions.findIndex(({ name }) => name === ATTACKER);
    this.attackers = (plan.partitions[this.index]?.cpus ?? []).map((pcpu) => isa.guestOf(this.machine, pcpu));
    const other = plan.partitions.findIndex(({ name }) => name === BYSTANDER);
    this.bystander = attack.bystanderOf({
      machine: this.machine, system: this.system, guest: isa.guestOf(this.machine, plan.partitions[other]?.cpus[0] ?? 0),
      index: other, attacker: this.index,
    });
    this.machine.writes.length = 0;
    const { imageBase, imageSize } = this.machine.board;
    const regions = plan.partitions.flatMap((partition, n) =>
      partition.regions.filter(({ kind }) => kind === "mailbox" || (n === this.index && kind === "ram")));
    this.writable = [{ pa: imageBase, size: imageSize }, ...regions];
  }

  carryOut(move: Move<Operation>): void {
    switch (move.kind) {
      case "try": return this.attempt(move);
      case "wire": return this.wire(move.line, move.high);
      case "time": return this.pass(move.milliseconds);
      case "look": return this.look();
    }
  }

  private attempt({ vcpu, step, during }: Extract<Move<Operation>, { kind: "try" }>): void {
    const guest = this.alive(vcpu);
    const times = Math.min(step.times ?? 1, REPEATS);
    for (let n = 0; n < times && guest.running; n++) {
      let intruded = false;
      if (during !== undefined && n === 0) {
        this.machine.intrude(during.after, () => {
          intruded = true;
          this.intrude(guest, during.by);
        });
      }
      // wherever an exception has taken it: it executes what is mapped
      guest.pcpu.pc = BigInt(this.system.plan.partitions[this.index]?.entry ?? 0);
      const became = this.attack.perform(this.machine, guest, step.operation);
      this.machine.endIntrusion();
      if (became !== "out of reach") this.operations++;
      // Whoever intrudes may take the partition away from under the operation, or change what it says.
      if (!intruded) judge(step, became, this.attackers.length > 1);
      this.settleAttackers();
      this.checkWrites();
      this.bystander.check();
    }
    if (step.answer.kind === "endless") this.endLoop(step.answer);
  }

  /** In the middle of what `guest` does in the core: the housekeeper's tick, or another vCPU of the attacker's. */
  private intrude(guest: Who, by: NonNullable<Extract<Move<Operation>, { kind: "try" }>["during"]>["by"]): void {
    if (by === "housekeeper") {
      const housekeeper = this.machine.pcpu(this.system.plan.housekeeper);
      this.machine.clock.advance(MILLISECOND);
      this.machine.step(housekeeper);
      return;
    }
    const other = this.attackers[by.vcpu];
    if (other === undefined || other === guest || !other.running) return;
    if (this.attack.perform(this.machine, other, by.step.operation) !== "out of reach") this.operations++;
  }

  /** A vCPU of the attacker that runs: that one, or its first, which is started again if it has to be. */
  private alive(vcpu: number): Who {
    const [first, wanted] = [this.attackers[0], this.attackers[vcpu]];
    if (first === undefined || wanted === undefined) throw new RangeError(`the attacker has no vCPU ${vcpu}`);
    if (wanted.running) return wanted;
    if (!this.attackers.some(({ running }) => running)) this.restart("start", () => first.running);
    const caller = this.attackers.find(({ running }) => running);
    if (caller === undefined) throw new Error("the attacker's partition does not start any more");
    if (wanted.running) return wanted;
    caller.turnOn(vcpu, this.target.ram.at, 0n);
    this.settleAttackers();
    this.bystander.check();
    return wanted.running ? wanted : caller;
  }

  private endLoop(answer: Extract<Answer, { kind: "endless" }>): void {
    const lives = this.attackers.map(({ pcpu }) => pcpu.lives);
    const again = (): boolean => this.attackers.some(({ pcpu, running }, n) => running && pcpu.lives > (lives[n] ?? 0));
    if (answer.ended === "by the host") this.restart("restart", again);
    else for (let waited = 0; waited < RESTART_MS && !again(); waited++) this.pass(1);
    // Its watchdog may have been fed by the other vCPU, or not be armed by a life that an intruder has ended.
    if (answer.ended === "by the host" && !again()) {
      throw new Error("the host could not restart the attacker out of its endless loop");
    }
  }

  private restart(command: "start" | "restart", done: () => boolean): void {
    const code = command === "start" ? abi.COMMAND_START : abi.COMMAND_RESTART;
    this.machine.uart.type(encodeFrame({ kind: abi.FRAME_COMMAND, partition: this.index, payload: numbered(code, 1) }));
    for (let waited = 0; waited < RESTART_MS && !done(); waited++) this.pass(1);
  }

  private wire(line: number, high: boolean): void {
    this.machine.setLine(line, high);
    this.settleAttackers();
    this.bystander.check();
  }

  /** Whatever interrupts are signalled to the attacker's pCPUs. */
  private settleAttackers(): void {
    for (let n = 0; n < STEPS; n++) {
      const moved = this.attackers.map(({ pcpu }) => this.machine.step(pcpu));
      if (!moved.includes(true)) return;
    }
    throw new Error(`interrupts of the attacker's pCPUs still come after ${STEPS} rounds`);
  }

  private pass(milliseconds: number): void {
    for (let n = 0; n < milliseconds; n++) {
      this.machine.clock.advance(MILLISECOND);
      this.machine.settle();
      this.receive();
      this.checkWrites();
      this.bystander.check();
    }
  }

  private receive(): void {
    const { uart } = this.machine;
    uart.drain();
    this.demultiplexer.push(Uint8Array.from(uart.sent));
    uart.sent.length = 0;
  }

  /** The hypervisor has written nowhere but into its own memory, the attacker's, and mailboxes. */
  private checkWrites(): void {
    const { writes } = this.machine;
    for (const { pa, size } of writes) {
      const allowed = this.writable.some((place) => pa >= place.pa && pa + size <= place.pa + place.size);
      if (!allowed) throw new Error(`the hypervisor wrote ${size} bytes at 0x${pa.toString(16)}`);
    }
    writes.length = 0;
  }

  /** The bystander works; and by its telemetry it has never been held, entered for what is not its own, or restarted. */
  private look(): void {
    this.bystander.scan();
    this.receive(); // what a tick in the middle of an operation has sent
    this.frames = [];
    const mine = this.system.plan.partitions.findIndex(({ name }) => name === BYSTANDER);
    // The first one that comes may have been built before the scan: one frame is on its way at a time.
    const find = (kind: number): Frame | undefined =>
      this.frames.slice(1).find((frame) => frame.kind === kind && frame.partition === mine);
    for (
      let waited = 0; waited < 4 * TELEMETRY_MILLISECONDS
        && (find(abi.FRAME_VCPU) === undefined || find(abi.FRAME_PARTITION) === undefined); waited++
    ) this.pass(1);
    const [vcpu, partition] = [find(abi.FRAME_VCPU), find(abi.FRAME_PARTITION)];
    if (vcpu === undefined || partition === undefined) throw new Error("the bystander's telemetry does not come any more");
    const { exits, held } = decodeVcpu(vcpu);
    const { restarts, state } = decodePartition(partition);
    const { due } = this.bystander;
    const foreign = this.attack.counted.filter((cause) => (exits[cause] ?? 0) !== (due.get(cause) ?? 0));
    if (held !== 0n || foreign.length > 0 || restarts !== 0 || state !== "running") {
      const causes = foreign.map((cause) => `${exits[cause]} of cause ${cause} instead of ${due.get(cause) ?? 0}`);
      throw new Error(`the bystander was disturbed: ${state}, held ${held} ns, ${restarts} restarts, exits: ${causes.join()}`);
    }
  }
}

/** `several`: the attacker has vCPUs that go on when one of them stops. */
function judge<Operation>({ answer }: Step<Operation>, became: Became, several: boolean): void {
  if (became === "out of reach") return;
  const explained = (): string =>
    JSON.stringify(answer, (_, given: unknown) => (typeof given === "bigint" ? `0x${given.toString(16)}` : given));
  if (survives(answer)) {
    const why = became === "gone" ? "it did not come back" : objection(answer, became);
    if (why !== undefined) throw new Error(`answered wrongly: ${why}; expected ${explained()}`);
  } else if (answer.kind === "fails" && became !== "gone") {
    throw new Error(`answered wrongly: it came back, several vCPUs: ${several}; expected ${explained()}`);
  }
}

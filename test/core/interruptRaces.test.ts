// Two vCPUs work on the interrupts of their partition at the same time: one is interrupted in the middle of what it does in the core, again
// and again, and the other one acts right then: by one register, or by others in turn. However it goes, no loop is longer than its bound,
// every interrupt that came is taken once, and nothing stays active (listRegisters.ts, waiting.ts, asks.ts, interruptState.ts).
import { expect, test } from "vitest";
import { qemuVirt, qemuVirtGicv2 } from "../../tools/machine/aarch64/board.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { edge, GUEST_GICD, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench, value } from "./bench.ts";
import { CPU_OFF, CPU_ON_64 } from "./functions.ts";

const ENTRY = 0x6000_0000n;
const [ISENABLER, ICENABLER, ISPENDR, ISACTIVER, IPRIORITYR, ITARGETSR, IROUTER] = [0x100, 0x180, 0x200, 0x300, 0x400, 0x800, 0x6000];
/** Edges, each of which comes once a race: half of them to vCPU 0. All in the third word of INTIDs. */
const FIRST = 64;
const INTIDS = Array.from({ length: 12 }, (_, n) => FIRST + n);
const WORD = 4 * (FIRST / 32);
const ALL = BigInt(2 ** INTIDS.length - 1);
/** More than are filed at once. */
const SGIS = [1, 2, 3, 5];
const SPURIOUS = 1020;
const EVERY_BYTE = 0x0101_0101n;
/** How often a vCPU is interrupted at most, and how many intrinsics are between two times, from each phase. */
const TIMES = 16;
const PACES = [0, 2, 8];

/** One system, in which a race follows the other. */
class Track {
  readonly bench: Bench;
  private readonly isGicv2: boolean;
  private taken: number[] = [];
  private raised = 0;
  private sent = 0;
  private urgent = 0;

  constructor(board: typeof qemuVirt) {
    const interrupts = [...LINUX.interrupts.filter(({ intid }) => intid >= 200), ...INTIDS.map((intid) => edge(intid))];
    this.bench = new Bench({ ...STANDARD, board, partitions: [{ ...LINUX, interrupts }, PLC] });
    this.isGicv2 = board.gicVersion === 2;
    this.bench.openInterrupts(0);
    this.begin();
  }

  private guest(vcpu: number): Guest {
    return this.bench.guest(vcpu);
  }

  /** vCPU 1 is on; all are enabled, some to each of them. */
  private begin(): void {
    if (!this.guest(1).running) {
      value(this.guest(0).hvc(CPU_ON_64, 1, ENTRY, 0));
      this.bench.machine.settle();
      this.bench.openInterrupts(1);
    }
    for (const intid of INTIDS) this.bench.route(0, intid, intid % 2);
    value(this.guest(0).store(GUEST_GICD + ISENABLER + WORD, 4, ALL));
    this.bench.machine.settle();
  }

  /** An instruction of that vCPU's: whoever intrudes executes it once; what is not done then, for another has to answer, is left. */
  private write(vcpu: number, register: number, bytes: number, data: bigint): void {
    this.guest(vcpu).store(GUEST_GICD + register, bytes, data, { once: this.bench.machine.pcpus.some(({ busy }) => busy) });
  }

  private edges(count: number): void {
    for (let n = 0; n < count && this.raised < INTIDS.length; n++) {
      this.bench.machine.setLine(FIRST + this.raised, true);
      this.bench.machine.setLine(FIRST + this.raised++, false);
    }
  }

  private takeOne(vcpu: number): void {
    const intid = this.guest(vcpu).acknowledge();
    if (intid >= SPURIOUS) return;
    this.taken.push(intid);
    this.guest(vcpu).endOfInterrupt(intid);
  }

  readonly acts: Readonly<Record<string, (vcpu: number) => void>> = {
    "interrupts come": (vcpu) => {
      this.edges(3);
      this.bench.machine.step(this.bench.machine.pcpu(vcpu));
    },
    "takes one": (vcpu) => {
      this.takeOne(vcpu);
      this.bench.machine.step(this.bench.machine.pcpu(vcpu));
    },
    "IPRIORITYR": (vcpu) => this.write(vcpu, IPRIORITYR + FIRST + 4 * (this.urgent % 3), 4, BigInt(0xe8 - 8 * (this.urgent++ % 16)) * EVERY_BYTE),
    "ICENABLER": (vcpu) => this.write(vcpu, ICENABLER + WORD, 4, ALL),
    "ISENABLER": (vcpu) => this.write(vcpu, ISENABLER + WORD, 4, ALL),
    "route": (vcpu) => this.write(vcpu, this.isGicv2 ? ITARGETSR + FIRST : IROUTER + 8 * FIRST, this.isGicv2 ? 1 : 8, this.isGicv2 ? BigInt(1 + (this.urgent++ % 2)) : BigInt(this.urgent++ % 2)),
    "ISPENDR, read": (vcpu) => void this.guest(vcpu).load(GUEST_GICD + ISPENDR + WORD, 4, { once: vcpu === 1 }),
    "ISACTIVER, read": (vcpu) => void this.guest(vcpu).load(GUEST_GICD + ISACTIVER + WORD, 4, { once: vcpu === 1 }),
    "SGIs to vCPU 0": (vcpu) => {
      this.sent++;
      for (const sgi of SGIS) this.bench.sendSgi(vcpu, sgi, 1);
    },
    "CPU_OFF": (vcpu) => {
      if (vcpu === 1) this.guest(1).hvc(CPU_OFF);
    },
  };

  /** Acts of vCPU 0, while vCPU 1 does `other`, and then what `turn` says. How often it did. */
  race(name: string, turn: readonly string[], after: number, every: number): number {
    const { machine } = this.bench;
    let times = 0;
    this.taken = [];
    this.raised = this.sent = this.urgent = 0;
    this.edges(4);
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
    const { machine } = this.bench;
    this.begin();
    this.edges(INTIDS.length);
    machine.settle();
    for (let left = INTIDS.length + SGIS.length * TIMES; left > 0 && [0, 1].some((vcpu) => this.guest(vcpu).interruptPending); left--) {
      for (const vcpu of [0, 1]) this.takeOne(vcpu);
      machine.settle();
    }
    const spis = this.taken.filter((intid) => intid >= FIRST).sort((a, b) => a - b);
    if (spis.join() !== INTIDS.join()) throw new Error(`taken were ${spis.join()}`);
    for (const sgi of SGIS) {
      const times = this.taken.filter((intid) => intid === sgi).length;
      if (times > this.sent || (times === 0) !== (this.sent === 0)) throw new Error(`SGI ${sgi} was sent ${this.sent} times, and taken ${times} times`);
    }
    const active = machine.gic.distributor.bank.active.filter((bits) => bits !== 0);
    const held = machine.pcpus.flatMap(({ gic }) => gic.virtual.held());
    if (active.length > 0 || held.length > 0) throw new Error(`${active.length} words stay active, ${held.length} list registers are full`);
  }
}

test.each([
  ["GICv3", qemuVirt], ["GICv3, one list register", { ...qemuVirt, listRegisters: 1 }], ["GICv2, two list registers", { ...qemuVirtGicv2, listRegisters: 2 }],
] as const)("%s: whatever a vCPU does is interrupted by another one again and again, and no interrupt is lost or comes twice", (_, board) => {
  const track = new Track(board);
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
              throw new Error(`${name} | ${turn.join(", ")}, after ${after} and then each ${every} intrinsics: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
            }
            most = Math.max(most, times);
          }
        }
      }
    }
  }
  expect(most).toBe(TIMES);
});

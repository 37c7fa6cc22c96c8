// The PLIC that an injected partition sees (arch/riscv64/vplic.ts), on the simulated machine: by itself, beside a model of what
// the specification says, and beside a neighbour.
import { beforeEach, describe, expect, test } from "vitest";
import { qemuVirt, qemuVirt7 } from "../../../tools/machine/riscv64/board.ts";
import { machineFor } from "../../../tools/machine/riscv64/core.ts";
import { SEI } from "../../../tools/machine/riscv64/csrs.ts";
import { Guest } from "../../../tools/machine/riscv64/guest.ts";
import type { Riscv64Machine } from "../../../tools/machine/riscv64/machine.ts";
import { FIRST, GUEST_PLIC, IPA, makeSystem, SECOND, STANDARD } from "../../../tools/machine/riscv64/system.ts";
import { edge, level } from "../../../tools/machine/system.ts";
import type { PartitionSpec } from "../../../tools/machine/system.ts";
import { seed } from "../property/seed.ts";
import { value } from "../value.ts";
import { Plic, PRIORITY_MAX } from "./plicModel.ts";

const priority = (source: number): number => 4 * source;
const pendingOf = (source: number): number => 0x1000 + 4 * (source >> 5);
/** Of vCPU n: its supervisor's context. */
const contextOf = (vcpu: number): number => 2 * vcpu + 1;
const enabledOf = (context: number, source: number): number => 0x2000 + 0x80 * context + 4 * (source >> 5);
const threshold = (context: number): number => 0x20_0000 + 0x1000 * context;
const claimOf = (context: number): number => threshold(context) + 4;
const bit = (source: number): bigint => 1n << BigInt(source % 32);
const ALL = 0xffff_ffffn;

/** The first one's, edges and levels, in two words; its neighbour's. */
const EDGES = [5, 9, 33, 63];
const LEVELS = [7, 40];
const [OWN = 0, OTHER = 0] = EDGES;
const [LEVEL = 0] = LEVELS;
const FOREIGN = 6;
const NEIGHBOUR = 3;

let machine: Riscv64Machine;
let guests: Guest[];
function boot(more: Partial<PartitionSpec> = {}, board = qemuVirt): void {
  const first = { ...FIRST, interrupts: [...EDGES.map(edge), ...LEVELS.map(level)].sort((a, b) => a.intid - b.intid), ...more };
  const second = { ...SECOND, interrupts: [edge(FOREIGN)] };
  machine = machineFor(board, makeSystem({ ...STANDARD, board, partitions: [first, second] }));
  machine.boot();
  guests = machine.pcpus.map(({ index }) => new Guest(machine, index));
  guest(0).csrw("sie", SEI);
}
/** With its second vCPU. */
function bootBoth(board = qemuVirt): void {
  boot({}, board);
  value(guest(0).turnOn(1, IPA, 0n));
  machine.settle();
  guest(1).csrw("sie", SEI);
}
const guest = (n: number): Guest => guests[n] ?? expect.unreachable();
function read(offset: number, from = 0): bigint {
  const loaded = value(guest(from).load(GUEST_PLIC + offset, 4));
  machine.settle();
  return loaded;
}
function write(offset: number, data: bigint, from = 0): void {
  value(guest(from).store(GUEST_PLIC + offset, 4, data));
  machine.settle();
}
function wire(source: number, high: boolean): void {
  machine.setLine(source, high);
  machine.settle();
}
const pulse = (source: number): void => {
  wire(source, true);
  wire(source, false);
};
const enable = (source: number, vcpu = 0, from = vcpu): void => {
  const at = enabledOf(contextOf(vcpu), source);
  write(at, read(at, from) | bit(source), from);
};
const open = (source: number, vcpu = 0, from = vcpu): void => {
  write(priority(source), 1n, from);
  enable(source, vcpu, from);
};
const claim = (vcpu = 0): number => Number(read(claimOf(contextOf(vcpu)), vcpu));
const complete = (source: number, vcpu = 0): void => write(claimOf(contextOf(vcpu)), BigInt(source), vcpu);
const waits = (vcpu = 0): boolean => guest(vcpu).interruptPending;

describe("a PLIC of its own", () => {
  beforeEach(() => boot());

  test("is as after a reset: nothing has a priority, is pending or enabled; thresholds are 0", () => {
    const registers = [priority(OWN), pendingOf(OWN), enabledOf(1, OWN), threshold(1), claimOf(1)];
    expect(registers.map((offset) => read(offset))).toEqual([0n, 0n, 0n, 0n, 0n]);
  });

  test("an edge is an external interrupt, once: claimed and completed", () => {
    open(OWN);
    expect(waits()).toBe(false);
    pulse(OWN);
    expect([waits(), read(pendingOf(OWN)), claim(), waits(), read(pendingOf(OWN)), claim()]).toEqual([
      true, bit(OWN), OWN, false, 0n, 0,
    ]);
    complete(OWN);
    expect([waits(), claim()]).toEqual([false, 0]);
  });

  test("an edge that comes meanwhile waits for the completion", () => {
    open(OWN);
    pulse(OWN);
    claim();
    pulse(OWN);
    expect([waits(), read(pendingOf(OWN)), claim()]).toEqual([false, 0n, 0]);
    complete(OWN);
    expect([waits(), claim(), claim()]).toEqual([true, OWN, 0]);
  });

  test("as long as one is not over, its edges are no exits: whoever rings, a guest goes on", () => {
    open(OWN);
    pulse(OWN);
    const { pcpu } = guest(0);
    const { exits } = pcpu;
    for (let n = 0; n < 10; n++) pulse(OWN);
    expect(pcpu.exits).toBe(exits);
  });

  test("the highest priority comes first, of equal ones the lowest number; 0 never does", () => {
    for (const source of EDGES) open(source);
    write(priority(33), 7n);
    write(priority(63), 0n);
    for (const source of EDGES) pulse(source);
    expect([claim(), claim(), claim(), claim(), waits()]).toEqual([33, 5, 9, 0, false]);
    write(priority(63), 2n);
    expect([waits(), claim()]).toEqual([true, 63]);
  });

  test("a threshold keeps an interrupt away, but no claim", () => {
    open(OWN);
    write(threshold(1), 1n);
    pulse(OWN);
    expect(waits()).toBe(false);
    write(threshold(1), 0n);
    expect(waits()).toBe(true);
    write(threshold(1), 7n);
    expect([waits(), claim()]).toEqual([false, OWN]);
  });

  test("priorities and thresholds have three bits, and hold what is written", () => {
    for (const [written, held] of [[7n, 7n], [8n, 0n], [0xffff_fffdn, 5n]]) {
      write(priority(OWN), written ?? 0n);
      write(threshold(1), written ?? 0n);
      expect([read(priority(OWN)), read(threshold(1))]).toEqual([held, held]);
    }
  });

  test("a completion of what is not enabled, not claimed or not its own does nothing", () => {
    open(OWN);
    pulse(OWN);
    claim();
    write(enabledOf(1, OWN), 0n);
    complete(OWN);
    enable(OWN);
    pulse(OWN);
    expect(claim()).toBe(0);
    for (const source of [OTHER, FOREIGN, 0, 1023, 1024, 0xffff_ffff]) complete(source);
    expect(claim()).toBe(0);
    complete(OWN);
    expect(claim()).toBe(OWN);
  });

  test("what nobody has enabled is pending all the same, and comes when somebody does", () => {
    write(priority(OWN), 1n);
    pulse(OWN);
    expect([read(pendingOf(OWN)), waits()]).toEqual([bit(OWN), false]);
    enable(OWN);
    expect([read(pendingOf(OWN)), waits(), claim()]).toEqual([bit(OWN), true, OWN]);
  });

  test("nothing of another partition's sources is seen or changed, nor what is machine mode's or nobody's", () => {
    open(FOREIGN, 0, NEIGHBOUR);
    guest(NEIGHBOUR).csrw("sie", SEI);
    const before = [read(priority(FOREIGN), NEIGHBOUR), read(enabledOf(1, FOREIGN), NEIGHBOUR)];
    expect(before).toEqual([1n, bit(FOREIGN)]);
    for (const offset of [priority(FOREIGN), pendingOf(FOREIGN), enabledOf(1, FOREIGN)]) {
      write(offset, ALL & ~bit(OWN));
      expect(read(offset) & bit(FOREIGN)).toBe(0n);
    }
    for (const context of [0, 2, 4, 5, 7, 15]) {
      for (const offset of [enabledOf(context, OWN), threshold(context), claimOf(context)]) {
        write(offset, 7n);
        expect(read(offset)).toBe(0n);
      }
    }
    for (const offset of [0x1080, 0x1ffc, 0x1f_2000, threshold(1) + 8, threshold(1) + 0xffc]) {
      write(offset, ALL);
      expect(read(offset)).toBe(0n);
    }
    expect([read(priority(FOREIGN), NEIGHBOUR), read(enabledOf(1, FOREIGN), NEIGHBOUR)]).toEqual(before);
    pulse(FOREIGN);
    expect(Number(read(claimOf(1), NEIGHBOUR))).toBe(FOREIGN);
  });

  test("an access that no PLIC takes is the guest's own access fault; behind its window nothing is", () => {
    for (const bytes of [1, 2, 8]) expect(guest(0).load(GUEST_PLIC, bytes)).toMatchObject({ kind: "exception", esr: 5n });
    expect(guest(0).store(GUEST_PLIC + 4, 8, 1n)).toMatchObject({ kind: "exception", esr: 7n });
    expect(guest(0).load(GUEST_PLIC + 2, 4)).toMatchObject({ kind: "exception", esr: 5n });
    expect(guest(0).load(GUEST_PLIC + 0x21_0000, 4)).toEqual({ kind: "parked" });
  });

  test("a new life finds it as after a reset, and none of what came before", () => {
    boot({ onFailure: "restart" });
    open(OWN);
    open(OTHER);
    write(threshold(1), 3n);
    pulse(OWN);
    claim();
    pulse(OTHER);
    guest(0).reset();
    machine.settle();
    guest(0).csrw("sie", SEI);
    expect([priority(OWN), pendingOf(OWN), enabledOf(1, OWN), threshold(1)].map((at) => read(at))).toEqual([0n, 0n, 0n, 0n]);
    open(OWN);
    open(OTHER);
    expect([waits(), claim()]).toEqual([false, 0]);
    pulse(OWN);
    expect([waits(), claim()]).toEqual([true, OWN]);
  });
});

const BOTH = [["10.0", qemuVirt], ["7.2", qemuVirt7]] as const;
describe.each(BOTH)("a level, on QEMU %s", (_, board) => {
  test("comes again after its completion for as long as its wire is high, and then no more", () => {
    boot({}, board);
    open(LEVEL);
    wire(LEVEL, true);
    for (let n = 0; n < 3; n++) {
      expect([waits(), claim(), waits(), claim()]).toEqual([true, LEVEL, false, 0]);
      if (n === 2) wire(LEVEL, false);
      complete(LEVEL);
    }
    expect([waits(), claim()]).toEqual([false, 0]);
  });

  test("whose wire is high when it is enabled comes at once", () => {
    boot({}, board);
    wire(LEVEL, true);
    open(LEVEL);
    expect([waits(), claim()]).toEqual([true, LEVEL]);
  });
});

describe("two vCPUs", () => {
  beforeEach(() => bootBoth());

  test("each hears of what it has enabled itself", () => {
    open(OWN, 0);
    open(OTHER, 1);
    pulse(OTHER);
    expect([waits(0), waits(1)]).toEqual([false, true]);
    expect([claim(0), claim(1)]).toEqual([0, OTHER]);
  });

  test("what both have enabled comes to both, and one of them has it", () => {
    open(OWN, 0);
    open(OWN, 1);
    pulse(OWN);
    expect([waits(0), waits(1)]).toEqual([true, true]);
    expect([claim(0), claim(1)]).toEqual([OWN, 0]);
    expect([waits(0), waits(1)]).toEqual([false, false]);
    complete(OWN, 1); // whoever has it enabled may
    pulse(OWN);
    expect([claim(1), claim(0)]).toEqual([OWN, 0]);
  });

  test("one may write what is the other's: it is told", () => {
    open(OWN, 1, 0);
    pulse(OWN);
    expect(waits(1)).toBe(true);
    write(threshold(contextOf(1)), 7n, 0);
    expect(waits(1)).toBe(false);
    write(threshold(contextOf(1)), 0n, 0);
    write(priority(OWN), 0n, 0);
    expect(waits(1)).toBe(false);
    write(priority(OWN), 2n, 0);
    expect([waits(1), claim(1)]).toEqual([true, OWN]);
  });

  test("to one that is off nothing comes that keeps it or another from anything", () => {
    open(OWN, 1);
    guest(1).turnOff();
    machine.settle();
    pulse(OWN);
    expect([waits(0), Number(read(claimOf(contextOf(1))))]).toEqual([false, OWN]);
    write(claimOf(contextOf(1)), BigInt(OWN));
    pulse(OWN);
    value(guest(0).turnOn(1, IPA, 0n));
    machine.settle();
    guest(1).csrw("sie", SEI);
    expect([waits(1), claim(1)]).toEqual([true, OWN]);
  });
});

/** Park and Miller. */
function generator(from: number): (below: number) => number {
  let state = (from % 0x7fff_fffe) + 1;
  return (below) => (state = (state * 48_271) % 0x7fff_ffff) % below;
}

test.each(BOTH)("on QEMU %s it does what the model does, whatever it is asked", (_, board) => {
  bootBoth(board);
  const random = generator(seed);
  const any = <Item>(items: readonly Item[]): Item => items[random(items.length)] ?? expect.unreachable();
  const model = new Plic(EDGES, LEVELS, 2);
  const numbers = [...EDGES, ...LEVELS, FOREIGN, 0, 96];
  const wires = new Map<number, boolean>();
  const { aplic } = machine;
  const neighbours = (): unknown => [aplic.sourcecfg[FOREIGN], aplic.target[FOREIGN], machine.pcpu(NEIGHBOUR).exits];
  const before = neighbours();
  for (let n = 0; n < 4000; n++) {
    const [from, vcpu, number, random32] = [random(2), random(2), any(numbers), random(0x7fff_ffff) * 2 + random(2)];
    const first = 32 * random(2);
    switch (random(8)) {
      case 0: case 1: {
        const source = any([...EDGES, ...LEVELS]);
        const high = wires.get(source) !== true;
        wires.set(source, high);
        wire(source, high);
        model.setWire(source, high);
        break;
      }
      case 2:
        write(priority(number), BigInt(random32), from);
        model.setPriority(number, random32);
        break;
      case 3:
        write(enabledOf(contextOf(vcpu), first), BigInt(random32), from);
        model.enable(vcpu, first, random32);
        break;
      case 4: {
        const at = any([0, 0, 0, random(PRIORITY_MAX + 1)]);
        write(threshold(contextOf(vcpu)), BigInt(at), from);
        (model.contexts[vcpu] ?? expect.unreachable()).threshold = at;
        break;
      }
      case 5: case 6:
        expect(Number(read(claimOf(contextOf(vcpu)), from)), `seed ${seed}, step ${n}`).toBe(model.claim(vcpu));
        break;
      default:
        write(claimOf(contextOf(vcpu)), BigInt(number), from);
        model.complete(vcpu, number);
    }
    const seen = numbers.map((source) => [
      Number(read(priority(source))), (read(pendingOf(source)) & bit(source)) !== 0n,
    ]);
    expect(seen, `seed ${seed}, step ${n}`).toEqual(numbers.map((source) => [model.priority(source), model.isPending(source)]));
    for (const context of [0, 1]) {
      expect(Number(read(enabledOf(contextOf(context), first)))).toBe(model.enabledWord(context, first));
      // One may come that is over because the other has claimed it; whoever takes it claims what there is, and it comes no more.
      if (waits(context) && !model.interrupts(context)) expect(claim(context)).toBe(model.claim(context));
      expect(waits(context), `seed ${seed}, step ${n}, vCPU ${context}`).toBe(model.interrupts(context));
    }
  }
  expect(neighbours()).toEqual(before);
});

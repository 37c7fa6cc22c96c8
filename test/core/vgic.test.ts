// Interrupt state that more than one vCPU looks at (arch/aarch64/interruptState.ts, listRegisters.ts): what one vCPU holds is
// what the distributor of IHI 0069 §4.1.2, IHI 0048 §3.2.4 says of it, whoever reads or changes it.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { Gicv3 } from "../../tools/machine/aarch64/gic/gicv3.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import type { Outcome } from "../../tools/machine/outcome.ts";
import { edge, GUEST_GICD, GUEST_GICR, level, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench, GICR_STRIDE, GICS, SGI_BASE, value } from "./bench.ts";
import { CPU_OFF, CPU_ON_64, SYSTEM_RESET } from "./functions.ts";

const SPURIOUS = 1023;
const [ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER, IPRIORITYR] = [
  0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400,
];
const WAKER = 0x14;
/** A level and an edge in the middle of a word of INTIDs, and at its ends. */
const PAIRS = [[49, 50], [63, 32]] as const;
const bit = (intid: number): bigint => 1n << BigInt(intid % 32);

let bench: Bench;
let first: Guest;
let second: Guest;

/** Offset of their word in a register of a bit an INTID. */
let WORD: number;
const read = (guest: Guest, register: number): bigint => value(guest.load(GUEST_GICD + register + WORD, 4));
const write = (guest: Guest, register: number, data: bigint): void => {
  value(guest.store(GUEST_GICD + register + WORD, 4, data));
  bench.machine.settle();
};
const state = (guest: Guest) => ({ pending: read(guest, ISPENDR), active: read(guest, ISACTIVER) });
const wire = (intid: number, high: boolean): void => {
  bench.machine.setLine(intid, high);
  bench.machine.settle();
};
const pulse = (intid: number): void => {
  wire(intid, true);
  wire(intid, false);
};

const CASES = GICS.flatMap(([gic, board]) => PAIRS.map(([LEVEL, EDGE]) => [gic, LEVEL, EDGE, board] as const));

describe.each(CASES)("%s, INTIDs %i and %i", (_, LEVEL, EDGE, board) => {
  const interrupts = [...LINUX.interrupts.filter(({ intid }) => intid >= 200), level(LEVEL), edge(EDGE)];
  const spec: SystemSpec = { ...STANDARD, board, partitions: [{ ...LINUX, interrupts }, PLC] };

  beforeEach(() => {
    WORD = 4 * Math.floor(LEVEL / 32);
    bench = new Bench(spec);
    first = bench.openInterrupts(0);
    first.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    second = bench.openInterrupts(1);
    for (const intid of [LEVEL, EDGE]) bench.enable(0, intid);
  });

  test("an edge that waits at a vCPU comes at the one that it is routed to meanwhile", () => {
    bench.route(0, EDGE, 1);
    pulse(EDGE);
    expect(second.interruptPending).toBe(true);
    bench.route(0, EDGE, 0);
    bench.machine.settle();
    expect([second.acknowledge(), first.acknowledge()]).toEqual([SPURIOUS, EDGE]);
  });

  test("an edge that waits at a vCPU that goes off is not lost", () => {
    bench.route(0, EDGE, 1);
    pulse(EDGE);
    second.hvc(CPU_OFF);
    bench.machine.settle();
    expect(state(first)).toEqual({ pending: bit(EDGE), active: 0n });
    bench.route(0, EDGE, 0);
    bench.machine.settle();
    expect(first.acknowledge()).toBe(EDGE);
  });

  test("one that is active at a vCPU that goes off stays active, until ICACTIVER", () => {
    bench.route(0, EDGE, 1);
    pulse(EDGE);
    expect(second.acknowledge()).toBe(EDGE);
    second.hvc(CPU_OFF);
    bench.machine.settle();
    bench.route(0, EDGE, 0);
    pulse(EDGE);
    expect([state(first), first.acknowledge()]).toEqual([{ pending: bit(EDGE), active: bit(EDGE) }, SPURIOUS]);
    write(first, ICACTIVER, bit(EDGE));
    expect(first.acknowledge()).toBe(EDGE);
  });

  test("ISPENDR and ISACTIVER say the same to both, pending, active and after the end", () => {
    bench.route(0, EDGE, 1);
    for (const guest of [first, second]) expect(state(guest)).toEqual({ pending: 0n, active: 0n });
    pulse(EDGE);
    for (const guest of [first, second]) expect(state(guest)).toEqual({ pending: bit(EDGE), active: 0n });
    second.acknowledge();
    for (const guest of [first, second]) expect(state(guest)).toEqual({ pending: 0n, active: bit(EDGE) });
    pulse(EDGE);
    for (const guest of [first, second]) expect(state(guest)).toEqual({ pending: bit(EDGE), active: bit(EDGE) });
    second.endOfInterrupt(EDGE);
    bench.machine.settle();
    for (const guest of [first, second]) expect(state(guest)).toEqual({ pending: bit(EDGE), active: 0n });
  });

  test("what waits elsewhere is taken back by ICENABLER, and comes after ISENABLER", () => {
    bench.route(0, EDGE, 1);
    pulse(EDGE);
    write(first, ICENABLER, bit(EDGE));
    expect([second.acknowledge(), state(first)]).toEqual([SPURIOUS, { pending: bit(EDGE), active: 0n }]);
    bench.enable(0, EDGE);
    bench.machine.settle();
    expect(second.acknowledge()).toBe(EDGE);
  });

  test("what waits elsewhere is gone after ICPENDR, what is active there after ICACTIVER", () => {
    bench.route(0, EDGE, 1);
    pulse(EDGE);
    write(first, ICPENDR, bit(EDGE));
    expect([second.acknowledge(), state(first)]).toEqual([SPURIOUS, { pending: 0n, active: 0n }]);
    pulse(EDGE);
    expect(second.acknowledge()).toBe(EDGE);
    write(first, ICACTIVER, bit(EDGE));
    expect(state(second)).toEqual({ pending: 0n, active: 0n });
    second.driver.open(0xf0);
    pulse(EDGE);
    expect(state(first)).toEqual({ pending: bit(EDGE), active: 0n });
  });

  test("ICACTIVER does nothing to one that is pending, here or elsewhere: physically it is active", () => {
    for (const [vcpu, guest] of [first, second].entries()) {
      bench.route(0, EDGE, vcpu);
      pulse(EDGE);
      write(first, ICACTIVER, bit(EDGE));
      expect(state(first)).toEqual({ pending: bit(EDGE), active: 0n });
      expect(guest.acknowledge()).toBe(EDGE);
      guest.endOfInterrupt(EDGE);
      bench.machine.settle();
    }
  });

  test("one that waits elsewhere is not pended once more by ISPENDR", () => {
    bench.route(0, EDGE, 1);
    pulse(EDGE);
    write(first, ISPENDR, bit(EDGE));
    expect(second.acknowledge()).toBe(EDGE);
    second.endOfInterrupt(EDGE);
    bench.machine.settle();
    expect(second.acknowledge()).toBe(SPURIOUS);
  });

  test("a level-sensitive one that ISPENDR makes pending while it is active comes again, though its wire is low by then", () => {
    wire(LEVEL, true);
    expect(first.acknowledge()).toBe(LEVEL);
    write(first, ISPENDR, bit(LEVEL));
    wire(LEVEL, false);
    expect([state(first), state(second)]).toEqual(Array(2).fill({ pending: bit(LEVEL), active: bit(LEVEL) }));
    first.endOfInterrupt(LEVEL);
    bench.machine.settle();
    expect(state(second)).toEqual({ pending: bit(LEVEL), active: 0n });
    expect(first.acknowledge()).toBe(LEVEL);
    expect(state(first)).toEqual({ pending: 0n, active: bit(LEVEL) });
  });

  test("a priority that another vCPU raises counts for what waits already", () => {
    for (const intid of [LEVEL, EDGE]) bench.route(0, intid, 1);
    wire(LEVEL, true);
    pulse(EDGE);
    value(first.store(GUEST_GICD + IPRIORITYR + EDGE, 1, 0x20n));
    bench.machine.settle();
    expect(second.acknowledge()).toBe(EDGE);
  });

  test("a priority that the vCPU itself raises counts for what waits already", () => {
    wire(LEVEL, true);
    pulse(EDGE);
    value(first.store(GUEST_GICD + IPRIORITYR + EDGE, 1, 0x20n));
    expect(first.acknowledge()).toBe(EDGE);
  });

  test("a priority of an SGI, by whichever vCPU, counts for what waits already", () => {
    const priorities = (board.gicVersion === 2 ? GUEST_GICD : GUEST_GICR + SGI_BASE) + IPRIORITYR;
    for (const guest of board.gicVersion === 2 ? [first] : [first, second]) {
      for (const intid of [3, 4]) value(guest.store(priorities + intid, 1, 0xa0n));
      for (const intid of [3, 4]) bench.sendSgi(0, intid, 1);
      bench.machine.settle();
      value(guest.store(priorities + 4, 1, 0x20n));
      bench.machine.settle();
      const taken = [0, 1].map(() => {
        const intid = first.acknowledge();
        first.endOfInterrupt(intid);
        bench.machine.settle();
        return intid;
      });
      expect(taken).toEqual([4, 3]);
    }
  });

  test("a level whose line drops before it is acknowledged is not signalled after the next access to the GIC", () => {
    wire(LEVEL, true);
    wire(LEVEL, false);
    expect([state(first), first.acknowledge()]).toEqual([{ pending: 0n, active: 0n }, SPURIOUS]);
    wire(LEVEL, true);
    expect(first.acknowledge()).toBe(LEVEL);
  });

  test("a level that the guest has made pending by hand stays so without its line, until it is taken", () => {
    write(first, ISPENDR, bit(LEVEL));
    expect([state(first), first.acknowledge()]).toEqual([{ pending: bit(LEVEL), active: 0n }, LEVEL]);
    first.endOfInterrupt(LEVEL);
    bench.machine.settle();
    expect([state(first), first.acknowledge()]).toEqual([{ pending: 0n, active: 0n }, SPURIOUS]);
  });

  test("made active by hand an interrupt does not come, and its end is the guest's own", () => {
    write(first, ISACTIVER, bit(EDGE));
    pulse(EDGE);
    for (const guest of [first, second]) expect(state(guest)).toEqual({ pending: bit(EDGE), active: bit(EDGE) });
    first.driver.splitEnd(true);
    first.deactivate(EDGE);
    bench.machine.settle();
    expect(first.acknowledge()).toBe(EDGE);
  });

  test("with EOImode 0 one that is active by hand is not ended in the place of an acknowledged one", () => {
    bench = new Bench({ ...spec, board: { ...board, listRegisters: 1 } });
    first = bench.openInterrupts(0);
    bench.enable(0, EDGE, 0x80);
    bench.enable(0, 232, 0x60);
    bench.enable(0, LEVEL, 0x20);
    write(first, ISACTIVER, bit(LEVEL));
    pulse(EDGE);
    expect(first.acknowledge()).toBe(EDGE);
    pulse(232);
    expect(first.acknowledge()).toBe(232);
    expect(read(first, ISACTIVER)).toBe(bit(EDGE) | bit(LEVEL));
    // No exit between the two: the second one stands in no list register when it is ended.
    for (const intid of [232, EDGE]) first.endOfInterrupt(intid);
    bench.machine.settle();
    expect(read(first, ISACTIVER)).toBe(bit(LEVEL));
    write(first, ICACTIVER, bit(LEVEL));
    expect(read(first, ISACTIVER)).toBe(0n);
  });

  test("an ask that is given up does no harm to the next one", () => {
    bench.route(0, EDGE, 1);
    pulse(EDGE);
    const { pc } = first.pcpu;
    // The guest is sent back, takes an interrupt of its own, and never executes that instruction again.
    bench.machine.trap(
      first.pcpu,
      (0x24n << 26n) | (1n << 25n) | (1n << 24n) | (2n << 22n) | 4n,
      BigInt(GUEST_GICD + ISPENDR + WORD),
      BigInt(GUEST_GICD >> 12) << 4n,
    );
    expect(first.pcpu.pc).toBe(pc);
    first.pcpu.pc = pc + 0x100n;
    expect(state(first)).toEqual({ pending: bit(EDGE), active: 0n });
    expect(second.acknowledge()).toBe(EDGE);
  });
});

test.each(GICS)("%s: two vCPUs that want to know at the same time what a third one holds are both told", (_, board) => {
  WORD = 4;
  bench = new Bench({ ...STANDARD, board, housekeeper: 3, partitions: [{ ...LINUX, cpus: [0, 1, 2] }, PLC] });
  const asking = [bench.openInterrupts(0), bench.guest(1)];
  for (const vcpu of [1n, 2n]) {
    bench.guest(0).hvc(CPU_ON_64, vcpu, 0x6000_0000, 0);
    bench.machine.settle();
  }
  const third = bench.openInterrupts(2);
  bench.enable(0, 50);
  bench.route(0, 50, 2);
  pulse(50);
  const ask = (guest: Guest): Outcome => guest.load(GUEST_GICD + ISPENDR + WORD, 4, { once: true });
  for (const guest of asking) expect(ask(guest).kind).toBe("entered");
  bench.machine.settle();
  for (const guest of asking) expect(value(ask(guest))).toBe(bit(50));
  expect(third.acknowledge()).toBe(50);
});

describe("what was answered is the answer of that question alone, though the same instruction asks another one next", () => {
  const SGI = 3;
  const frame = (vcpu: number): number => GUEST_GICR + vcpu * GICR_STRIDE + SGI_BASE;
  const word = (intid: number): number => 4 * Math.floor(intid / 32);

  /** vCPU 1 has an SGI active, and holds SPIs in two words of INTIDs. */
  beforeEach(() => {
    bench = new Bench({ ...STANDARD, housekeeper: 3, partitions: [{ ...LINUX, cpus: [0, 1, 2] }, PLC] });
    first = bench.openInterrupts(0);
    for (const vcpu of [1n, 2n]) first.hvc(CPU_ON_64, vcpu, 0x6000_0000, 0);
    bench.machine.settle();
    second = bench.openInterrupts(1);
    bench.openInterrupts(2);
    bench.sendSgi(0, SGI, 0b10);
    bench.machine.settle();
    expect(second.acknowledge()).toBe(SGI);
    for (const intid of [50, 232, 233]) {
      bench.enable(0, intid);
      bench.route(0, intid, 1);
      pulse(intid);
    }
  });

  /** Asks, is answered, and is interrupted before it executes the instruction again. */
  function ask(access: () => Outcome): void {
    expect(access().kind).toBe("entered");
    bench.machine.settle();
  }
  const look = (at: number) => (): Outcome => first.load(at, 4, { once: true });
  const read = (at: number): bigint => value(first.load(at, 4));

  test("of another vCPU", () => {
    ask(look(frame(1) + ISACTIVER));
    expect(read(frame(2) + ISACTIVER)).toBe(0n);
    ask(look(frame(2) + ISACTIVER));
    expect(read(frame(1) + ISACTIVER)).toBe(bit(SGI));
  });

  test("of another word of INTIDs", () => {
    ask(look(GUEST_GICD + ISPENDR + word(50)));
    expect(read(GUEST_GICD + ISPENDR + word(233))).toBe(bit(232) | bit(233));
  });

  test("of another thing to do, and of other bits", () => {
    ask(look(frame(1) + ISACTIVER));
    value(first.store(frame(1) + ICACTIVER, 4, bit(SGI)));
    expect(read(frame(1) + ISACTIVER)).toBe(0n);
    const withdraw = (intid: number, once: boolean): Outcome =>
      first.store(GUEST_GICD + ICPENDR + word(intid), 4, bit(intid), { once });
    ask(look(GUEST_GICD + ISPENDR + word(233)));
    ask(() => withdraw(232, true));
    value(withdraw(233, false));
    expect(read(GUEST_GICD + ISPENDR + word(233))).toBe(0n);
  });

  test("of the life before", () => {
    const { pc } = first.pcpu;
    ask(look(frame(1) + ISACTIVER));
    expect(bench.command(0, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
    expect([first.running, second.running]).toEqual([true, false]);
    first.pcpu.pc = pc;
    expect(read(frame(1) + ISACTIVER)).toBe(0n);
  });
});

test("where a GIC follows an ICENABLER after more looks than an exit has, the store is done when it has, and not before", () => {
  bench = new Bench();
  first = bench.openInterrupts(0);
  bench.enable(0, 50);
  first.driver.mask(0);
  pulse(50);
  const { gic } = bench.machine;
  if (!(gic instanceof Gicv3)) throw new TypeError("no GICv3");
  const disable = (reads: number): Outcome => {
    gic.distributor.rwpReads = reads;
    return first.store(GUEST_GICD + ICENABLER + 4, 4, bit(50), { once: true });
  };
  expect([disable(100).kind, disable(1).kind]).toEqual(["entered", "done"]);
  first.driver.mask(0xf0);
  expect(first.acknowledge()).toBe(SPURIOUS);
  expect(value(first.load(GUEST_GICD + ISPENDR + 4, 4))).toBe(bit(50));
});

describe("redistributor of another vCPU", () => {
  const at = GUEST_GICR + GICR_STRIDE + SGI_BASE;

  beforeEach(() => {
    bench = new Bench();
    first = bench.openInterrupts(0);
    first.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    second = bench.openInterrupts(1);
  });

  const own = (register: number): bigint => value(first.load(at + register, 4));

  test("SGIs that are pending or active there are seen, taken back and deactivated", () => {
    bench.sendSgi(0, 3, 0b10);
    bench.machine.settle();
    expect([own(ISPENDR), own(ISACTIVER)]).toEqual([8n, 0n]);
    value(first.store(at + ICPENDR, 4, 8n));
    expect([own(ISPENDR), second.acknowledge()]).toEqual([0n, SPURIOUS]);
    bench.sendSgi(0, 3, 0b10);
    bench.machine.settle();
    expect(second.acknowledge()).toBe(3);
    expect([own(ISPENDR), own(ISACTIVER)]).toEqual([0n, 8n]);
    value(first.store(at + ICACTIVER, 4, 8n));
    expect(own(ISACTIVER)).toBe(0n);
  });

  test("an SGI that is made pending there from here comes there", () => {
    const pend = (): string => first.store(at + ISPENDR, 4, 8n, { once: true }).kind;
    expect(pend()).toBe("entered");
    bench.machine.settle(); // it has answered, and looks for nothing more by itself
    expect(pend()).toBe("done");
    bench.machine.settle();
    expect([second.interruptPending, second.acknowledge()]).toEqual([true, 3]);
  });

  test("a PPI that it has made pending by hand is not once it is off", () => {
    bench.enablePrivate(1, 27);
    second.driver.mask(0);
    value(second.store(at + ISPENDR, 4, bit(27)));
    bench.machine.settle();
    expect(own(ISPENDR)).toBe(bit(27));
    second.hvc(CPU_OFF);
    bench.machine.settle();
    expect(own(ISPENDR)).toBe(0n);
  });

  test("is as after a reset when the partition begins anew, before that vCPU does: WAKER, enables, priorities", () => {
    const words = Array.from({ length: 8 }, (_, n) => IPRIORITYR + 4 * n);
    for (const word of words) value(first.store(at + word, 4, 0x5050_5050n));
    bench.enablePrivate(1, 27);
    second.driver.mask(0);
    bench.sendSgi(0, 3, 0b10);
    bench.machine.settle();
    const seen = (): bigint[] => [value(first.load(at - SGI_BASE + WAKER, 4)), own(ISENABLER), own(ISPENDR), ...words.map(own)];
    expect(seen()).toEqual([0n, 0xffffn | bit(27), bit(3), ...words.map(() => 0x5050_5050n)]);
    first.hvc(SYSTEM_RESET);
    bench.machine.settle();
    expect([first.running, second.running]).toEqual([true, false]);
    expect(seen()).toEqual([6n, 0n, 0n, ...words.map(() => 0n)]);
  });

  test("an SGI that waits there comes when it is enabled from here", () => {
    value(first.store(at + ICENABLER, 4, 8n));
    bench.sendSgi(0, 3, 0b10);
    bench.machine.settle();
    expect([own(ISPENDR), second.acknowledge()]).toEqual([8n, SPURIOUS]);
    bench.machine.settle(); // it has answered, and looks for nothing more by itself
    value(first.store(at + 0x100, 4, 8n));
    bench.machine.settle();
    expect(second.acknowledge()).toBe(3);
  });

  test("a PPI that is made active from here is inactive after ICACTIVER, of either of them", () => {
    const timer = bit(27);
    for (const guest of [first, second]) {
      value(first.store(at + ISACTIVER, 4, timer));
      expect(own(ISACTIVER)).toBe(timer);
      value(guest.store(at + ICACTIVER, 4, timer));
      expect(own(ISACTIVER)).toBe(0n);
    }
  });

  test("each SGI and PPI is enabled from here alone, also one that is pending there", () => {
    const ISENABLER = 0x100;
    value(first.store(at + ICENABLER, 4, 0xffff_ffffn));
    bench.sendSgi(0, 3, 0b10);
    for (const bits of [bit(3), bit(15), bit(27), bit(4) | bit(30)]) {
      for (const guest of [first, second]) {
        value(guest.store(at + ISENABLER, 4, bits));
        expect([first, second].map((one) => value(one.load(at + ISENABLER, 4)))).toEqual([bits, bits]);
        value(guest.store(at + ICENABLER, 4, bits));
        expect([first, second].map((one) => value(one.load(at + ISENABLER, 4)))).toEqual([0n, 0n]);
      }
    }
  });

  test("one that a vCPU makes active itself stays enabled, or not, as it was: PPIs and SPIs", () => {
    const ISENABLER = 0x100;
    bench.enablePrivate(1, 27);
    value(second.store(at + ISACTIVER, 4, bit(27) | bit(30)));
    expect(value(second.load(at + ISENABLER, 4)) & (bit(27) | bit(30))).toBe(bit(27));
    for (const [pcpu, intid] of [[1, 49], [1, 50], [3, 60]] as const) bench.enable(pcpu, intid);
    value(second.store(GUEST_GICD + ISACTIVER + 4, 4, bit(48) | bit(49)));
    expect(value(second.load(GUEST_GICD + ISENABLER + 4, 4))).toBe(bit(49) | bit(50));
    const { bank } = bench.machine.gic.distributor;
    expect(
      [48, 49, 50, 60, 61].map((intid) => bank.has(bank.enabled, intid)),
      "nor does another one of that word change, nor a neighbour's",
    ).toEqual([false, true, true, true, false]);
  });

  test("a PPI that is made active from here does not come there, and is ended there by DIR", () => {
    bench.enablePrivate(1, 27);
    bench.enablePrivate(1, 30);
    value(first.store(at + ISACTIVER, 4, bit(27) | bit(30)));
    expect(own(ISACTIVER)).toBe(bit(27) | bit(30));
    second.driver.splitEnd(true);
    second.pcpu.virtualTimer.write(1n);
    bench.machine.settle();
    expect(second.acknowledge()).toBe(SPURIOUS);
    for (const intid of [30, 27]) second.deactivate(intid);
    bench.machine.settle();
    expect([own(ISACTIVER), second.acknowledge()]).toEqual([0n, 27]);
  });

  test("a PPI that is made active at a vCPU that is off, or that is pending there", () => {
    second.hvc(CPU_OFF);
    bench.machine.settle();
    value(first.store(at + ISACTIVER, 4, bit(27)));
    expect(own(ISACTIVER)).toBe(bit(27));
    first.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    bench.openInterrupts(1);
    expect(own(ISACTIVER), "a new life").toBe(0n);
    bench.enablePrivate(1, 27);
    second.pcpu.virtualTimer.write(1n);
    bench.machine.settle();
    expect(second.interruptPending).toBe(true);
    value(first.store(at + ISACTIVER, 4, bit(27)));
    bench.machine.settle();
    expect([own(ISACTIVER), own(ISPENDR), second.acknowledge()]).toEqual([bit(27), bit(27), SPURIOUS]);
    second.driver.splitEnd(true);
    second.deactivate(27);
    bench.machine.settle();
    expect(second.acknowledge()).toBe(27);
  });

  test("what was asked of a vCPU that goes off instead of answering is not done to its next life", () => {
    expect(first.store(at + ISACTIVER, 4, bit(27), { once: true }).kind).toBe("entered");
    second.hvc(CPU_OFF);
    first.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
    bench.machine.settle();
    expect(second.running).toBe(true);
    expect(value(second.load(at + ISACTIVER, 4))).toBe(0n);
  });

  test("whoever holds an interrupt is kicked once, until it has answered; where nobody holds it, nobody is", () => {
    let kicks = 0;
    bench.machine.onIntrinsic = (name) => {
      if (name === "msr_ICC_SGI1R_EL1") kicks++;
    };
    const clear = (guest = first): Outcome => guest.store(GUEST_GICD + ICPENDR + 4, 4, bit(50), { once: true });
    bench.route(0, 50, 1);
    for (const guest of [first, second]) expect(clear(guest).kind).toBe("done");
    expect(kicks, "nobody holds it").toBe(0);
    bench.enable(0, 50);
    pulse(50);
    expect([clear().kind, clear().kind, clear().kind, kicks]).toEqual(["entered", "entered", "entered", 1]);
    bench.machine.settle();
    expect([clear().kind, second.acknowledge()]).toEqual(["done", SPURIOUS]);
  });

  test("an SGI that is disabled there does not come, and does when it is enabled", () => {
    bench.sendSgi(0, 3, 0b10);
    bench.machine.settle();
    value(first.store(at + ICENABLER, 4, 8n));
    expect([own(ISPENDR), second.acknowledge()]).toEqual([8n, SPURIOUS]);
    value(first.store(at + 0x100, 4, 8n));
    bench.machine.settle();
    expect(second.acknowledge()).toBe(3);
  });
});

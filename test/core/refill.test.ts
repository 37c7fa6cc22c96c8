// Filling list registers takes as long however many wait, and whatever another vCPU writes meanwhile (core/waiting.ts): no
// search.
import { expect, test } from "vitest";
import { edge, GUEST_GICD, LINUX, PLC } from "../../tools/machine/aarch64/system.ts";
import { Bench, GICS, value } from "./bench.ts";
import { STANDARD } from "../../tools/machine/aarch64/system.ts";
import { CPU_ON_64 } from "./functions.ts";

const many = Array.from({ length: 20 }, (_, n) => 64 + n);
const LOWEST = 0xf8;
const BYTES = 0x0101_0101n;
const CASES = GICS.flatMap(([name, board]) =>
  [2, 4, 16].flatMap((lists) => [1, 4, 10, 24].map((step) => [name, lists, step, board] as const)),
);

test.each(CASES)(
  "%s, %i list registers: priorities are lowered by another vCPU every %i intrinsics",
  (_, listRegisters, step, board) => {
    const interrupts = [...LINUX.interrupts.filter(({ intid }) => intid >= 200), ...many.map((intid) => edge(intid))];
    const bench = new Bench({ ...STANDARD, board: { ...board, listRegisters }, partitions: [{ ...LINUX, interrupts }, PLC] });
    const guest = bench.openInterrupts(0);
    guest.driver.open(0xff);
    guest.hvc(CPU_ON_64, 1, 0x6000_0000n, 0);
    bench.machine.settle();
    bench.forward(0, false);
    for (const intid of many) bench.enable(0, intid, LOWEST);
    for (const intid of many) {
      bench.machine.setLine(intid, true);
      bench.machine.setLine(intid, false);
    }
    bench.machine.settle();
    let level = LOWEST;
    const write = (at: number, once: boolean) =>
      bench.guest(1).store(GUEST_GICD + 0x400 + at, 4, BigInt(level) * BYTES, { once });
    const lower = (): void => {
      if (level < 8) return;
      level -= 8;
      for (let at = 64; at < 84; at += 4) write(at, true); // not done, until vCPU 0 has answered
      bench.machine.intrude(step, lower);
    };
    bench.machine.intrude(step, lower);
    bench.forward(0, true);
    bench.machine.endIntrusion();
    expect(level).toBeLessThan(LOWEST);
    for (let at = 64; at < 84; at += 4) value(write(at, false));
    bench.machine.settle();
    const taken: number[] = [];
    while (guest.interruptPending) {
      taken.push(guest.acknowledge());
      guest.endOfInterrupt(taken.at(-1) ?? 0);
      bench.machine.settle();
    }
    expect(taken.sort((a, b) => a - b)).toEqual(many);
  },
);

// What the core learns of the board from the hardware itself, on each pCPU (arch/aarch64/boot.ts).
import { describe, expect, test } from "vitest";
import { edge, LINUX, PLC, STANDARD } from "../machine/system.ts";
import { Bench, GICS } from "./bench.ts";

describe.each(GICS)("%s: list registers are counted on each pCPU (ICH_VTR_EL2.ListRegs)", (_, board) => {
  const many = Array.from({ length: 6 }, (_, n) => 64 + n);
  const interrupts = [...LINUX.interrupts.filter(({ intid }) => intid >= 200), ...many.map(edge)];

  test.each([[2, 16], [16, 2]])("%i where the guest runs, %i elsewhere: all its interrupts arrive", (own, others) => {
    const cpus = board.cpus.map((cpu, n) => ({ ...cpu, listRegisters: n === 0 ? own : others }));
    const bench = new Bench({ ...STANDARD, board: { ...board, cpus }, partitions: [{ ...LINUX, interrupts }, PLC] });
    const guest = bench.openInterrupts(0);
    for (const intid of many) bench.enable(0, intid);
    for (const intid of many) bench.machine.setLine(intid, true);
    bench.machine.settle();
    const taken: number[] = [];
    for (let intid = guest.acknowledge(); intid < 1020; intid = guest.acknowledge()) {
      taken.push(intid);
      guest.endOfInterrupt(intid);
      bench.machine.settle();
    }
    expect(taken.sort((a, b) => a - b)).toEqual(many);
  });
});

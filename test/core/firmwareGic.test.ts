// What firmware, or a loader, may have left in the interrupt controller: when the first guest begins,
// nothing of it can be seen any more.
import { describe, expect, test } from "vitest";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import type { InterruptBank } from "../../tools/machine/aarch64/gic/bank.ts";
import type { Aarch64Machine } from "../../tools/machine/aarch64/machine.ts";
import { makeSystem, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { GICS } from "./bench.ts";

const OWNED = STANDARD.partitions.flatMap(({ interrupts }) => interrupts.map(({ intid }) => intid));
const FIRST_SPI = 32;
const WORD_BITS = 32;
/** Interrupts that were taken, and whose priority was not dropped; more than one guest could have. */
const PRIORITIES = 0xaaaa_aaaa;
/** ICH_HCR_EL2: everything that asks for maintenance, 31 ends counted. */
const VIRTUAL_CONTROL = 0xf800_000f;
const VIRTUAL_MASK = 0xf8fc_0213;

const implementedIn = (bank: InterruptBank, intids: readonly number[], change: (intid: number) => void): void =>
  intids.forEach((intid) => {
    if (intid < bank.words * WORD_BITS) change(intid);
  });

function leave(machine: Aarch64Machine): void {
  const { gic, board } = machine;
  const fill = (bank: InterruptBank, intids: readonly number[]): void => implementedIn(bank, intids, (intid) => {
    const set = (words: Uint32Array): void => { words[intid >>> 5] = (words[intid >>> 5] ?? 0) | (1 << (intid & 31)); };
    for (const words of [bank.enabled, bank.latch, bank.active]) if (intid % 3 !== 0 || words !== bank.active) set(words);
    if (intid % 2 === 0) set(bank.group);
    if (intid >= FIRST_SPI && intid % 5 === 0) set(bank.edge);
    bank.priority[intid] = (intid * 8) & 0xf8;
  });
  fill(gic.distributor.bank, Array.from({ length: board.spiLimit - FIRST_SPI }, (_, n) => FIRST_SPI + n));
  for (const pcpu of machine.pcpus) {
    const { bank, physical, virtual } = pcpu.gic;
    fill(bank, Array.from({ length: FIRST_SPI }, (_, n) => n));
    physical.enabled = true;
    physical.activePriorities = PRIORITIES;
    physical.priorityMask = 0x50;
    physical.binaryPoint = 6;
    virtual.activePriorities = PRIORITIES;
    virtual.hypervisorControl = VIRTUAL_CONTROL;
    virtual.control = VIRTUAL_MASK;
  }
}

/** Of every interrupt and interface what decides what comes, and what is read. */
function stateOf(machine: Aarch64Machine): unknown {
  const bits = (words: Uint32Array): number[] => [...words].map((word) => word >>> 0);
  // GICv2: groups are the Secure side's affair.
  const bank = ({ group, enabled, latch, active, priority }: InterruptBank): unknown => [
    machine.board.gicVersion === 2 ? [] : bits(group),
    bits(enabled),
    bits(latch),
    bits(active),
    [...priority],
  ];
  return {
    forwards: machine.gic.distributor.forwards,
    phases: machine.pcpus.map(({ phase }) => phase),
    spis: bank(machine.gic.distributor.bank),
    edges: OWNED.map((intid) => machine.gic.distributor.bank.has(machine.gic.distributor.bank.edge, intid)),
    pcpus: machine.pcpus.map(({ phase, gic: { bank: own, physical, virtual } }) => ({
      own: bank(own),
      mask: physical.priorityMask,
      point: physical.binaryPoint,
      enabled: physical.enabled,
      split: physical.eoiMode,
      priorities: physical.activePriorities,
      control: virtual.hypervisorControl,
      virtual: phase === "guest" ? [virtual.control, virtual.activePriorities, virtual.held().length] : [],
    })),
  };
}

describe.each(GICS)("%s", (_, board) => {
  test.each([false, true])("boots as if firmware had left nothing (direct: %s)", (direct) => {
    const system = makeSystem({ ...STANDARD, board, partitions: [STANDARD.partitions[0] ?? PLC, { ...PLC, direct }] });
    const [left, clean] = [machineFor(system), machineFor(system)];
    leave(left);
    for (const machine of [left, clean]) machine.boot();
    expect(left.pcpus.map(({ phase }) => phase)).toContain("guest");
    expect(stateOf(left)).toEqual(stateOf(clean));
  });
});

// The machine of RISC-V with a small core on it: harts start, guests run, trap, sleep and are interrupted.
import { beforeEach, describe, expect, test } from "vitest";
import { qemuVirt, qemuVirt7 } from "../../../tools/machine/riscv64/board.ts";
import type { Board } from "../../../tools/machine/riscv64/board.ts";
import { Guest, GUEST_IMSIC } from "../../../tools/machine/riscv64/guest.ts";
import { riscv64Hooks } from "../../../tools/machine/riscv64/hooks.ts";
import { Riscv64Machine } from "../../../tools/machine/riscv64/machine.ts";
import { ANSWER, EMULATED, ENTRY, HGATP, INTERRUPTS, KICK_IDENTITY, smallCore, TABLE } from "./smallCore.ts";
import { A, D, GUEST_RWX, R, Tables, U, V, W } from "./tables.ts";

const core = smallCore();
const GUEST = 0x8000_0000;
const GUEST_ENTRY = GUEST + 0x1000;
const MEMORY = 0x8800_0000;
const DEVICE = 0x1000_0000;
const VMID = 1n;
const PIECE = 0x1_0000n;

let machine: Riscv64Machine;
let guest: Guest;

function make(board: Board): void {
  machine = new Riscv64Machine(core, {
    board, blob: new Uint8Array(), uart: [0n, 0n], partitionMemory: [], privateMemory: [], silencers: [],
    intrinsics: (made) => ({ table: TABLE, hooks: riscv64Hooks(made, TABLE, PIECE) }),
  });
  // Two pages of memory, and the interrupt file of hart 0's guest.
  const tables = new Tables(machine.memory);
  for (const page of [0, 0x1000]) tables.map(GUEST + page, tables.entry(MEMORY + page, GUEST_RWX), 0, tables.root, true);
  tables.map(GUEST_IMSIC, tables.entry(machine.imsicPages.pageOf(0, 1), V | R | W | U | A | D), 0, tables.root, true);
  machine.linear.setBigUint64(HGATP, (8n << 60n) | (VMID << 44n) | BigInt(tables.root / 0x1000), true);
  machine.linear.setBigUint64(ENTRY, BigInt(GUEST_ENTRY), true);
  machine.boot();
  guest = new Guest(machine, 0);
}
beforeEach(() => make(qemuVirt));

test("firmware starts the harts that the core asks for; those with a vCPU enter their guests", () => {
  expect(machine.pcpus.map(({ phase }) => phase)).toEqual(["guest", "guest", "off", "parked"]);
  expect(machine.pcpus.map(({ lives }) => lives)).toEqual([1, 1, 0, 0]);
  expect([guest.running, guest.pcpu.code, guest.direct]).toEqual([true, GUEST_ENTRY, true]);
});

test("a guest loads and stores where it is let, and fetches there alone", () => {
  expect(guest.store(GUEST + 8, 8, 0x1122_3344_5566_7788n)).toMatchObject({ kind: "done" });
  expect(machine.memory.read64(MEMORY + 8)).toBe(0x1122_3344_5566_7788n);
  expect(guest.load(GUEST + 12, 2)).toEqual({ kind: "done", value: 0x3344n });
  guest.store(GUEST, 4, 0x8000_0001n);
  expect(guest.load(GUEST, 4, { signed: true })).toEqual({ kind: "done", value: 0xffff_ffff_8000_0001n });
  expect(guest.fetch(GUEST)).toMatchObject({ kind: "done" });
  expect(guest.fetch(GUEST + 0x2000)).toEqual({ kind: "entered", pc: BigInt(GUEST_ENTRY) });
});

describe("what traps to the hypervisor", () => {
  test("a load from what is emulated: cause, addresses, and the instruction", () => {
    expect(guest.load(DEVICE + 5, 1, { register: 12 })).toMatchObject({ kind: "done" });
    const { csrs } = guest.pcpu;
    expect(csrs.read("scause")).toBe(21n);
    expect([csrs.read("stval"), csrs.read("htval")]).toEqual([BigInt(DEVICE + 5), BigInt(DEVICE + 5) >> 2n]);
    // LBU a2, with neither base nor immediate.
    expect([csrs.read("htinst"), guest.pcpu.instruction]).toEqual([0x4603n, 0x5_c603]);
    expect(guest.load(DEVICE, 4)).toEqual({ kind: "done", value: EMULATED });
  });

  test("on QEMU 7.2, and of what no register tells, htinst is 0", () => {
    guest.load(DEVICE, 4, { syndromeValid: false });
    expect(guest.pcpu.csrs.read("htinst")).toBe(0n);
    make(qemuVirt7);
    guest.load(DEVICE, 4);
    expect(guest.pcpu.csrs.read("htinst")).toBe(0n);
  });

  test("an ECALL: it comes back behind itself, with its result", () => {
    expect(
      [guest.hypercall(0), guest.turnOn(1, GUEST, 5n), guest.ecall(0x10, 0)]
    ).toEqual(Array(3).fill({ kind: "done", value: ANSWER }));
    expect([guest.x(17), guest.x(16), guest.x(10), machine.sbi.calls.length]).toEqual([0x10n, 0n, 0n, 2]);
  });

  test("what it does not answer parks the hart", () => {
    expect(guest.store(DEVICE, 4, 1n)).toEqual({ kind: "entered", pc: BigInt(GUEST_ENTRY) });
    expect(guest.pcpu.lives).toBe(1);
  });
});

test("an illegal instruction is the guest's own, by hedeleg: the hypervisor is not entered", () => {
  const { exits } = guest.pcpu;
  expect(guest.csrr(0x300)).toEqual({ kind: "exception", vector: 0x8030_0000, esr: 2n });
  expect(guest.pcpu.exits).toBe(exits);
});

describe("interrupts", () => {
  test("an MSI to the hart's own file comes to the hypervisor out of its guest", () => {
    const { exits } = guest.pcpu;
    machine.imsicPages.send(0, 0, KICK_IDENTITY);
    machine.settle();
    expect([machine.linear.getUint32(INTERRUPTS, true), guest.pcpu.exits - exits, guest.running]).toEqual([1, 1, true]);
  });

  test("an MSI to its guest's file is the guest's, without an exit", () => {
    guest.openInterrupts();
    guest.pcpu.csrs.write("hie", 0x444n);
    const { exits } = guest.pcpu;
    expect([guest.interruptPending, guest.take()]).toEqual([false, undefined]);
    guest.store(GUEST_IMSIC, 4, 9n);
    expect([guest.interruptPending, guest.take(), guest.take()]).toEqual([true, 9, undefined]);
    expect([guest.endOfInterrupt(9).kind, guest.pcpu.exits]).toEqual(["done", exits]);
  });

  test("a wired source comes there, too, as its target says", () => {
    guest.openInterrupts();
    const at = (offset: number, value: number): void => machine.aplic.write(0, qemuVirt.aplic + offset, 4, BigInt(value));
    at(0, 0x104);
    at(4 * 10, 4);
    at(0x3000 + 4 * 10, (1 << 12) | 33);
    at(0x1edc, 10);
    machine.setLine(10, true);
    expect(guest.take()).toBe(33);
  });

  test("WFI sleeps until one comes, the hypervisor's or its own", () => {
    guest.sleep();
    expect(() => guest.load(GUEST, 8)).toThrow("in wfi");
    machine.imsicPages.send(0, 0, KICK_IDENTITY);
    machine.settle();
    expect(guest.load(GUEST, 8).kind).toBe("done");
  });
});

test("the hypervisor's own interrupts, its tables and lines, for whoever looks on", () => {
  expect(
    machine.privates(guest.pcpu).bits.map(({ name, set }) => [name, set[0]])
  ).toEqual([["eip", 0], ["eie", 2 ** KICK_IDENTITY]]);
  expect(machine.mappings(guest.pcpu).map(({ ipa }) => ipa)).toEqual([GUEST_IMSIC, GUEST, GUEST + 0x1000]);
  expect([machine.vmid(guest.pcpu), machine.lines.forwards]).toEqual([Number(VMID), false]);
});

test("a table that names what the machine has not is an error", () => {
  const table = [...TABLE, { name: "csrr_mstatus", params: {}, result: "u64", doc: "", c: "" } as const];
  expect(() => new Riscv64Machine(core, {
    board: qemuVirt, blob: new Uint8Array(), uart: [0n, 0n], partitionMemory: [], privateMemory: [], silencers: [],
    intrinsics: (made) => ({ table, hooks: riscv64Hooks(made, table, PIECE) }),
  })).toThrow("no hook for riscv64.csrr_mstatus");
});

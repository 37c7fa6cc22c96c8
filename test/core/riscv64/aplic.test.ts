// The APLIC that a direct partition sees (arch/riscv64/vaplic.ts), on the simulated machine: its own sources, whatever it writes,
// come to its own vCPUs' files, and without anybody's help.
import { beforeEach, describe, expect, test } from "vitest";
import { qemuVirt, qemuVirt7 } from "../../../tools/machine/riscv64/board.ts";
import { machineFor } from "../../../tools/machine/riscv64/core.ts";
import { Guest } from "../../../tools/machine/riscv64/guest.ts";
import type { Riscv64Machine } from "../../../tools/machine/riscv64/machine.ts";
import { FIRST, GUEST_APLIC, IPA, makeSystem, SECOND, STANDARD } from "../../../tools/machine/riscv64/system.ts";
import { edge, level } from "../../../tools/machine/system.ts";
import type { PartitionSpec } from "../../../tools/machine/system.ts";
import { value } from "../value.ts";

const DOMAINCFG = 0x0000;
const [SETIP, SETIPNUM, CLRIP, CLRIPNUM] = [0x1c00, 0x1cdc, 0x1d00, 0x1ddc];
const [SETIE, SETIENUM, CLRIE, CLRIENUM] = [0x1e00, 0x1edc, 0x1f00, 0x1fdc];
const [SETIPNUM_LE, GENMSI, MMSIADDRCFG] = [0x2000, 0x3000, 0x1bc0];
const sourcecfg = (source: number): number => 4 * source;
const target = (source: number): number => 0x3000 + 4 * source;
const IE = 0x100n;
const READS = 0x8000_0004n;
const [RISING, HIGH, LOW] = [4n, 6n, 7n];
const HART = 18n;
const bit = (source: number): bigint => 1n << BigInt(source % 32);
const word = (source: number): number => 4 * Math.floor(source / 32);

/** The first one's, of edges and of a level; its neighbour's. */
const [OWN, LEVEL, FOREIGN] = [5, 40, 6];
const NEIGHBOUR = 3;
const IDENTITY = 33n;

let machine: Riscv64Machine;
let guests: Guest[];
function boot(more: Partial<PartitionSpec> = {}, board = qemuVirt): void {
  const first = { ...FIRST, direct: true, interrupts: [edge(OWN), level(LEVEL)], ...more };
  const second = { ...SECOND, direct: true, interrupts: [edge(FOREIGN)] };
  machine = machineFor(board, makeSystem({ ...STANDARD, board, partitions: [first, second] }));
  machine.boot();
  guests = machine.pcpus.map(({ index }) => new Guest(machine, index));
  guest(0).openInterrupts();
}
const guest = (n: number): Guest => guests[n] ?? expect.unreachable();
const read = (offset: number, from = 0): bigint => value(guest(from).load(GUEST_APLIC + offset, 4));
const write = (offset: number, data: bigint, from = 0): bigint => value(guest(from).store(GUEST_APLIC + offset, 4, data));
/** As a driver does it: mode, target, enabled, and the domain on. */
function open(source: number, mode: bigint, hart = 0n, from = 0): void {
  write(sourcecfg(source), mode, from);
  write(target(source), (hart << HART) | IDENTITY, from);
  write(SETIENUM, BigInt(source), from);
  write(DOMAINCFG, IE, from);
}
const pulse = (source: number): void => {
  machine.setLine(source, true);
  machine.setLine(source, false);
};

describe("an APLIC of its own", () => {
  beforeEach(() => boot());

  test("is as after a reset: known by its domaincfg, off, all sources inactive", () => {
    expect(read(DOMAINCFG)).toBe(READS);
    expect([OWN, LEVEL, FOREIGN].map((source) => [read(sourcecfg(source)), read(target(source))])).toEqual([
      [0n, 0n], [0n, 0n], [0n, 0n],
    ]);
    expect([SETIE, SETIP, SETIE + 4, SETIP + 4].map((offset) => read(offset))).toEqual([0n, 0n, 0n, 0n]);
  });

  test("is read into every register alike, and into x0 not at all", () => {
    write(sourcecfg(OWN), RISING);
    for (let register = 0; register < 32; register++) {
      const { pc } = guest(0).pcpu;
      expect(guest(0).load(GUEST_APLIC + sourcecfg(OWN), 4, { register, signed: true }).kind).toBe("done");
      expect([guest(0).x(register), guest(0).pcpu.pc - pc], `x${register}`).toEqual([register === 0 ? 0n : RISING, 4n]);
    }
    const word = guest(0).load(GUEST_APLIC, 4, { register: 9, signed: true });
    expect(word).toEqual({ kind: "done", value: 0xffff_ffff_8000_0004n });
  });

  test("lets an edge through, to the vCPU and as the identity that it says, with no exit", () => {
    open(OWN, RISING);
    const { exits } = guest(0).pcpu;
    pulse(OWN);
    expect(guest(0).take()).toBe(Number(IDENTITY));
    expect(guest(0).pcpu.exits).toBe(exits);
    expect(read(target(OWN))).toBe(IDENTITY);
  });

  test("to its other vCPU, too", () => {
    value(guest(0).turnOn(1, IPA, 0n));
    machine.settle();
    guest(1).openInterrupts();
    open(OWN, RISING, 1n);
    pulse(OWN);
    expect([guest(0).take(), guest(1).take()]).toEqual([undefined, Number(IDENTITY)]);
    expect(read(target(OWN))).toBe((1n << HART) | IDENTITY);
  });

  test("a target is one of its own vCPUs, and no guest's file but its own", () => {
    open(OWN, RISING);
    for (const foreign of [2n, 3n, 0x3fffn]) write(target(OWN), (foreign << HART) | 1n);
    expect(read(target(OWN))).toBe(IDENTITY);
    write(target(OWN), (63n << 12n) | (1n << 11n) | IDENTITY);
    expect(read(target(OWN))).toBe(IDENTITY);
    pulse(OWN);
    expect(guest(0).take()).toBe(Number(IDENTITY));
  });

  test("nothing of another partition's sources is seen or changed", () => {
    open(FOREIGN, RISING, 0n, NEIGHBOUR);
    guest(NEIGHBOUR).openInterrupts();
    const before = [read(sourcecfg(FOREIGN), NEIGHBOUR), read(target(FOREIGN), NEIGHBOUR), read(SETIE, NEIGHBOUR)];
    for (const offset of [sourcecfg(FOREIGN), target(FOREIGN)]) {
      expect(read(offset)).toBe(0n);
      write(offset, 0n);
    }
    for (const offset of [CLRIE, CLRIP, SETIP]) write(offset, 0xffff_ffffn);
    for (const offset of [CLRIENUM, CLRIPNUM, SETIPNUM, SETIPNUM_LE]) write(offset, BigInt(FOREIGN));
    write(DOMAINCFG, 0n);
    expect([SETIE, SETIP].map((offset) => read(offset))).toEqual([0n, 0n]);
    expect([read(sourcecfg(FOREIGN), NEIGHBOUR), read(target(FOREIGN), NEIGHBOUR), read(SETIE, NEIGHBOUR)]).toEqual(before);
    expect(guest(NEIGHBOUR).take()).toBeUndefined();
    pulse(FOREIGN);
    expect(guest(NEIGHBOUR).take()).toBe(Number(IDENTITY));
  });

  test("what is not there reads zero and takes nothing: genmsi, where MSIs go, numbers that are no source's", () => {
    const supervisors = machine.pcpus.map(({ csrs }) => csrs.imsic.supervisor.pending.slice());
    for (const offset of [GENMSI, MMSIADDRCFG, 0x1bc4, 0x1bc8, 0x2004, 0x3ffc, 0x1000, 0x0004]) {
      write(offset, 0xffff_ffffn);
      expect(read(offset)).toBe(0n);
    }
    for (const number of [0n, 97n, 1023n, 1024n, 0xffff_ffffn]) {
      for (const offset of [SETIPNUM, SETIPNUM_LE, CLRIPNUM, SETIENUM, CLRIENUM]) write(offset, number);
    }
    expect(machine.pcpus.map(({ csrs }) => csrs.imsic.supervisor.pending)).toEqual(supervisors);
  });

  test("enabled by word and by number, off by either; pending by either, and the wire", () => {
    write(sourcecfg(OWN), RISING);
    write(SETIE, 0xffff_ffffn);
    expect(read(SETIE)).toBe(bit(OWN));
    write(CLRIENUM, BigInt(OWN));
    expect(read(SETIE)).toBe(0n);
    write(SETIENUM, BigInt(OWN));
    write(CLRIE, bit(OWN));
    expect(read(SETIE)).toBe(0n);
    write(SETIPNUM, BigInt(OWN));
    expect(read(SETIP)).toBe(bit(OWN));
    write(CLRIPNUM, BigInt(OWN));
    write(SETIP, 0xffff_ffffn);
    expect(read(SETIP)).toBe(bit(OWN));
    write(CLRIP, 0xffff_ffffn);
    expect(read(SETIP)).toBe(0n);
    machine.setLine(OWN, true);
    expect([read(CLRIP), read(SETIP)]).toEqual([bit(OWN), bit(OWN)]);
  });

  test("domaincfg.IE is its own: off, nothing comes, and what is enabled stays so", () => {
    open(OWN, RISING);
    write(DOMAINCFG, 0n);
    pulse(OWN);
    expect([guest(0).take(), read(SETIE), read(DOMAINCFG)]).toEqual([undefined, bit(OWN), READS]);
    write(DOMAINCFG, IE);
    expect([guest(0).take(), read(DOMAINCFG)]).toEqual([Number(IDENTITY), READS | IE]);
  });

  test("modes that there are not, and a child domain that there is not, make a source inactive", () => {
    open(OWN, RISING);
    for (const mode of [2n, 3n, 0x404n]) {
      write(sourcecfg(OWN), RISING);
      write(sourcecfg(OWN), mode);
      expect([read(sourcecfg(OWN)), read(SETIE), read(target(OWN))]).toEqual([0n, 0n, 0n]);
    }
    write(sourcecfg(OWN), LOW);
    expect(read(sourcecfg(OWN))).toBe(LOW);
  });

  test("an access that no APLIC takes is the guest's own access fault", () => {
    const { pcpu } = guest(0);
    for (const bytes of [1, 2, 8]) expect(guest(0).load(GUEST_APLIC, bytes)).toMatchObject({ kind: "exception", esr: 5n });
    expect(guest(0).store(GUEST_APLIC + 4, 8, 1n)).toMatchObject({ kind: "exception", esr: 7n });
    expect(guest(0).load(GUEST_APLIC + 2, 4)).toMatchObject({ kind: "exception", esr: 5n });
    expect(pcpu.csrs.read("vstval")).toBe(BigInt(GUEST_APLIC + 2));
  });
});

describe.each([["10.0", qemuVirt], ["7.2", qemuVirt7]] as const)("a level, on QEMU %s", (_, board) => {
  test("comes again while its wire is high, and not when it is low", () => {
    boot({}, board);
    open(LEVEL, HIGH);
    machine.setLine(LEVEL, true);
    expect(guest(0).take()).toBe(Number(IDENTITY));
    write(SETIPNUM_LE, BigInt(LEVEL));
    expect(guest(0).take()).toBe(Number(IDENTITY));
    machine.setLine(LEVEL, false);
    write(SETIPNUM_LE, BigInt(LEVEL));
    expect([guest(0).take(), read(SETIP + word(LEVEL))]).toEqual([undefined, 0n]);
  });
});

test("who is direct and sees no APLIC has its sources as the identities of their numbers", () => {
  boot({ hasController: false });
  pulse(OWN);
  expect(guest(0).take()).toBe(OWN);
  machine.setLine(LEVEL, true);
  expect(guest(0).take()).toBe(LEVEL);
});

test("a new life finds it as after a reset, and none of what came before", () => {
  boot({ onFailure: "restart" });
  open(OWN, RISING);
  guest(0).reset();
  machine.settle();
  expect([read(DOMAINCFG), read(sourcecfg(OWN)), read(SETIE)]).toEqual([READS, 0n, 0n]);
  guest(0).openInterrupts();
  pulse(OWN);
  expect(guest(0).take()).toBeUndefined();
});

test("whatever it writes, wherever: its own sources alone change, and none is ever sent to another's hart or file", () => {
  boot();
  open(FOREIGN, RISING, 0n, NEIGHBOUR);
  const { aplic } = machine;
  const others = (): unknown => [aplic.sourcecfg, aplic.target].map((set) =>
    [...set].filter((_, source) => source !== OWN && source !== LEVEL));
  const bitsOfOthers = (): number[] => [aplic.enabled, aplic.pending].flatMap(([first = 0, second = 0, ...more]) =>
    [first & ~(1 << OWN), second & ~(1 << (LEVEL % 32)), ...more]);
  const before = [others(), bitsOfOthers()];
  const supervisors = machine.pcpus.map(({ csrs }) => csrs.imsic.supervisor.pending.slice());
  // Multiplicative congruential generator (Park and Miller): the same writes every time.
  let seed = 20_261;
  const random = (below: number): number => (seed = (seed * 48_271) % 0x7fff_ffff) % below;
  const registers = [DOMAINCFG, sourcecfg(OWN), sourcecfg(LEVEL), target(OWN), target(LEVEL)];
  const places = [...registers, SETIPNUM, CLRIPNUM, SETIENUM, SETIPNUM_LE];
  for (let n = 0; n < 20_000; n++) {
    const known = places[random(places.length)] ?? 0;
    const offset = random(2) === 0 ? known : 4 * random(0x1000);
    const data = random(2) === 0 ? random(128) : random(0x7fff_ffff) * 2 + random(2);
    write(offset, BigInt(data));
    if (random(16) === 0) machine.setLine(random(2) === 0 ? OWN : LEVEL, random(2) === 0);
    for (const source of [OWN, LEVEL]) {
      const sent = aplic.target[source] ?? 0;
      if (sent !== 0) expect([sent >>> 18, (sent >>> 12) & 0x3f]).toEqual([expect.toBeOneOf([0, 1]), 1]);
    }
  }
  expect([others(), bitsOfOthers()]).toEqual(before);
  expect(machine.pcpus.map(({ csrs }) => csrs.imsic.supervisor.pending)).toEqual(supervisors);
});

// The hypervisor on RISC-V: one hart of QEMU's virt machine with AIA, behind OpenSBI, in virtual time (an instruction is a ns).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { BLOB_ISA as AARCH64 } from "../../partitions/blob/aarch64.table.ts";
import { place } from "../../partitions/blob/field.ts";
import { HEADER, PARTITION_DIRECT, PARTITION_PMU } from "../../partitions/blob/layout.table.ts";
import { PLC_TAG_JITTER_MAX, PLC_TAG_OVERRUNS, PLC_TAG_SCANS } from "../../rtos-guests/plc/abi.ts";
import { RISCV64 } from "../../tools/build/targets/riscv64.ts";
import { qemuVersion } from "../qemuVersion.ts";
import { assembled, numbersOf, plcGuest, Riscv64System } from "./riscv64System.ts";

const MODES = [["injected", 0], ["direct", PARTITION_DIRECT]] as const;

/** Instructions of a hypercall, there and back; firmware takes 246 and more. */
const CALL_MAX = 55n;
/**
 * A probe and a set_timer of SBI's, there and back; a read of an APLIC's register, whose instruction htinst has on QEMU 10.0 (129
 * there); an IPI to itself, until its handler.
 */
const [PROBE_MAX, TIMER_MAX, APLIC_MAX, IPI_MAX] = [60, 56, 155, 175];

/** What a hart has in QEMU if it is asked for. */
const EXTENDED = "rv64,sscofpmf=true,svinval=on,v=true";
/** From this version on its counters heed Sscofpmf's filters: 7.2 has it, and counts the hypervisor all the same. */
const QEMU_FILTERS = 10;
const [qemu] = qemuVersion(RISCV64.emulator);

let folder: string;
let plc: string;
let system: Riscv64System | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-riscv64-guests-"));
  plc = await plcGuest();
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

const events = (booted: Riscv64System, code: number): bigint[] =>
  booted.events.filter((event) => event.code === code).map(({ a }) => a);
const scans = ({ telemetry }: Riscv64System): bigint => telemetry?.tags.get(PLC_TAG_SCANS) ?? 0n;

describe.each(MODES)("the PLC guest, interrupts: %s", (_, flags) => {
  test("it scans, and with a mailbox the hypervisor is entered for its own tick alone", async () => {
    const booted = (system = await Riscv64System.boot({ guest: plc, flags, mailbox: true }));
    await booted.until("scans", () => scans(booted) > 1000n);
    const before = booted.exitsButTicks();
    const from = scans(booted);
    await booted.until("more scans", () => scans(booted) > from + 1000n);
    expect(booted.exitsButTicks()).toEqual(before);
    expect(before.reduce((sum, count) => sum + count)).toBeLessThan(10); // it has asked what there is
    expect(booted.telemetry?.tags.get(PLC_TAG_OVERRUNS)).toBe(0n);
    expect(booted.printed).toContain("plc: started, 1000 scans a second");
  });

  test("it calls, it is paused, stopped, started and restarted", async () => {
    const booted = (system = await Riscv64System.boot({ guest: plc, flags }));
    await booted.until("scans", () => scans(booted) > 100n);
    await booted.link.command(0, "pause");
    await booted.until("a pause", () => booted.telemetry?.state === "paused");
    const held = booted.vcpu?.held ?? 0n;
    await booted.until("time to pass", () => (booted.vcpu?.held ?? 0n) > held + 100_000_000n);
    await booted.link.command(0, "resume");
    await booted.until("it to go on", () => booted.telemetry?.state === "running");
    const paused = scans(booted);
    await booted.until("scans", () => scans(booted) > paused + 100n);
    await booted.link.command(0, "stop");
    await booted.until("a stop", () => booted.telemetry?.state === "off");
    // Its clock runs as fast as QEMU can, so a life may have made more scans than the first one before anybody looks.
    const begun = new Set<number>();
    booted.link.on("partition", ({ tags }) => {
      const made = tags.get(PLC_TAG_SCANS) ?? 0n;
      if (made > 0n && made < paused) begun.add(events(booted, abi.EVENT_STARTED).length);
    });
    await booted.link.command(0, "start");
    await booted.until("a second life's scans", () => begun.has(2));
    await booted.link.command(0, "restart");
    await booted.until("a third life's scans", () => begun.has(3));
    expect(events(booted, abi.EVENT_STOPPED)).toEqual([BigInt(abi.STOP_COMMAND), BigInt(abi.STOP_COMMAND)]);
  });

  test("a fault is reported, with cause, address and instruction, and its partition stops", async () => {
    const booted = (system = await Riscv64System.boot({ guest: assembled(folder, "fault"), flags }));
    await booted.until("a stop", () => events(booted, abi.EVENT_STOPPED).length > 0);
    expect(booted.printed).toContain("000000000000900d");
    const { a, b, c } = booted.events.find(({ code }) => code === abi.EVENT_FAULT) ?? { a: 0n, b: 0n, c: 0n };
    expect([a, b]).toEqual([21n, 0x4000_0123n]);
    expect(c).toBeGreaterThan(0x8020_0000n);
    expect(events(booted, abi.EVENT_STOPPED)).toEqual([BigInt(abi.STOP_FAULT)]);
  });

  test("one that lets no interrupt through and sleeps is stopped and started all the same", async () => {
    const booted = (system = await Riscv64System.boot({ guest: assembled(folder, "deaf"), flags }));
    await booted.until("a word", () => numbersOf(booted).length === 1);
    await booted.link.command(0, "stop");
    await booted.until("a stop", () => events(booted, abi.EVENT_STOPPED).length === 1);
    await booted.link.command(0, "start");
    await booted.until("another word", () => numbersOf(booted).length === 2);
    expect(numbersOf(booted)).toEqual([0xdeafn, 0xdeafn]);
  });

  test("calls and instructions that are not a guest's", async () => {
    const booted = (system = await Riscv64System.boot({ guest: assembled(folder, "calls"), flags }));
    await booted.until("a power-off", () => events(booted, abi.EVENT_STOPPED).length > 0);
    await booted.until("all numbers", () => numbersOf(booted).length === 41);
    const numbers = numbersOf(booted);
    const pairs = [...Array(17).keys()].map((n) => [numbers[2 * n], numbers[2 * n + 1]]);
    const refused = [-2n, 0n];
    expect(pairs).toEqual([
      [0n, 0n], // hart, argument
      [0n, 0x200_0000n], [0n, 1n], [0n, 1n], [0n, 1n], refused, // BASE
      [0n, 0n], refused, refused, // TIME, legacy, RFENCE
      [0n, 0n], [-3n, 0n], [-6n, 0n], [-5n, 0n], // HSM
      [-3n, 0n], // SRST
      [0n, 0x1_0001n], [-1n, 0n], [-3n, 0n], // ours
    ]);
    expect(numbers.slice(34)).toEqual([2n, 2n, 2n, 2n, 2n, -1n, 3n]);
    expect(events(booted, abi.EVENT_STOPPED)).toEqual([BigInt(abi.STOP_SYSTEM_OFF)]);
    expect(booted.text).not.toContain("PANIC");
  });
});

test("a guest that has itself reset finds nothing of its life before, in vectors neither", async () => {
  const spec = { flags: PARTITION_DIRECT, cpu: EXTENDED };
  const booted = (system = await Riscv64System.boot({ guest: assembled(folder, "leftovers"), ...spec }));
  const FOUND = 25;
  await booted.until("two lives", () => numbersOf(booted).length >= 2 * FOUND);
  const [first, second] = [numbersOf(booted).slice(0, FOUND), numbersOf(booted).slice(FOUND, 2 * FOUND)];
  const [registers, status, alarm, ...others] = first;
  expect([registers, status, alarm]).toEqual([0n, 2n << 32n, -1n]); // sstatus.UXL: 64 bits
  const SCOUNTEREN = 6;
  expect(others.splice(SCOUNTEREN, 1), "user mode may read time, as with OpenSBI").toEqual([7n]);
  expect(others.filter((one) => one !== 0n)).toEqual([]);
  expect(second).toEqual(first);
  expect(events(booted, abi.EVENT_STOPPED)[0]).toBe(BigInt(abi.STOP_SYSTEM_RESET));
});

test("performance counters: those that count the guest alone, from 0 on in each of its lives, else none", async () => {
  const spec = { flags: PARTITION_DIRECT + PARTITION_PMU, cpu: EXTENDED };
  const booted = (system = await Riscv64System.boot({ guest: assembled(folder, "counters"), ...spec }));
  const FOUND = 15;
  await booted.until("two lives", () => numbersOf(booted).length >= 2 * FOUND);
  const lives = [numbersOf(booted).slice(0, FOUND), numbersOf(booted).slice(FOUND, 2 * FOUND)];
  for (const [isThere, closed, count, info, ...more] of lives) {
    const [cycle, firmwares, configured, loop, call, read, snapshot, stopped, since, started, begun] = more;
    expect([closed, cycle, firmwares, read, snapshot].map(Number), String(isThere)).toEqual(
      qemu < QEMU_FILTERS ? [2, -2, -2, -2, -2] : [2, -3, -2, -3, -2]);
    if (qemu < QEMU_FILTERS) {
      expect([isThere, count, info, configured, loop].map(Number)).toEqual([0, 0, 0, -2, 2]);
    } else {
      expect([isThere, count, (info ?? 0n) & 0xfffn, configured]).toEqual([1n, 19n, 0xc03n, 0n]);
      expect([loop, call]).toEqual([2002n, 11n]); // two instructions a round; of a call those that are the guest's
      expect([stopped, since, started]).toEqual([0n, 0n, 0n]);
      expect(begun).toBeGreaterThan(0n);
    }
  }
});

test("timer to handler, and a hypercall there and back", async () => {
  const flags = PARTITION_DIRECT + PARTITION_PMU;
  const booted = (system = await Riscv64System.boot({ guest: assembled(folder, "times"), flags, tick: 20_000 }));
  await booted.until("figures", () => numbersOf(booted).length === 3);
  const [least, most, call] = numbersOf(booted);
  expect([least, most]).toEqual([2n, 2n]);
  expect(call).toBeLessThanOrEqual(CALL_MAX);
});

test("from a message to its own interrupt file to the handler", async () => {
  const spec = { flags: PARTITION_DIRECT + PARTITION_PMU, file: true, tick: 20_000 };
  const booted = (system = await Riscv64System.boot({ guest: assembled(folder, "msi"), ...spec }));
  await booted.until("figures", () => numbersOf(booted).length === 3);
  expect(numbersOf(booted)).toEqual([2n, 2n, 0x5_0005n]); // stopei: identity, and its priority
});

test("from a wire to the handler, and what calls and accesses of an APLIC take", async () => {
  const spec = { flags: PARTITION_DIRECT + PARTITION_PMU, file: true, wired: true, tick: 20_000 };
  const booted = (system = await Riscv64System.boot({ guest: assembled(folder, "wired"), ...spec }));
  await booted.until("figures", () => numbersOf(booted).length === 9);
  const [least, most, probe, setTimer, read, compressedRead, ipi, claimed, written] = numbersOf(booted);
  expect([least, most, claimed, written]).toEqual([2n, 2n, 0x5_0005n, 8n]);
  expect(booted.printed).toContain("by DBCN ");
  const figures = [probe, setTimer, read, compressedRead, ipi].map(Number);
  const limits = [PROBE_MAX, TIMER_MAX, APLIC_MAX, APLIC_MAX, IPI_MAX];
  expect(figures.filter((figure, n) => figure > (limits[n] ?? 0)), figures.join(" ")).toEqual([]);
});

describe("what is not as planned is said in one line, and nothing starts", () => {
  test("a machine without AIA", async () => {
    const booted = (system = await Riscv64System.boot({ guest: plc, machine: "virt" }));
    await booted.until("a line", () => /axv: pCPU.*\r\n/.test(booted.text));
    expect(booted.text).toMatch(/axv: pCPU 0x0{16}: hypervisor extension, AIA and Sstc: planned 0x0*1, found 0x0{16}\r\n$/);
  });

  test("a blob for another ISA", async () => {
    const { offset = 0 } = place(HEADER).fields.find(({ name }) => name === "isa") ?? {};
    const alter = (blob: Uint8Array): void => new DataView(blob.buffer).setUint32(offset, AARCH64, true);
    const booted = (system = await Riscv64System.boot({ guest: plc, alter }));
    await booted.until("a line", () => /axv: .*\r\n/.test(booted.text));
    expect(booted.text).toMatch(/\naxv: the blob is for a core of another ISA: build the image again, check .*\r\n$/);
  });

  test.each([
    ["guest interrupt files", "virt,aia=aplic-imsic", 0, "0x0{15}1, found 0x0{16}"],
    ["interrupt identities", undefined, 511, "0x0{13}1ff, found 0x0{16}"],
  ])("a pCPU that has fewer %s", async (fact, machine, identities, found) => {
    const spec = { guest: plc, ...(machine && { machine }), ...(identities && { board: { identities } }) };
    const booted = (system = await Riscv64System.boot(spec));
    await booted.until("a line", () => /found.*\r\n/.test(booted.text));
    expect(booted.text).toMatch(new RegExp(`\naxv: pCPU 0x0{16}: ${fact}: planned ${found}\r\n$`));
  });
});

test("a fault of the hypervisor's own is said, with cause, instruction and address, once", async () => {
  const board = { aplic: 0x0e00_0000n }; // nothing is there
  const booted = (system = await Riscv64System.boot({ guest: plc, board }));
  await booted.until("what it says", () => /the others go on\r\n/.test(booted.text));
  const said = booted.text.slice(booted.text.indexOf("axv: PANIC"));
  expect(said).toMatch(/^axv: PANIC in the hypervisor on pCPU 0x0{16}\r\n/);
  expect(said).toMatch(/\naxv: {3}scause 0x0{15}[57] sepc 0x0{8}802\w+ stval 0x0{9}e000000\r\n/);
});

describe("two harts, one of which keeps house", () => {
  test("the guest's is never entered, and its scans are on time", async () => {
    const booted = (system = await Riscv64System.boot({ guest: plc, flags: PARTITION_DIRECT, mailbox: true, apart: true }));
    await booted.until("scans", () => scans(booted) > 100n);
    const before = booted.vcpu?.exits;
    await booted.until("more scans", () => scans(booted) > 1000n);
    expect(booted.vcpu?.exits).toEqual(before);
    expect(booted.telemetry?.tags.get(PLC_TAG_OVERRUNS)).toBe(0n);
    expect(booted.telemetry?.tags.get(PLC_TAG_JITTER_MAX)).toBeLessThanOrEqual(100n); // `time` has 100 ns a tick
  });

  test("the plan begins with another hart than firmware goes on with", async () => {
    // OpenSBI goes on with the hart that comes first to it: now and then that is ours.
    for (let bootHart = 1; bootHart === 1; ) {
      await system?.stop();
      const booted = (system = await Riscv64System.boot({ guest: plc, mailbox: true, apart: true, first: 1, realTime: true }));
      await booted.until("scans", () => scans(booted) > 100n);
      bootHart = Number(/Boot HART ID +: (\d+)/.exec(booted.text)?.[1]);
      expect([0, 1]).toContain(bootHart);
      expect(booted.vcpu?.pcpu).toBe(1);
    }
  });

  test.each(MODES)("it is paused, restarted, stopped from the other one, interrupts: %s", async (_, flags) => {
    const booted = (system = await Riscv64System.boot({ guest: plc, flags, mailbox: true, apart: true, realTime: true }));
    await booted.until("scans", () => scans(booted) > 100n);
    await booted.link.command(0, "pause");
    await booted.until("a pause", () => booted.telemetry?.state === "paused");
    await booted.link.command(0, "resume");
    await booted.until("it to go on", () => booted.telemetry?.state === "running");
    await booted.link.command(0, "restart");
    await booted.until("a second life", () => events(booted, abi.EVENT_STARTED).length === 2);
    await booted.until("it to run", () => booted.telemetry?.state === "running");
    const from = scans(booted);
    await booted.until("its scans", () => scans(booted) > from);
    await booted.link.command(0, "stop");
    await booted.until("a stop", () => booted.telemetry?.state === "off");
  });
});

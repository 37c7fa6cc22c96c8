// The housekeeper's pCPU may panic: another one keeps house then, and there are never two (core/panic.ts, housekeeper.ts).
import { describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { decodeEvent } from "../../industrial/link/telemetry.ts";
import { LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { ALL_GICS, Bench, value } from "./bench.ts";

const SPARE = 2;
/** One spare pCPU; none but the housekeeper's; two. */
const NONE_SPARE: SystemSpec = {
  ...STANDARD,
  housekeeper: 0,
  partitions: [
    { ...LINUX, cpus: [0, 1] },
    { ...PLC, cpus: [3, 2] },
  ],
};

/** pCPUs on which a housekeeping tick is due at some time. */
const ticking = (bench: Bench): number[] =>
  bench.machine.pcpus.flatMap(({ phase, hypervisorTimer, index }) =>
    phase !== "halted" && hypervisorTimer.control === 1n ? [index] : [],
  );

/** Watchdogs, restarts and commands work. */
function housekept(bench: Bench, partition: number, boot: number): void {
  const { restarts } = bench.partition(partition);
  expect(bench.command(partition, abi.COMMAND_RESTART)).toBe(abi.REPLY_OK);
  bench.pass(1);
  expect(bench.partition(partition)).toMatchObject({ state: "running", restarts: restarts + 1 });
  const guest = bench.guest(boot);
  if (value(guest.hvc(calls.HYPERCALL_WATCHDOG_FEED)) !== 0n) return;
  bench.pass(1200);
  expect(bench.partition(partition).watchdogExpired).toBeGreaterThan(0);
  expect(bench.partition(partition).restarts).toBeGreaterThan(restarts + 1);
}

describe.each(ALL_GICS)("%s: a panic on the housekeeper's pCPU", (_, board) => {
  test("a vCPU's pCPU takes over where no other is spare: watchdog, restart and commands work as before", () => {
    const bench = new Bench({ ...STANDARD, board });
    bench.machine.panic(bench.machine.pcpu(SPARE));
    bench.machine.settle();
    expect(ticking(bench)).toEqual([3]);
    housekept(bench, 1, 3);
    expect(bench.guest(0).running).toBe(true);
  });

  test("one that runs a partition itself: that one stops, the others are looked after", () => {
    const bench = new Bench({ ...NONE_SPARE, board });
    bench.machine.panic(bench.machine.pcpu(0));
    bench.machine.settle();
    expect(ticking(bench)).toEqual([3]);
    housekept(bench, 1, 3);
    expect(bench.guest(1).running).toBe(false);
  });

  test("a spare one is taken before any other", () => {
    const bench = new Bench({ ...STANDARD, board, housekeeper: 0, partitions: [{ ...LINUX, cpus: [0] }, PLC] });
    bench.machine.panic(bench.machine.pcpu(0));
    bench.machine.settle();
    expect(ticking(bench)).toEqual([1]);
    bench.machine.panic(bench.machine.pcpu(1));
    bench.machine.settle();
    expect(ticking(bench)).toEqual([2]);
    housekept(bench, 1, 3);
  });

  test("in the middle of a frame: the next one comes whole", () => {
    const bench = new Bench({ ...STANDARD, board });
    bench.machine.uart.stalled = true;
    bench.pass(300);
    bench.machine.uart.stalled = false;
    bench.machine.uart.drain();
    bench.machine.panic(bench.machine.pcpu(SPARE));
    bench.machine.settle();
    housekept(bench, 1, 3);
    const sent = Buffer.from(bench.machine.uart.sent);
    expect(sent[sent.indexOf("\r\naxv: PANIC") - 1], "the old frame has ended where the text begins").toBe(0);
    expect(bench.text, "nothing of the old frame comes behind the panic's text").toMatch(/the others go on\r\n$/);
  });
});

test("whoever has just been chosen dies, too, before it is told: a third one keeps house", () => {
  const bench = new Bench();
  const { machine } = bench;
  machine.onIntrinsic = (name, pcpu) => {
    if (name !== "compareExchange32" || pcpu.index !== SPARE) return;
    machine.onIntrinsic = undefined;
    machine.panic(machine.pcpu(3));
  };
  machine.panic(machine.pcpu(SPARE));
  machine.settle();
  expect(ticking(bench).length).toBe(1);
  expect([SPARE, 3]).not.toContain(ticking(bench)[0]);
});

test("nobody is left where all others are direct: that is said in plain text", () => {
  const bench = new Bench({ ...STANDARD, partitions: [{ ...LINUX, direct: true }, { ...PLC, direct: true }] });
  bench.machine.panic(bench.machine.pcpu(SPARE));
  bench.pass(10);
  expect(ticking(bench)).toEqual([]);
  expect(bench.text).toContain("none is left to keep house");
  expect(bench.guest(0).running && bench.guest(3).running).toBe(true);
});

test("nor by whoever is held to a bandwidth, whose timer ends its periods", () => {
  const bandwidth = { budget: 1 << 20, refills: 1000, periodMicroseconds: 1000 };
  const bench = new Bench({ ...STANDARD, partitions: [{ ...LINUX, bandwidth }, { ...PLC, direct: true }] });
  bench.machine.panic(bench.machine.pcpu(SPARE));
  bench.pass(10);
  expect(bench.text).toContain("left to keep house");
});

test("a spare pCPU's panic is no partition's: nobody stops, and no event says that anybody has", () => {
  const bench = new Bench();
  bench.machine.panic(bench.machine.pcpu(SPARE));
  bench.pass(10);
  expect(
    bench.frames
      .filter(({ kind }) => kind === abi.FRAME_EVENT)
      .map(decodeEvent)
      .map(({ code }) => code),
  ).not.toContain(abi.EVENT_PANIC);
  expect([0, 1].map((n) => bench.partition(n).state)).toEqual(["running", "running"]);
});

test("a pCPU that does not panic as the housekeeper leaves it where it is", () => {
  const bench = new Bench();
  bench.machine.panic(bench.machine.pcpu(3));
  bench.machine.settle();
  expect(ticking(bench)).toEqual([SPARE]);
  expect(bench.command(0, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
});

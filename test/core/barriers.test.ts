// What the core waits for where the machine cannot make it matter: loads that a pCPU makes too early. Here the order of the
// intrinsics is looked at. And the SGI that makes another pCPU look, for affinities that no other board has.
import { describe, expect, test } from "vitest";
import * as calls from "../../arch/aarch64/calls.ts";
import * as abi from "../../core/abi.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import { Bench } from "./bench.ts";
import { CPU_ON_64 } from "./functions.ts";

describe.each([["injected", false], ["direct", true]])("a vCPU that goes on (%s)", (_, direct) => {
  test("looks at its partition's state behind a DSB: by then others see that it is on (lifecycle.ts, release)", () => {
    const bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, direct }] });
    expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
    const seen: string[] = [];
    bench.machine.onIntrinsic = (name, pcpu) => {
      if (pcpu.index === 3) seen.push(name);
    };
    expect(bench.command(1, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
    expect(bench.guest(3).running).toBe(true);
    // Its last release store is the one that says it is on; no later load of what others store comes before the barriers.
    const behind = seen.slice(seen.lastIndexOf("storeRelease32") + 1);
    expect(behind[0]).toBe("dsbSy");
    expect(behind).toContain("loadAcquire32");
  });
});

test("a direct partition's memory is there for whoever walks its tables before its state says that it runs", () => {
  const bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, direct: true }] });
  expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
  const seen: string[] = [];
  bench.machine.onIntrinsic = (name, pcpu) => {
    if (pcpu.index === STANDARD.housekeeper) seen.push(name);
  };
  expect(bench.command(1, abi.COMMAND_RESUME)).toBe(abi.REPLY_OK);
  const written = seen.lastIndexOf("physicalWrite64");
  expect(written).toBeGreaterThan(0);
  expect(seen.slice(written, seen.indexOf("compareExchange32", written))).toContain("dsbSy");
});

test("a partition whose memory is taken away has none of its translations behind the last of two invalidations' DSB", () => {
  const bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, direct: true }] });
  const seen: string[] = [];
  bench.machine.onIntrinsic = (name) => seen.push(name);
  expect(bench.command(1, abi.COMMAND_PAUSE)).toBe(abi.REPLY_OK);
  const first = seen.indexOf("tlbiVmalls12e1is");
  expect(seen.slice(first, first + 4)).toEqual(["tlbiVmalls12e1is", "dsbIsh", "tlbiVmalls12e1is", "dsbIsh"]);
});

test("a kick has been sent for all to see before it is no longer announced (gic.ts, concludeKicks)", () => {
  const bench = new Bench({ ...STANDARD, partitions: [LINUX, { ...PLC, direct: true }] });
  const seen: string[] = [];
  bench.machine.onIntrinsic = (name, pcpu) => {
    if (pcpu.index === STANDARD.housekeeper) seen.push(name);
  };
  expect(bench.command(1, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
  const sent = seen.lastIndexOf("msr_ICC_SGI1R_EL1");
  expect(sent).toBeGreaterThan(0);
  expect(seen.slice(sent, seen.indexOf("atomicAdd32", sent))).toContain("dsbSy");
});

test("whoever is interrupted by us sees what was stored before: a DSB comes ahead of ISPENDR and of SGIs (gic.ts)", () => {
  const bench = new Bench();
  const guest = bench.openInterrupts(0);
  guest.hvc(CPU_ON_64, 1, 0x6000_0000, 0);
  bench.machine.settle();
  const before = (what: string, act: () => void): string | undefined => {
    const seen: string[] = [];
    bench.machine.onIntrinsic = (name) => seen.push(name);
    act();
    bench.machine.onIntrinsic = undefined;
    return seen[seen.lastIndexOf(what) - 1];
  };
  expect(before("mmioWrite32", () => guest.hvc(calls.HYPERCALL_DOORBELL, 0))).toBe("dsbSy");
  expect(before("msr_ICC_SGI1R_EL1", () => bench.sendSgi(0, 5, 0b10))).toBe("dsbSy");
});

test("a pCPU whose Aff0 is 16 or more is reached, by ICC_SGI1R_EL1.RS, and its neighbour in the list is not", () => {
  const board = { ...qemuVirt, cpus: qemuVirt.cpus.map((cpu, n) => (n === 3 ? { ...cpu, mpidr: 0x12n } : cpu)) };
  const bench = new Bench({ ...STANDARD, board });
  expect(bench.guest(3).running).toBe(true);
  const { lives } = bench.guest(2).pcpu;
  expect(bench.command(1, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
  expect(bench.partition(1).state).toBe("off");
  expect([bench.guest(3).running, bench.guest(2).pcpu.lives]).toEqual([false, lives]);
});

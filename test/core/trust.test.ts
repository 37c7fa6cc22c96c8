// A direct partition that is trusted with its SGIs (ICH_HCR_EL2.TC = 0; IHI 0069 §12.4.5): nothing it does with its CPU
// interface is an exit, and what it may then do to others is what the plan says.
import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import type { Guest } from "../../tools/machine/aarch64/guest.ts";
import { GUEST_GICD, LINUX, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench, KICK_SGI, result, value } from "./bench.ts";
import { DIRECT, sgi, takeAll } from "./directBench.ts";
import { CPU_ON_64 } from "./functions.ts";

/** Without its channel, which has a memory region, too. */
const alone = (partition: PartitionSpec): PartitionSpec => ({
  ...partition,
  channels: [],
  regions: partition.regions.filter(({ kind }) => kind !== "channel"),
});
const TRUSTED = {
  ...STANDARD,
  housekeeper: 3,
  partitions: [
    { ...alone(PLC), direct: true, trustedSgi: true, cpus: [0, 1] },
    { ...alone(LINUX), cpus: [2] },
  ],
};
const GROUP_0 = ["ICC_IAR0_EL1", "ICC_HPPIR0_EL1"] as const;

let bench: Bench;
let guest: Guest;
let other: Guest;
const exits = (): number => [0, 1].reduce((all, vcpu) => all + bench.vcpu(0, vcpu).exits.reduce((sum, n) => sum + n, 0), 0);

beforeEach(() => {
  bench = new Bench(TRUSTED);
  guest = bench.openInterrupts(0);
  expect(result(guest.hvc(CPU_ON_64, 1, 0x4000_0000, 0))).toBe(0);
  bench.machine.settle();
  other = bench.openInterrupts(1);
});

test("SGIs, masks, EOImode, deactivation and the running priority are no exits, and do what they do on the bare machine", () => {
  const before = exits();
  value(guest.msr("ICC_SGI1R_EL1", sgi(3, 0b10)));
  expect(takeAll(other)).toEqual([3]);
  for (const mask of [0n, 0x80n, 0xf0n]) {
    value(guest.msr("ICC_PMR_EL1", mask));
    expect(value(guest.mrs("ICC_PMR_EL1"))).toBe(mask);
  }
  value(guest.msr("ICC_CTLR_EL1", value(guest.mrs("ICC_CTLR_EL1")) | 2n));
  value(guest.msr("ICC_SGI1R_EL1", sgi(4, 0b01)));
  expect(guest.acknowledge()).toBe(4);
  expect(value(guest.mrs("ICC_RPR_EL1"))).toBeLessThan(0xffn);
  value(guest.msr("ICC_EOIR1_EL1", 4n));
  value(guest.msr("ICC_DIR_EL1", 4n));
  value(guest.msr("ICC_SGI1R_EL1", sgi(4, 0b01)));
  expect(guest.acknowledge()).toBe(4);
  expect(exits()).toBe(before);
});

test("its mask holds everything back, from reset on, and is kept over a pause", () => {
  for (const mask of [0n, 0x60n]) {
    value(guest.msr("ICC_PMR_EL1", mask));
    bench.command(0, abi.COMMAND_PAUSE);
    bench.pass(2);
    expect(guest.running).toBe(false);
    bench.command(0, abi.COMMAND_RESUME);
    bench.pass(2);
    expect(guest.running).toBe(true);
    expect(value(guest.mrs("ICC_PMR_EL1"))).toBe(mask);
  }
  bench.command(0, abi.COMMAND_RESTART);
  bench.pass(5);
  expect(value(guest.mrs("ICC_PMR_EL1"))).toBe(0n);
});

test("group 0 stays trapped: it may be firmware's", () => {
  const before = exits();
  for (const name of GROUP_0) expect(value(guest.mrs(name))).toBe(1023n);
  expect(exits()).toBe(before + GROUP_0.length);
});

test("it is stopped all the same while it runs, masked or not, and does not sleep through a stop", () => {
  value(guest.msr("ICC_PMR_EL1", 0n));
  expect(bench.command(0, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
  bench.pass(5);
  expect([guest.running, other.running]).toEqual([false, false]);
  expect(bench.partition(0).state).toBe("off");
  bench.command(0, abi.COMMAND_START);
  bench.pass(5);
  guest.wfi();
  expect(guest.pcpu.asleep).toBe(undefined);
  guest.driver.enable(true); // its mask holds everything back still
  guest.wfi();
  expect(guest.pcpu.asleep).toBe(undefined);
});

describe("what the plan says that it can do", () => {
  test("an SGI to every pCPU, the hypervisor's own too: no request comes with it, and nobody is stopped", () => {
    for (const intid of [KICK_SGI, 3]) value(guest.msr("ICC_SGI1R_EL1", sgi(intid, 0, 1n << 40n)));
    bench.machine.settle();
    bench.pass(5);
    expect(bench.guest(2).running).toBe(true);
    expect(bench.partition(1)).toMatchObject({ state: "running", restarts: 0 });
  });

  test("a foreign interrupt is deactivated; its owner goes on", () => {
    const linux = bench.openInterrupts(2);
    bench.enable(2, 50);
    bench.machine.setLine(50, true);
    bench.machine.setLine(50, false);
    bench.machine.settle();
    value(guest.msr("ICC_CTLR_EL1", value(guest.mrs("ICC_CTLR_EL1")) | 2n));
    value(guest.msr("ICC_DIR_EL1", 50n));
    bench.machine.settle();
    expect(linux.acknowledge()).toBe(50);
    linux.endOfInterrupt(50);
    bench.machine.settle();
    expect(linux.running).toBe(true);
  });
});

test("one that is not trusted has them trapped", () => {
  const plain = new Bench(DIRECT);
  const direct = plain.openInterrupts(3);
  const before = plain.vcpu(1, 0).exits.reduce((sum, n) => sum + n, 0);
  value(direct.msr("ICC_PMR_EL1", 0n));
  value(direct.msr("ICC_SGI1R_EL1", sgi(3, 1)));
  expect(plain.vcpu(1, 0).exits.reduce((sum, n) => sum + n, 0)).toBe(before + 2);
  expect(value(direct.load(GUEST_GICD, 4))).toBeGreaterThan(0n);
});

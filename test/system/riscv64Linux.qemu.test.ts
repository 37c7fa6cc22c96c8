// Debian 13's unmodified riscv64 kernel as a guest with direct interrupts, from its first instruction to power-off: how often it
// comes to the hypervisor, and for what.
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { PLC_TAG_SCANS } from "../../rtos-guests/plc/abi.ts";
import { riscv64Linux } from "../linux/riscv64.ts";
import { imageOf } from "./riscv64Board.ts";
import { linuxSystem } from "./riscv64Linux.ts";
import type { LinuxSpec } from "./riscv64Linux.ts";
import { plcGuest, Riscv64System } from "./riscv64System.ts";

/** HS entries of a whole life of Linux. */
const EXITS_MAX = 40;
const [LINUX, PLC] = [0, 1];
const PLC_HART = 3;

const SCRIPT = `
/bin/busybox mount -t proc proc /proc
echo "axv: harts=$(/bin/busybox nproc)"
/bin/busybox cat /proc/interrupts
/bin/busybox poweroff -f`;

let system: Riscv64System | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

async function boot(spec: Pick<LinuxSpec, "harts" | "plc">): Promise<Riscv64System> {
  const { kernel, busybox } = await riscv64Linux();
  const contents = linuxSystem({
    ...spec, kernel, busybox, script: SCRIPT, bootargs: "panic=1 quiet",
  });
  return (system = await Riscv64System.start(await imageOf(contents), { harts: contents.harts, memory: "1G", realTime: true }));
}

/** Besides the console's and those of the APLIC's set-up, which is whichever hart's Linux has do it. */
const besides = (exits: readonly number[]): number =>
  exits
    .filter((_, cause) => cause !== abi.EXIT_CONSOLE && cause !== abi.EXIT_CONTROLLER)
    .reduce((sum, count) => sum + count, 0);

test("on one hart: a shell script runs, by its console's interrupt, and powers it off", async () => {
  const booted = await boot({ harts: 1 });
  await booted.until("power-off", () => booted.partitions.get(LINUX)?.state === "off");
  expect(booted.printed).toContain("axv: harts=1");
  expect(Number(/: +(\d+) +APLIC-MSI.* 64 Edge .*ttyS0/.exec(booted.printed)?.[1])).toBeGreaterThan(0);
  const stops = booted.events.filter(({ code }) => code === abi.EVENT_STOPPED).map(({ a }) => a);
  expect(stops).toEqual([BigInt(abi.STOP_SYSTEM_OFF)]);
  const exits = booted.vcpus.get(1)?.exits.map(Number) ?? [];
  expect(besides(exits), exits.join(" ")).toBeLessThanOrEqual(EXITS_MAX);
  expect(exits[abi.EXIT_FAULT]).toBe(0);
});

test("on two harts, beside a PLC guest on its own, which is not entered meanwhile", async () => {
  const booted = await boot({ harts: 2, plc: readFileSync(await plcGuest()) });
  const scans = (): bigint => booted.partitions.get(PLC)?.tags.get(PLC_TAG_SCANS) ?? 0n;
  await booted.until("scans", () => scans() > 10n);
  const [before, from] = [booted.vcpus.get(PLC_HART)?.exits, scans()];
  await booted.until("power-off", () => booted.partitions.get(LINUX)?.state === "off");
  const until = scans();
  await booted.until("scans after it", () => scans() > until);
  expect(scans()).toBeGreaterThan(from + 100n);
  expect(booted.vcpus.get(PLC_HART)?.exits).toEqual(before);
  expect(booted.printed).toContain("axv: harts=2");
  // Linux sends its own by messages to the other hart's file.
  const [, ...ipis] = (/IPI1: +(\d+) +(\d+)/.exec(booted.printed) ?? []).map(Number);
  expect(Math.min(...ipis)).toBeGreaterThan(0);
  const second = booted.vcpus.get(2)?.exits.map(Number) ?? [];
  expect(besides(second), second.join(" ")).toBeLessThanOrEqual(10);
});

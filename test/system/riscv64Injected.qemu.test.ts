// Guests of RISC-V whose interrupts are injected: what an emulated PLIC brings them.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { riscv64Program } from "../guests/bareMetal/program.ts";
import { BootedSystem } from "./bootedSystem.ts";

let system: BootedSystem | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

test("Debian's Linux has its CPUs, its disk and its network by them", async () => {
  const demo = readFileSync("partitions/examples/demo-riscv64.yaml", "utf8");
  const yaml = demo.replace(/^ {4}interrupts: direct # of its devices.*\n/m, "");
  expect(yaml).not.toBe(demo);
  const booted = (system = await BootedSystem.boot("riscv64-injected", yaml));
  const report = await booted.line("linux", /^axv: linux=/);
  expect(report).toMatch(/^axv: linux=6\.12\.\S*-riscv64 cpus=2 disk=ok net=ok channel=ok$/);
  const { exits } = booted.partition("linux");
  expect(exits[abi.EXIT_INTERRUPT]).toBeGreaterThan(0);
  expect(exits[abi.EXIT_FAULT]).toBe(0);
});

/** Builds of RT-Thread's bsp/qemu-virt64-riscv, of whoever runs this. */
const images = (process.env["AXV_GUEST_RTTHREAD_RISCV64"] ?? "").split(":").filter((path) => path !== "");
test.skipIf(images.length === 0).each(images.map((path) => resolve(path)))("RT-Thread's shell answers: %s", async (image) => {
  const booted = (system = await BootedSystem.boot("riscv64-rtthread", `
board: qemu-riscv64
partitions:
  rtos: { guest: rt-thread, image: ${image}, cpus: [1] }
`));
  await booted.until("its shell", () => /msh [/>]/.test(booted.printed("rtos")));
  booted.type("rtos", "version\r");
  await booted.until("its answer", () => /version[^]*build[^]*msh/.test(booted.printed("rtos")));
});

const RT_THREAD_BASE = 0x8020_0000;

test("who drives it as RT-Thread does hears its console and a level, has its ticks, and powers off", async () => {
  const folder = mkdtempSync(join(tmpdir(), "axv-plic-"));
  try {
    const image = riscv64Program(folder, "plic", RT_THREAD_BASE);
    const booted = (system = await BootedSystem.boot("riscv64-plic", `
board: qemu-riscv64
partitions:
  rtos: { guest: rt-thread, image: ${image}, cpus: [1], devices: [rtc] }
  plc: { guest: plc, cpus: [3], interrupts: direct }
`));
    await booted.line("rtos", /ready/);
    booted.type("rtos", "hello r");
    await booted.line("rtos", /alarm/);
    booted.type("rtos", "!");
    const said = await booted.line("rtos", /^ticks=/);
    const [, ticks, heard, alarms, others] = (/^ticks=(\d+) heard=(\d+) alarms=(\d+) others=(\d+)$/.exec(said) ?? []).map(Number);
    expect(ticks).toBeGreaterThan(0);
    expect([heard, others]).toEqual([8, 0]);
    // Completed before it was over, a level comes once more.
    expect(alarms).toBeOneOf([1, 2]);
    await booted.until("power-off", () => booted.partition("rtos").telemetry?.state === "off");
    expect(booted.partition("plc").telemetry?.state).toBe("running");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

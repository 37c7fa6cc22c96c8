// The demo on RISC-V: Debian 13, its kernel unmodified, on two harts with disk and network passed through, beside a PLC guest
// whose process image it reads, and to which it may bring a new image. Interrupts of both are direct.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { demoRiscv64 } from "./systems.ts";
import { updateThePlc } from "./updateSteps.ts";
import { makeUpdate } from "./updateSystem.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-riscv64-demo-"));
let system: BootedSystem;
let update: Buffer;
beforeAll(async () => {
  const { text, bytes } = await makeUpdate(folder, "riscv64", demoRiscv64());
  update = bytes;
  system = await BootedSystem.boot("riscv64-demo", text);
});
afterAll(async () => {
  await system.stop();
  rmSync(folder, { recursive: true });
});

const exits = (name: string): number[] => system.partition(name).exits;

// `net=`: busybox's ping reads `time` in user mode.
test("Linux has its CPUs and its disk, by interrupts of its own, and reads what the PLC guest publishes", async () => {
  const report = await system.line("linux", /^axv: linux=/);
  expect(report).toMatch(/^axv: linux=6\.12\.\S*-riscv64 cpus=2 disk=ok net=ok channel=ok$/);
  const first = await system.line("linux", /process image: scans=\d+/);
  const scans = BigInt(/scans=(\d+)/.exec(first)?.[1] ?? 0);
  const before = exits("plc");
  const later = (text: string): boolean => BigInt(/process image: scans=(\d+)/.exec(text)?.[1] ?? 0) > scans;
  await system.until("a later process image", () => system.said("linux").some(later));
  expect(exits("plc")).toEqual(before);
  expect(exits("linux")[abi.EXIT_FAULT]).toBe(0);
});

test("its PLC scans on while Linux brings it an image, runs that after a restart, and after a rollback its old one", async () => {
  await updateThePlc(system, update);
});

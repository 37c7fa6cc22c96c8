// The demo on RISC-V: Debian 13, its kernel unmodified, on two harts with disk and network passed through, beside a PLC guest
// whose process image it reads, and to which it may bring a new image. Interrupts of both are direct.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { Bridge } from "../../industrial/bridge/bridge.ts";
import { logger } from "../../industrial/bridge/log.ts";
import { BridgeFile } from "../../industrial/bridge/schema.ts";
import { MIB } from "../../partitions/units.ts";
import { type SlotState, UNKNOWN, writeState } from "../../tools/firmware/slots.ts";
import { file, program } from "../../tools/linux/cpio.ts";
import { planFile } from "../../tools/plan/file.ts";
import { soundSystem } from "../../tools/plan/show.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { demoRiscv64 } from "./systems.ts";
import { updateThePlc } from "./updateSteps.ts";
import { makeUpdate } from "./updateSystem.ts";

/** As if slot b had been started. */
const STATE: SlotState = {
  ...UNKNOWN, generation: 1n, status: { a: "good", b: "pending" }, order: ["b", "a"], tries: 2, booted: "b",
};
/** What RAUC calls, and what commits; they need no bridge. */
const SCRIPTS = ["axv-commit", "axv-slots"].map((name) => program(`bin/${name}`, readFileSync(`industrial/bridge/${name}`)));

const folder = mkdtempSync(join(tmpdir(), "axv-riscv64-demo-"));
let system: BootedSystem;
let update: Buffer;
beforeAll(async () => {
  const { text, bytes } = await makeUpdate(folder, "riscv64", demoRiscv64(), {
    beside: [...SCRIPTS, file("state", Buffer.concat([writeState(STATE), Buffer.alloc(MIB)]))],
  });
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

// axv-commit waits three seconds for each of two answers.
test("axv-slots reads and writes the slots' state, and axv-commit asks the hypervisor by the second 16550", async () => {
  system.type("linux", "export AXV_STATE=/state AXV_RUN=/tmp; echo slots: $(axv-slots get-primary) $(axv-slots get-current)\r");
  await system.line("linux", /^slots: b b/);
  system.type("linux", "axv-commit\r");
  expect(await system.line("linux", /^axv-commit: /)).toContain("slot b is good, and nothing is on trial");
});

// Last: it ends the run's link. Of what `demo --bridge` serves the metrics, for OPC UA takes long to start.
test("its process values reach a bridge on this machine", async () => {
  const planned = soundSystem(planFile("partitions/examples/demo-riscv64.yaml", "none"));
  const parsed = BridgeFile.parse({ system: "system.yaml", metrics: { listen: "127.0.0.1:9464" } });
  const settings = { ...parsed, metrics: { listen: { host: "127.0.0.1", port: 0 } } };
  const bridge = await Bridge.start(planned, settings, await logger("warn"), () => Promise.resolve(system.session.link));
  const value = /^axv_tag\{partition="plc",tag="Furnace\.Setpoint",unit="m°C"\} [1-9]/m;
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${bridge.ports.metrics}/metrics`)).text();
  await system.until("a value", async () => value.test(await metrics()));
  await bridge.close();
});

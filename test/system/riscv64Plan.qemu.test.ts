// A system.yaml on RISC-V, planned, built, and booted in QEMU behind OpenSBI, on four harts: what a user of `axv-part run` has,
// and of `run --gdb`.
import { afterEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { PLC_TAG_SCANS } from "../../rtos-guests/plc/abi.ts";
import { CORE_RISCV64 } from "../../tools/build/programs.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { coreHash } from "./coreHash.ts";
import { freePort, gdb } from "./gdb.ts";
import { PATIENT_WATCHDOG } from "./systems.ts";

const YAML = `
board: qemu-riscv64
partitions:
  one: { guest: plc, cpus: [1], interrupts: direct, watchdog: ${PATIENT_WATCHDOG}, on_failure: restart }
  two: { guest: plc, cpus: [3], clock: own }
channels:
  process-image: { between: [one, two] }
`;
const MORE_SCANS = 300n;

let system: BootedSystem | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

const scansOf = (booted: BootedSystem, name: string): bigint => booted.partition(name).telemetry?.tags.get(PLC_TAG_SCANS) ?? 0n;
/** By cause. */
const exitsOf = (booted: BootedSystem, name: string): number[] => booted.partition(name).exits;
const startsOf = (booted: BootedSystem, name: string): number =>
  booted.partition(name).events.filter(({ code }) => code === abi.EVENT_STARTED).length;

test("two PLC guests scan, direct and injected, without an exit on their harts; one is restarted; gdb steps along", async () => {
  const port = await freePort();
  const booted = (system = await BootedSystem.boot("riscv64", YAML, { qemu: ["-gdb", `tcp:127.0.0.1:${port}`] }));
  expect(booted.coreHash).toBe(coreHash(undefined, "riscv64"));
  // It has asked what there is, and its vCPU's telemetry has come.
  const ready = (): boolean =>
    ["one", "two"].every((name) => scansOf(booted, name) > MORE_SCANS && exitsOf(booted, name).some((count) => count > 0));
  await booted.until("scans of both", ready);
  const before = ["one", "two"].map((name) => exitsOf(booted, name));
  const from = scansOf(booted, "one");
  await booted.until("more scans", () => scansOf(booted, "one") > from + MORE_SCANS);
  expect(["one", "two"].map((name) => exitsOf(booted, name))).toEqual(before);
  // The watchdog has been fed all the time, by the mailbox.
  expect(["one", "two"].map((name) => startsOf(booted, name))).toEqual([1, 1]);
  for (const name of ["one", "two"]) expect(booted.printed(name)).toContain("plc: started, 1000 scans a second");
  await booted.session.link.command(booted.index("one"), "restart");
  await booted.until("it to be started again", () => startsOf(booted, "one") === 2);
  await booted.until("its scans", () => scansOf(booted, "one") > 0n);
  expect(booted.partition("two").telemetry?.state).toBe("running");

  // The housekeeper's own, each tick.
  const steps = ["hbreak core_housekeeper_serve", "continue", "next", "frame", "delete", "detach"];
  const said = await gdb(port, booted.plan.image.base, steps, CORE_RISCV64);
  expect(said).toMatch(/Breakpoint 1, core_housekeeper_serve \(.*\) at core\/\w+\.ts:\d+\n\d+\t/); // and the line
  expect(said).toMatch(/#0 .* at core\/\w+\.ts:\d+/);
  const after = scansOf(booted, "two");
  await booted.until("it to go on", () => scansOf(booted, "two") > after + MORE_SCANS);
});

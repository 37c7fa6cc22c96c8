// Three guests on QEMU's ZCU102: a GICv2 whose pages repeat every 4 KiB, a Cadence UART, RAM from 0, no device tree from
// firmware. The core is the same, byte for byte. Where the two pages of a CPU interface are shows by interrupts that are ended in
// two steps: the hypervisor does so with the physical one, and a guest with its virtual one.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judgeHealth } from "../../tools/run/checks.ts";
import type { Check } from "../../tools/run/checks.ts";
import { bareMetalProgram } from "../guests/bareMetal/program.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { testPlcPair } from "./plcPair.ts";
import { PATIENT_WATCHDOG } from "./systems.ts";

/** Where a guest that brings no addresses of its own sees its devices: where the board has them. */
const ADDRESSES = ["-DUART=0xff000000ul", "-DGICD=0xf9010000ul", "-DGICC=0xf902f000ul"];

const yaml = (split: string): string => `
board: xlnx-zcu102
partitions:
  injected: { guest: plc, cpus: [1], memory: 16M, watchdog: ${PATIENT_WATCHDOG} }
  direct: { guest: plc, cpus: [3], memory: 16M, interrupts: direct, watchdog: ${PATIENT_WATCHDOG} }
  split: { guest: bare-metal, image: ${split}, cpus: [2] }
channels:
  bell: { between: [injected, direct] }
`;

describe("two PLC guests, injected and direct, and one with EOImode 1, on xlnx-zcu102", () => {
  let folder: string;
  let system: BootedSystem;
  let health: () => Check[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "axv-zcu102-"));
    const { elf } = bareMetalProgram(folder, "split", "splitEnd.c", 0x4000_0000, ADDRESSES);
    system = await BootedSystem.boot("zcu102", yaml(elf));
    health = judgeHealth(system.session);
  });
  afterAll(async () => {
    await system?.stop();
    rmSync(folder, { recursive: true });
  });

  test("what ends its interrupts in two steps finds each step done, and nothing more", async () => {
    await system.until("1000 SGIs", () => system.said("split").some((text) => /^split: sgis \d{4}/.test(text)));
    const [, ticks, wrong] = /ticks (\d+), wrong (\d+)/.exec(system.said("split").at(-1) ?? "") ?? [];
    expect(Number(ticks)).toBeGreaterThan(0);
    expect(wrong).toBe("0");
  });

  testPlcPair(() => system, () => health());
});

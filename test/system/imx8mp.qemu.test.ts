// Two PLC guests on QEMU's i.MX 8M Plus EVK, injected and direct: a GICv3 and RAM elsewhere than on `virt`, i.MX UARTs, a counter
// of 8 MHz, no device tree from firmware. The core is the same, byte for byte. QEMU has the machine from version 10 on; AXV_QEMU
// is the path of one.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, test } from "vitest";
import { judgeHealth } from "../../tools/run/checks.ts";
import type { Check } from "../../tools/run/checks.ts";
import { findQemu } from "../../tools/run/qemu.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { testPlcPair } from "./plcPair.ts";
import { PATIENT_WATCHDOG } from "./systems.ts";

const isThere = /^imx8mp-evk\s/m.test(execFileSync(findQemu(), ["-M", "help"], { encoding: "utf8" }));

const YAML = `
board: imx8mp-evk
partitions:
  injected: { guest: plc, cpus: [1], memory: 16M, watchdog: ${PATIENT_WATCHDOG} }
  direct: { guest: plc, cpus: [3], memory: 16M, interrupts: direct, watchdog: ${PATIENT_WATCHDOG} }
channels:
  bell: { between: [injected, direct] }
`;

test.skipIf(isThere)(
  "QEMU here does not know imx8mp-evk, as 10.0 does: it is not tried (AXV_QEMU=/path/to/qemu-system-aarch64)",
  (context) => context.skip(),
);

describe.runIf(isThere)("two PLC guests, injected and direct, on imx8mp-evk", () => {
  let system: BootedSystem;
  let health: () => Check[];
  beforeAll(async () => {
    system = await BootedSystem.boot("imx8mp", YAML);
    health = judgeHealth(system.session);
  });
  afterAll(async () => system?.stop());

  testPlcPair(() => system, () => health());
});

// The newest QEMU that the project is tried on, with everything that its CPUs have (-cpu max), where it
// is installed, or AXV_QEMU is the path of one: what a newer CPU announces (MOPS, SCXTNUM_EL1 and so on)
// a guest can use, or is not shown it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { qemuVersion } from "../qemuVersion.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { demo } from "./systems.ts";

const WANTED = [11, 1] as const;
const [major, minor] = qemuVersion();
const isNew = major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1]);

test.skipIf(isNew)(
  `QEMU here is ${major}.${minor}, not ${WANTED.join(".")}: -cpu max is not tried (AXV_QEMU=/path/to/qemu-system-aarch64)`,
  (context) => context.skip(),
);

describe.runIf(isNew)(`QEMU ${major}.${minor}, -cpu max`, () => {
  let system: BootedSystem;
  beforeAll(async () => {
    system = await BootedSystem.boot("max", demo("qemu-aarch64", "direct"), { qemu: ["-cpu", "max"] });
  });
  afterAll(async () => system?.stop());

  test("Debian Linux boots beside the PLC guest, with two CPUs, disk, network and the channel", async () => {
    expect(await system.line("linux", /^axv: linux=/)).toMatch(/cpus=2 disk=ok net=ok channel=ok/);
  });

  test("the PLC guest scans, and has not had an exit since it was ready", async () => {
    const plc = system.partition("plc");
    await system.until("1000 scans", () => (plc.tag(plcAbi.PLC_TAG_SCANS) ?? 0n) > 1000n && plc.sinceReady.exits !== undefined);
    expect(plc.sinceReady.exits).toBe(0);
    expect(plc.held).toBe(0n);
  });
});

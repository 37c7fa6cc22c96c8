// As newestQemu, for RISC-V: QEMU 10.0 (Debian 13's) with everything that its harts have (-cpu max): Sscofpmf, Smstateen, double
// traps and so on; vectors and Svinval, of which guests are told. All other tests of RISC-V run on it, too:
// AXV_QEMU=/path/to/qemu-system-riscv64 npm test.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import * as abi from "../../core/abi.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { RISCV64 } from "../../tools/build/targets/riscv64.ts";
import { qemuVersion } from "../qemuVersion.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { PATIENT_WATCHDOG } from "./systems.ts";

const WANTED = 10;
const NAME = "qemu-riscv64-max";
/** What guests are told of it, besides what qemu-riscv64 has. */
const MORE = ["v", "zicond", "zvbb", "svinval", "svnapot"];
const yaml = (file: string) => parseDocument(readFileSync(file, "utf8"));
const [major, minor] = qemuVersion(RISCV64.emulator);
const isNew = major >= WANTED;

test.skipIf(isNew)(
  `QEMU here is ${major}.${minor}, not ${WANTED}.0: -cpu max is not tried (AXV_QEMU=/path/to/qemu-system-riscv64)`,
  (context) => context.skip(),
);

describe.runIf(isNew)(`QEMU ${major}.${minor}, -cpu max`, () => {
  let system: BootedSystem;
  beforeAll(async () => {
    const board = yaml("boards/qemu-riscv64/board.yaml");
    board.set("name", NAME);
    for (const extension of MORE) board.addIn(["cpus", "extensions"], extension);
    board.setIn(["boot", "qemu", "cpu"], "max");
    const demo = yaml("partitions/examples/demo-riscv64.yaml");
    demo.set("board", NAME);
    demo.setIn(["partitions", "linux", "pmu"], true);
    demo.setIn(["partitions", "plc", "watchdog"], PATIENT_WATCHDOG);
    system = await BootedSystem.boot("riscv64-max", demo.toString(), {
      beside: { [`boards/${NAME}/board.yaml`]: board.toString() },
    });
  });
  afterAll(async () => system?.stop());

  test("Debian Linux boots beside the PLC guest, with two CPUs, disk, network and the channel", async () => {
    expect(await system.line("linux", /^axv: linux=/)).toMatch(/cpus=2 disk=ok net=ok channel=ok/);
    expect(system.partition("linux").exits[abi.EXIT_FAULT]).toBe(0);
  });

  test("Linux has found its vectors, and its counters of hardware by SBI", () => {
    const said = system.said("linux").join("\n");
    expect(said).toMatch(/riscv: ELF capabilities acdfimv\r?\n/);
    expect(said).toMatch(/riscv-pmu-sbi: 0 firmware and 16 hardware counters/);
  });

  test("the PLC guest scans, and has not had an exit since it was ready", async () => {
    const plc = system.partition("plc");
    await system.until("1000 scans", () => (plc.tag(plcAbi.PLC_TAG_SCANS) ?? 0n) > 1000n && plc.sinceReady.exits !== undefined);
    expect(plc.sinceReady.exits).toBe(0);
    expect(plc.held).toBe(0n);
  });
});

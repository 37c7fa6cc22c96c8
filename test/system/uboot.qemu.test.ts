// The way a board boots: U-Boot, at EL2, takes the image for a Linux arm64 Image (`booti`) and starts it.
import { closeSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { prepare } from "../../tools/run/prepare.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import { until } from "../patience.ts";
import { twoPlcs } from "./systems.ts";

/** Debian's package u-boot-qemu. */
const U_BOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
const PROMPT = "=> ";
/** So often a key is pressed, until U-Boot looks. */
const KEY_MS = 200;

test("U-Boot's booti starts the image, and both partitions run", async () => {
  const folder = mkdtempSync(join(tmpdir(), "axv-uboot-"));
  const file = join(folder, "test-uboot.yaml");
  writeFileSync(file, twoPlcs());
  const { plan, image, opened } = await prepare(file, () => {});
  closeSync(opened);
  const address = `0x${plan.image.base.toString(16)}`;
  const machine = await startQemu([
    ...["-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a53", "-smp", "4", "-m", "1G", "-bios", U_BOOT],
    ...["-device", `loader,file=${image},addr=${address},force-raw=on`],
  ]);
  try {
    let said = "";
    machine.uart.on("data", (bytes: Buffer) => (said += bytes.toString("latin1")));
    const session = new Session(machine.uart, plan.partitions);
    const press = (): void => void machine.uart.write("\n");
    await until("U-Boot's prompt", () => said.includes(PROMPT), { meanwhile: press, pollMs: KEY_MS, seen: () => said });
    machine.uart.write(`booti ${address} - \${fdtcontroladdr}\n`);
    const scans = (name: string): bigint => session.monitor.named(name)?.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
    await until("scans of both partitions", () => scans("first") > 100n && scans("second") > 100n, { seen: () => said });
    expect(said).toContain(`axv: image at 0x${plan.image.base.toString(16).padStart(16, "0")}`);
    session.link.close();
  } finally {
    await machine.stop();
    rmSync(folder, { recursive: true });
  }
});

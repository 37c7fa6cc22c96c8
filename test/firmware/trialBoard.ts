// A disk that boots in QEMU behind Debian's unchanged U-Boot, and a PLC guest that becomes healthy there.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../../partitions/plan/plan.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import { until } from "../patience.ts";

/** Debian's package u-boot-qemu. */
const U_BOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";

/** A PLC guest whose overruns count for nothing: on an emulated board there are some at any time. */
export const LENIENT = "lenient";

/** Its profile, and its image plc.bin, beside the system.yaml of that folder. */
export function writeLenientGuest(folder: string): void {
  mkdirSync(join(folder, "guests"));
  const profile = readFileSync("rtos-guests/profiles/plc.yaml", "utf8");
  const lenient = profile.replace("name: plc", `name: ${LENIENT}`).replace("name: overruns", "name: late");
  writeFileSync(join(folder, `guests/${LENIENT}.yaml`), lenient);
  copyFileSync("build/plc/plc.bin", join(folder, "plc.bin"));
}

export interface Board {
  readonly session: Session;
  /** All that the UART has said. */
  readonly said: () => string;
  readonly until: (what: string, condition: () => boolean) => Promise<void>;
  readonly scans: () => bigint;
}

/** `plan`: the file of the system that starts. The disk is the first virtio device. */
export async function withBoard(disk: string, plan: string, work: (board: Board) => Promise<void>): Promise<void> {
  const { partitions } = JSON.parse(readFileSync(plan, "utf8")) as Plan;
  const machine = await startQemu([
    ...["-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a53", "-smp", "4", "-m", "1G", "-bios", U_BOOT],
    ...["-global", "virtio-mmio.force-legacy=false", "-drive", `if=none,format=raw,id=disk,file=${disk}`],
    ...["-device", "virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0"],
  ]);
  let said = "";
  machine.uart.on("data", (bytes: Buffer) => (said += bytes.toString("latin1")));
  const session = new Session(machine.uart, partitions);
  const scans = (): bigint => session.monitor.named("plc")?.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
  try {
    await work({ session, said: () => said, until: (what, holds) => until(what, holds, { seen: () => said }), scans });
  } finally {
    session.link.close();
    await machine.stop();
  }
}

// A disk of ours in Debian's unchanged U-Boot, without a key pressed: it finds boot.scr by itself, and the system starts.
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../partitions/plan/plan.ts";
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import { inspectFile } from "../../tools/firmware/inspect/inspect.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { axvPart } from "../output/axvPart.ts";
import { until } from "../patience.ts";
import { twoPlcs } from "../system/systems.ts";

/** Debian's package u-boot-qemu. */
const U_BOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";

const folder = mkdtempSync(join(tmpdir(), "axv-disk-boot-"));
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  writeFileSync(at("line.yaml"), twoPlcs());
  for (const parameters of [["--disk", "image.img"], ["--fit", "--unsigned", "--disk", "fit.img"]])
    expect(axvPart(folder, "build", "line.yaml", ...parameters)).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What U-Boot and the hypervisor say until both partitions have scanned. */
async function boot(disk: string): Promise<string> {
  const { partitions } = JSON.parse(readFileSync(at("build/line/plan.json"), "utf8")) as Plan;
  const machine = await startQemu([
    ...["-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a53", "-smp", "4", "-m", "1G", "-bios", U_BOOT],
    ...["-drive", `if=none,format=raw,id=disk,file=${at(disk)}`, "-device", "virtio-blk-device,drive=disk"],
  ]);
  try {
    let said = "";
    machine.uart.on("data", (bytes: Buffer) => (said += bytes.toString("latin1")));
    const session = new Session(machine.uart, partitions);
    const scans = (name: string): bigint => session.monitor.named(name)?.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
    await until("scans of both partitions", () => scans("first") >= 100n && scans("second") >= 100n, { seen: () => said });
    session.link.close();
    return said;
  } finally {
    await machine.stop();
  }
}

const stateOf = (disk: string): unknown => {
  const found = inspectFile(at(disk));
  if (found.kind !== "disk") throw new Error(found.kind);
  return found.parts.flatMap(({ contents }) => (contents.what === "state" ? [contents.state] : []))[0];
};

test("the image in slot a starts, and the state says so", async () => {
  expect(await boot("image.img")).toMatch(/axv: slot a \(good\)[^]*axv: image at 0x0000000040200000/);
  expect(stateOf("image.img")).toMatchObject({ from: 1, state: { generation: 2n, booted: "a" } });
});

test("a FIT of which a byte has changed in slot a does not: U-Boot refuses it, and slot b starts", async () => {
  const found = inspectFile(at("fit.img"));
  const slot = found.kind === "disk" ? found.parts.find(({ name }) => name === "slot-a") : undefined;
  const file = openSync(at("fit.img"), "r+");
  const byte = new Uint8Array(1);
  const place = ((slot?.first ?? 0) + 100) * SECTOR;
  readSync(file, byte, 0, 1, place);
  writeSync(file, byte.map((old) => old ^ 1), 0, 1, place);
  closeSync(file);
  const said = await boot("fit.img");
  expect(said).toMatch(/axv: slot a \(good\)[^]*Bad Data Hash[^]*axv: slot a does not start[^]*axv: slot b \(good\)/);
  expect(stateOf("fit.img")).toMatchObject({ from: 0, state: { generation: 3n, booted: "b" } });
});

// Boards that are not what the image was built for (arch/aarch64/boardCheck.ts), as QEMU has them.
import { statSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { readBlob } from "../../partitions/blob/read.ts";
import { encodeBlob } from "../../partitions/blob/write.ts";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { twoPlcs } from "./systems.ts";

let system: BootedSystem | undefined;
afterEach(async () => system?.stop());

/** mpidr: [0x0, 0x1, 0x3, 0x2] in board.yaml: pCPUs 2 and 3 are each other. */
function swapped(image: Uint8Array): Uint8Array {
  const at = statSync("build/core/core.bin").size;
  const blob = readBlob(image.subarray(at));
  const cpus = blob.records.Cpu ?? [];
  const ids = [0, 1, 3, 2].map((n) => cpus[n]?.id);
  const Cpu = cpus.map((cpu, n) => ({ ...cpu, id: ids[n] ?? 0n }));
  image.set(encodeBlob({ ...blob, records: { ...blob.records, Cpu } }), at);
  return image;
}

/** A GICC taken from the ZynqMP's device tree as it is: its first page repeats from there on. */
function firstRepetition(image: Uint8Array): Uint8Array {
  const at = statSync("build/core/core.bin").size;
  const blob = readBlob(image.subarray(at));
  image.set(encodeBlob({ ...blob, machine: { ...blob.machine, gicc: 0xf902_0000n } }), at);
  return image;
}

async function refused(
  board: string,
  qemu: readonly string[],
  alter = (image: Uint8Array): Uint8Array => image,
): Promise<string> {
  const booted = await BootedSystem.boot("board-facts", twoPlcs({ board }), { qemu, alter });
  system = booted;
  const line = await booted.line("axv", /^axv: pCPU /);
  expect(booted.partition("first").telemetry).toBeUndefined();
  return line;
}

test("GICv3, pCPUs in another order than their redistributors: each has its own, and a stop leaves the other alone", async () => {
  const booted = await BootedSystem.boot("swapped", twoPlcs(), { alter: swapped });
  system = booted;
  const scans = (name: string): bigint => booted.partition(name).tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
  await booted.until("scans of both", () => scans("first") > 10n && scans("second") > 10n);
  await booted.session.link.command(booted.index("first"), "stop");
  await booted.until("stopped", () => booted.partition("first").telemetry?.state === "off");
  const before = scans("second");
  await booted.until("the other going on", () => scans("second") > before + 500n);
});

test("GICv2, the same: refused", async () => {
  expect(await refused("qemu-aarch64-gicv2", [], swapped)).toMatch(/pCPU 0x0*3: CPU interface: planned 0x0*4, found 0x0*8$/);
});

test("a GICC whose second page is the first one again: refused, where nothing could deactivate an interrupt", async () => {
  const line = await refused("xlnx-zcu102", [], firstRepetition);
  expect(line).toMatch(/GICC_IIDR \+ 4 KiB \(see gicc\): planned 0x0+, found 0x0*[1-9a-f]/);
});

test("a GICv4, whose redistributors are further apart: refused, and not in silence", async () => {
  expect(await refused("qemu-aarch64", ["-machine", "gic-version=4"])).toMatch(
    /gicr_stride: planned 0x0+20000, found 0x0+40000$/,
  );
});

test("a GICv2 where a GICv3 is planned, and the other way round: refused", async () => {
  expect(await refused("qemu-aarch64", ["-machine", "gic-version=2"])).toMatch(/GIC version: planned 0x0+3, found 0x0+2$/);
  await system?.stop();
  expect(await refused("qemu-aarch64-gicv2", ["-machine", "gic-version=3"])).toMatch(/GIC version: planned 0x0+2, found 0x0+0$/);
});

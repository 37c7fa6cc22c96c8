// Debian's unmodified kernel with our initramfs, on QEMU alone: what works here and not under the hypervisor is the
// hypervisor's fault.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  PROCESS_IMAGE_COUNTER, PROCESS_IMAGE_MAGIC, PROCESS_IMAGE_MEASURED, PROCESS_IMAGE_SCANS, PROCESS_IMAGE_SEQUENCE,
} from "../../rtos-guests/plc/abi.ts";
import { bootsOf, createDisk } from "../../tools/linux/disk.ts";
import { ensureLinux, type Linux } from "../../tools/linux/linux.ts";
import { PlainQemu } from "./plainQemu.ts";

let linux: Linux;
let folder: string;
let qemu: PlainQemu | undefined;

beforeAll(async () => {
  linux = await ensureLinux();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "axv-linux-"));
});
afterEach(async () => {
  await qemu?.kill();
  qemu = undefined;
  await rm(folder, { recursive: true });
});

const devices = (disk: string): string[] => [
  ...["-global", "virtio-mmio.force-legacy=false"],
  ...["-drive", `if=none,id=disk,format=raw,file=${disk}`, "-device", "virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0"],
  ...["-netdev", "user,id=network", "-device", "virtio-net-device,netdev=network,bus=virtio-mmio-bus.1"],
];

test("sees both CPUs, disk and network; reboots and powers off by what is typed on its console", async () => {
  const disk = join(folder, "disk.img");
  await createDisk(disk);
  qemu = PlainQemu.plain(linux, devices(disk));
  const marker = `axv: linux=${linux.version} cpus=2 disk=ok net=ok channel=absent\r\n`;
  expect(await qemu.shows(/axv: .*\r\n/)).toBe(marker);
  await qemu.shows(/linux:\/# /);

  qemu.type("reboot");
  expect(await qemu.shows(/axv: .*\r\n/, 2)).toBe(marker);
  await qemu.shows(/linux:\/# /, 2);
  expect(bootsOf(await readFile(disk))).toBe(2);

  qemu.type("poweroff");
  expect(await qemu.ended).toBe(0);
  expect(qemu.text).toContain("reboot: Power down");
});

test("a disk that is not the demo's is not written to, and said to have failed", async () => {
  const disk = join(folder, "disk.img");
  await createDisk(disk);
  const foreign = (await readFile(disk)).fill("somebody else's", 0, 15);
  await writeFile(disk, foreign);
  qemu = PlainQemu.plain(linux, devices(disk));
  await qemu.shows(/axv: .* disk=failed net=ok/);
  expect((await readFile(disk)).equals(foreign)).toBe(true);
});

test("without devices it comes up all the same", async () => {
  qemu = PlainQemu.plain(linux, []);
  await qemu.shows(/axv: .* disk=absent net=absent channel=absent/);
});

test("reads the PLC guest's process image from the channel, a line a second", async () => {
  const image = Buffer.alloc(4096);
  image.writeUInt32LE(PROCESS_IMAGE_MAGIC, 0);
  image.writeUInt32LE(8, PROCESS_IMAGE_SEQUENCE);
  image.writeBigUInt64LE(123_456_789_012n, PROCESS_IMAGE_SCANS);
  image.writeInt32LE(-1250, PROCESS_IMAGE_MEASURED);
  image.writeUInt32LE(77, PROCESS_IMAGE_COUNTER);
  qemu = await PlainQemu.withChannel(linux, folder, { address: 0x5fe0_0000, contents: image });
  await qemu.shows(/axv: .* channel=ok/);
  const line = await qemu.shows(/process image: .*timer=\d+/, 2);
  expect(line).toContain("scans=123456789012");
  expect(line).toContain("measured=-1.250");
  expect(line).toContain("counter=77");
});

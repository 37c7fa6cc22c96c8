// update-sender, which brings new images, as a program under QEMU's user mode emulation, with files as device tree and mailbox:
// how it ends where there is no hypervisor. What it does with one: test/system/update.qemu.test.ts.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { UPDATE_SENDER } from "../../tools/build/programs.ts";

const ADDRESS = 0x1_0000;
const BYTES = abi.MAILBOX_SIZE + abi.IMAGE_RING_BYTES;

let folder: string;
let root: string;
let update: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "axv-sender-"));
  root = join(folder, "root");
  update = join(folder, "plc.update");
  copyFileSync((await buildProgram(UPDATE_SENDER)).elf, join(folder, "update-sender"));
  chmodSync(join(folder, "update-sender"), 0o755);
  writeFileSync(update, Buffer.alloc(1000, 1));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, "proc/device-tree"), { recursive: true });
});

/** A node of the device tree. */
function node(name: string, compatible: string, address: number, size: number): void {
  const reg = Buffer.alloc(16);
  reg.writeBigUInt64BE(BigInt(address), 0);
  reg.writeBigUInt64BE(BigInt(size), 8);
  mkdirSync(join(root, "proc/device-tree", name));
  writeFileSync(join(root, "proc/device-tree", name, "compatible"), `${compatible}\0`);
  writeFileSync(join(root, "proc/device-tree", name, "reg"), reg);
}

function memory(change: (mailbox: Buffer) => void): void {
  const bytes = Buffer.alloc(ADDRESS + BYTES);
  change(bytes.subarray(ADDRESS));
  mkdirSync(join(root, "dev"));
  writeFileSync(join(root, "dev/mem"), bytes);
}
const asMailbox = (mailbox: Buffer): void => {
  mailbox.writeUInt32LE(abi.MAILBOX_MAGIC, 0);
  mailbox.writeUInt32LE(1, abi.MAILBOX_VERSION);
};

const run = (...parameters: string[]): { status: number | null; stderr: string } =>
  spawnSync("qemu-aarch64", ["-L", root, join(folder, "update-sender"), ...parameters], { encoding: "utf8", timeout: 120_000 });

const NO_RING = "update-sender: no ring for images: in system.yaml, `update: { from: ... }` has to name this partition\n";

test("without a file, or with one that is not there", () => {
  expect(run()).toMatchObject({ status: 2, stderr: expect.stringContaining("usage: update-sender FILE") as string });
  expect(run(join(folder, "none"))).toMatchObject({ status: 3, stderr: "update-sender: open of the file failed, errno 2\n" });
});

test("without a mailbox, with a mailbox of the board's, or with one that no images go through", () => {
  expect(run(update)).toMatchObject({ status: 6, stderr: NO_RING });
  node("mailbox@fe660000", "rockchip,rk3568-mailbox", ADDRESS, BYTES);
  expect(run(update)).toMatchObject({ status: 6, stderr: NO_RING });
  node("mailbox@10000", "axv,mailbox", ADDRESS, abi.MAILBOX_SIZE);
  expect(run(update)).toMatchObject({ status: 6, stderr: NO_RING });
});

test("with what is no mailbox behind the node", () => {
  node("mailbox@fe660000", "rockchip,rk3568-mailbox", 0, BYTES);
  node("mailbox@10000", "axv,mailbox", ADDRESS, BYTES);
  memory(() => undefined);
  expect(run(update)).toMatchObject({ status: 6, stderr: "update-sender: this mailbox is not one that this program knows\n" });
});

test("where nobody answers it waits so long, says so, and takes back what it began", () => {
  node("mailbox@10000", "axv,mailbox", ADDRESS, BYTES);
  memory(asMailbox);
  expect(run(update)).toMatchObject({
    status: 8,
    stderr: "update-sender: nothing moves: the hypervisor has answered nothing for ten seconds; given up\n",
  });
  const mailbox = readFileSync(join(root, "dev/mem")).subarray(ADDRESS);
  expect(mailbox.readUInt32LE(abi.MAILBOX_UPDATE_START)).toBe(0);
  expect(mailbox.subarray(abi.MAILBOX_SIZE).every((byte) => byte === 0), "no byte was sent").toBe(true);
});

import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LinuxError } from "../../tools/linux/errors.ts";
import { readModules } from "../../tools/linux/modules.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "axv-modules-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const code = (depends: string): string => `ELF…\0license=GPL\0depends=${depends}\0name=x\0`;

/** A kernel package's module folder: path → its dependencies. */
async function modules(files: Readonly<Record<string, string>>, builtIn: string): Promise<void> {
  await writeFile(join(folder, "modules.builtin"), builtIn);
  for (const [path, depends] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), code(depends));
  }
}

const DEBIAN_12 = {
  "kernel/net/core/failover.ko": "",
  "kernel/drivers/net/net_failover.ko": "failover",
  "kernel/drivers/virtio/virtio_mmio.ko": "",
  "kernel/drivers/block/virtio_blk.ko": "",
  "kernel/drivers/net/virtio_net.ko": "net_failover",
};

test("all are modules: each comes after what it depends on", async () => {
  await modules(DEBIAN_12, "kernel/drivers/virtio/virtio.ko\n");
  const names = (await readModules(folder)).map(({ name }) => name);
  expect(names).toEqual(["failover", "net_failover", "virtio_mmio", "virtio_blk", "virtio_net"]);
});

test("what is built in is left out, and counts as loaded", async () => {
  const { "kernel/net/core/failover.ko": _, ...files } = DEBIAN_12;
  await modules(files, "kernel/net/core/failover.ko\n");
  const names = (await readModules(folder)).map(({ name }) => name);
  expect(names).toEqual(["net_failover", "virtio_mmio", "virtio_blk", "virtio_net"]);
});

test("compressed modules, as Debian 13 has them, are unpacked", async () => {
  await modules(DEBIAN_12, "");
  execFileSync("xz", [join(folder, "kernel/drivers/net/virtio_net.ko")]);
  const net = (await readModules(folder)).find(({ name }) => name === "virtio_net");
  expect(net?.data.toString()).toBe(code("net_failover"));
});

test("a module that is not there, neither built in", async () => {
  const { "kernel/drivers/block/virtio_blk.ko": _, ...files } = DEBIAN_12;
  await modules(files, "");
  await expect(readModules(folder)).rejects.toThrow(/virtio_blk.*\[no-module\]/);
});

test("a module that needs one which is not loaded before it", async () => {
  await modules({ ...DEBIAN_12, "kernel/drivers/block/virtio_blk.ko": "dm_mod" }, "");
  const error = await readModules(folder).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LinuxError);
  expect(String(error)).toContain("virtio_blk needs dm_mod");
});

// Packs the initramfs of the demo's Linux: busybox, the modules, the scripts of guest/, and the readers of channels.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { characterDevice, cpio, type CpioEntry, directory, file, program, symlink } from "./cpio.ts";
import type { Module } from "./modules.ts";

const GUEST_FILES = join(import.meta.dirname, "guest");

// Device numbers, Linux Documentation/admin-guide/devices.txt.
const CONSOLE: readonly [number, number] = [5, 1]; // opened by the kernel before anything is mounted


export interface Contents {
  readonly busybox: Uint8Array;
  readonly modules: readonly Module[];
  /** The project's own programs, by name. */
  readonly ours: Readonly<Record<string, Uint8Array>>;
}

/** The same contents always give the same bytes. */
export async function initramfs({ busybox, modules, ours }: Contents): Promise<Buffer> {
  const guest = (name: string): Promise<Buffer> => readFile(join(GUEST_FILES, name));
  const entries: CpioEntry[] = [
    ...["bin", "dev", "etc", "lib", "lib/modules", "proc", "root", "sys", "tmp"].map(directory),
    characterDevice("dev/console", ...CONSOLE),
    program("bin/busybox", busybox),
    symlink("init", "bin/busybox"),
    symlink("bin/sh", "busybox"), // for guest/start, which installs busybox's other programs
    file("etc/inittab", await guest("inittab")),
    file("etc/profile", await guest("profile")),
    program("etc/start", await guest("start")),
    ...modules.map(({ name, data }) => file(`lib/modules/${name}.ko`, data)),
    file("lib/modules/order", Buffer.from(modules.map(({ name }) => `${name}\n`).join(""))),
    ...Object.entries(ours).map(([name, elf]) => program(`bin/${name}`, elf)),
  ];
  return gzipSync(cpio(entries), { level: 9 });
}

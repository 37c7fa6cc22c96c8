// Debian's Linux with one small program of the benchmark's own instead of its init.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type BoardIsa, DEFAULT_ISA } from "../../boards/isa.ts";
import { ROOT, writeAtomically } from "../../tools/build/files.ts";
import { characterDevice, cpio, directory, program } from "../../tools/linux/cpio.ts";
import { ensureLinux } from "../../tools/linux/linux.ts";
import { assemble, OUT, productPath } from "./programs.ts";

/** Where the programs are linked: Linux's lowest usual address. */
const PROGRAM_ADDRESS = 0x400000;
// Linux, Documentation/admin-guide/devices.txt
const KMSG: readonly [number, number] = [1, 11];

export interface LinuxFiles {
  readonly version: string;
  /** Absolute paths. */
  readonly kernel: string;
  readonly initrd: string;
  /** The partition `linux`, for a system.yaml among the benchmark's products; as there, and what else the kernel is told. It ends
   *  with a line's end. */
  readonly partition: (cpus: string, memory?: string, more?: string) => string;
}

const CONSOLES: Readonly<Record<BoardIsa, string>> = { aarch64: "ttyAMA0", riscv64: "ttyS0" };

/** `name`: of assembly/<name>.S. */
export async function linuxFiles(
  name: "init" | "load", progress: (line: string) => void, isa: BoardIsa = DEFAULT_ISA,
): Promise<LinuxFiles> {
  const { kernel, initramfs, version } = await ensureLinux(progress, isa);
  const initrd = join(ROOT, OUT, `initramfs-${name}-${isa}.cpio.gz`);
  const file = `bench-${name}`;
  const entries = [
    directory("dev"),
    characterDevice("dev/kmsg", ...KMSG),
    program(file, readFileSync(assemble(name, PROGRAM_ADDRESS, { isa }))),
  ];
  // The demo's initramfs, and behind it one with the benchmark's program: Linux unpacks both.
  writeAtomically(initrd, Buffer.concat([readFileSync(initramfs), gzipSync(cpio(entries))]));
  const partition = (cpus: string, memory = "512M", more = ""): string => `
  linux:
    guest: linux
    image: ${productPath(kernel)}
    initrd: ${productPath(initrd)}
    cpus: ${cpus}
    memory: ${memory}
    cmdline: console=${CONSOLES[isa]} rdinit=/${file}${more}
`;
  return { version, kernel, initrd, partition };
}

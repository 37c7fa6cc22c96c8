// Builds the static Linux/arm64 programs of this folder, and packs them behind the demo's initramfs: the
// kernel unpacks one archive after the other.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { CLANG, LLD, runTool } from "../../../tools/build/native.ts";
import { cpio, program } from "../../../tools/linux/cpio.ts";
import type { CpioEntry } from "../../../tools/linux/cpio.ts";

const SOURCES = "test/linux/debug";
const FLAGS = [
  "--target=aarch64-linux-gnu",
  "-march=armv8-a",
  "-std=gnu11",
  "-O1",
  "-g",
  "-ffreestanding",
  "-fno-builtin",
  "-fno-pic",
  "-fno-stack-protector",
  "-Wall",
  "-Wextra",
  "-Werror",
];

/** The ELF file's path. */
export function linuxProgram(folder: string, name: string): string {
  const path = (extension: string): string => join(folder, name + extension);
  runTool(CLANG, [...FLAGS, "-c", `${SOURCES}/${name}.c`, "-o", path(".o")]);
  runTool(LLD, ["-static", path(".o"), "-o", path(".elf")]);
  return path(".elf");
}

/** An initramfs with more in it: programs by the names of their ELF files, and whatever else. Gives back its path. */
export function extend(initramfs: string, folder: string, programs: readonly string[], more: readonly CpioEntry[] = []): string {
  const path = join(folder, "initramfs.cpio.gz");
  const entries = programs.map((elf) => program(`bin/${elf.replace(/^.*\/|\.elf$/g, "")}`, readFileSync(elf)));
  writeFileSync(path, Buffer.concat([readFileSync(initramfs), gzipSync(cpio([...entries, ...more]))]));
  return path;
}

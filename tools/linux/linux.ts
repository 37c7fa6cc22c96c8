// build/linux, build/linux-riscv64: Debian's kernel as an Image, and the demo's initramfs. Made anew only when something they are
// made of has changed.
import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_ISA } from "../../boards/isa.ts";
import type { BoardIsa } from "../../boards/isa.ts";
import { buildProgram, isUpToDate, pathsOf } from "../build/index.ts";
import { LINUX_PROGRAMS } from "../build/programs.ts";
import { output } from "./command.ts";
import { LinuxError } from "./errors.ts";
import { type DebianPackages, DISTRIBUTIONS, fetchDebian, fetchedDebian, type Say, thisMachine } from "./fetch.ts";
import { initramfs } from "./initramfs.ts";
import { readModules } from "./modules.ts";
import { withWorkFolder } from "./workFolder.ts";

/** Relative to the project. */
export const LINUX_FOLDERS: Readonly<Record<BoardIsa, string>> = { aarch64: "build/linux", riscv64: "build/linux-riscv64" };
const outOf = (isa: BoardIsa): string => join(import.meta.dirname, "..", "..", LINUX_FOLDERS[isa]);
const stampOf = (isa: BoardIsa): string => join(outOf(isa), "inputs.sha256"); // written last
const SOURCE_FOLDERS = [import.meta.dirname, join(import.meta.dirname, "guest")];

// Linux, Documentation/arch/arm64/booting.rst, riscv/boot-image-header.rst: the magic number in the header of an Image.
const IMAGE_MAGIC_OFFSET = 56;
const IMAGE_MAGIC: Readonly<Record<BoardIsa, string>> = { aarch64: "ARM\x64", riscv64: "RSC\x05" };

export interface Linux {
  readonly kernel: string;
  readonly initramfs: string;
  /** As uname -r shows it. */
  readonly version: string;
}

type Programs = Readonly<Record<string, Buffer>>;

/** A hash over all that build/linux is made of. */
async function inputsOf(packages: DebianPackages, ours: Programs): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(packages));
  for (const folder of SOURCE_FOLDERS) {
    const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
    for (const name of files.map((entry) => entry.name).sort()) hash.update(name).update(await readFile(join(folder, name)));
  }
  return hash.update(Buffer.concat(Object.values(ours))).digest("hex");
}

/** Unpacks a .deb and gives back its root: Debian 13 has everything below /usr. */
async function unpack(deb: string, folder: string): Promise<string> {
  await output("dpkg-deb", ["-x", deb, folder]);
  const merged = (await readdir(folder)).every((name) => name === "usr" || name === "boot");
  return merged ? join(folder, "usr") : folder;
}

function requireImage(isa: BoardIsa, kernel: Buffer, name: string): void {
  const wanted = IMAGE_MAGIC[isa];
  const magic = kernel.toString("latin1", IMAGE_MAGIC_OFFSET, IMAGE_MAGIC_OFFSET + wanted.length);
  if (magic !== wanted) throw new LinuxError("kernel-format", `${name} has no ${DISTRIBUTIONS[isa].architecture} Image header`);
}

/** Whoever reads the file meanwhile sees the old or the new one, never a half. */
async function replace(path: string, data: Uint8Array | string): Promise<void> {
  const half = `${path}.${process.pid}`;
  await writeFile(half, data);
  await rename(half, path);
}

async function pack(isa: BoardIsa, packages: DebianPackages, ours: Programs, linux: Linux, work: string): Promise<void> {
  const kernelRoot = await unpack(packages.kernel, join(work, "kernel"));
  const busyboxRoot = await unpack(packages.busybox, join(work, "busybox"));
  const boot = join(work, "kernel", "boot");
  // vmlinuz, or where it could not be compressed vmlinux.
  const name = (await readdir(boot)).find((file) => file.startsWith("vmlinu")) ?? "vmlinuz";
  const kernel = await readFile(join(boot, name));
  requireImage(isa, kernel, name);
  const modules = await readModules(join(kernelRoot, "lib", "modules", packages.version));
  const busybox = await readFile(join(busyboxRoot, "bin", "busybox"));
  await replace(linux.kernel, kernel);
  await replace(linux.initramfs, await initramfs({ busybox, modules, ours }));
}

async function readOurs(isa: BoardIsa): Promise<Programs> {
  const ours: Record<string, Buffer> = {};
  for (const [name, program] of Object.entries(LINUX_PROGRAMS[isa])) ours[name] = await readFile(pathsOf(program).elf);
  return ours;
}

const isMadeOf = async (isa: BoardIsa, inputs: string): Promise<boolean> =>
  (await readFile(stampOf(isa), "utf8").catch(() => "")) === inputs;

/** ensureLinux would leave everything as it is. */
export async function isLinuxReady(isa: BoardIsa = DEFAULT_ISA): Promise<boolean> {
  const packages = await fetchedDebian(thisMachine(), DISTRIBUTIONS[isa]);
  const areOurs = Object.values(LINUX_PROGRAMS[isa]).every(isUpToDate);
  return packages !== undefined && areOurs && isMadeOf(isa, await inputsOf(packages, await readOurs(isa)));
}

/** Gives back the demo's kernel and initramfs, made first if need be. */
export async function ensureLinux(say: Say = (line) => console.error(line), isa: BoardIsa = DEFAULT_ISA): Promise<Linux> {
  const packages = await fetchDebian(say, thisMachine(), DISTRIBUTIONS[isa]);
  const out = outOf(isa);
  const linux = { kernel: join(out, "Image"), initramfs: join(out, "initramfs.cpio.gz"), version: packages.version };
  for (const program of Object.values(LINUX_PROGRAMS[isa])) await buildProgram(program, say);
  const ours = await readOurs(isa);
  const inputs = await inputsOf(packages, ours);
  if (await isMadeOf(isa, inputs)) return linux;
  say(`unpacking Linux ${packages.version} …`);
  await rm(stampOf(isa), { force: true });
  await withWorkFolder(out, "unpack", (work) => pack(isa, packages, ours, linux, work));
  await replace(stampOf(isa), inputs);
  return linux;
}

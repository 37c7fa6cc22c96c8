// build/linux: Debian's arm64 kernel as an arm64 Image, and the demo's initramfs. Made anew only when something they are
// made of has changed.
import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildProgram, isUpToDate, pathsOf } from "../build/index.ts";
import { PLC_READER, TAG_READER, UPDATE_SENDER } from "../build/programs.ts";
import { output } from "./command.ts";
import { LinuxError } from "./errors.ts";
import { type DebianPackages, fetchDebian, fetchedDebian, type Say } from "./fetch.ts";
import { initramfs } from "./initramfs.ts";
import { readModules } from "./modules.ts";
import { withWorkFolder } from "./workFolder.ts";

const OUT = join(import.meta.dirname, "..", "..", "build", "linux");
const STAMP = join(OUT, "inputs.sha256"); // written last
const SOURCE_FOLDERS = [import.meta.dirname, join(import.meta.dirname, "guest")];

// Linux, Documentation/arch/arm64/booting.rst: the magic number in the header of an Image.
const IMAGE_MAGIC_OFFSET = 56;
const IMAGE_MAGIC = "ARM\x64";

export interface Linux {
  readonly kernel: string;
  readonly initramfs: string;
  /** As uname -r shows it. */
  readonly version: string;
}

/** The project's own in it. */
const OURS = [PLC_READER, TAG_READER, UPDATE_SENDER] as const;
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

function requireImage(kernel: Buffer, name: string): void {
  const magic = kernel.toString("latin1", IMAGE_MAGIC_OFFSET, IMAGE_MAGIC_OFFSET + IMAGE_MAGIC.length);
  if (magic !== IMAGE_MAGIC) throw new LinuxError("kernel-format", `${name} has no arm64 Image header`);
}

/** Whoever reads the file meanwhile sees the old or the new one, never a half. */
async function replace(path: string, data: Uint8Array | string): Promise<void> {
  const half = `${path}.${process.pid}`;
  await writeFile(half, data);
  await rename(half, path);
}

async function pack(packages: DebianPackages, ours: Programs, linux: Linux, work: string): Promise<void> {
  const kernelRoot = await unpack(packages.kernel, join(work, "kernel"));
  const busyboxRoot = await unpack(packages.busybox, join(work, "busybox"));
  const vmlinuz = `vmlinuz-${packages.version}`;
  const kernel = await readFile(join(work, "kernel", "boot", vmlinuz));
  requireImage(kernel, vmlinuz);
  const modules = await readModules(join(kernelRoot, "lib", "modules", packages.version));
  const busybox = await readFile(join(busyboxRoot, "bin", "busybox"));
  await replace(linux.kernel, kernel);
  await replace(linux.initramfs, await initramfs({ busybox, modules, ours }));
}

async function readOurs(): Promise<Programs> {
  const ours: Record<string, Buffer> = {};
  for (const program of OURS) ours[program.name] = await readFile(pathsOf(program).elf);
  return ours;
}

const isMadeOf = async (inputs: string): Promise<boolean> => (await readFile(STAMP, "utf8").catch(() => "")) === inputs;

/** ensureLinux would leave everything as it is. */
export async function isLinuxReady(): Promise<boolean> {
  const packages = await fetchedDebian();
  return packages !== undefined && OURS.every(isUpToDate) && isMadeOf(await inputsOf(packages, await readOurs()));
}

/** Gives back the demo's kernel and initramfs, made first if need be. */
export async function ensureLinux(say: Say = (line) => console.error(line)): Promise<Linux> {
  const packages = await fetchDebian(say);
  const linux = { kernel: join(OUT, "Image"), initramfs: join(OUT, "initramfs.cpio.gz"), version: packages.version };
  for (const program of OURS) await buildProgram(program, say);
  const ours = await readOurs();
  const inputs = await inputsOf(packages, ours);
  if (await isMadeOf(inputs)) return linux;
  say(`unpacking Linux ${packages.version} …`);
  await rm(STAMP, { force: true });
  await withWorkFolder(OUT, "unpack", (work) => pack(packages, ours, linux, work));
  await replace(STAMP, inputs);
  return linux;
}

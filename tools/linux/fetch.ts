// Fetches Debian's own kernel and static busybox into a cache folder: for arm64 of the release that runs on this machine, for
// riscv64 of Debian 13, which is the first that has it.
// Once they are there, no network is needed. A newer kernel comes when the folder is deleted.
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";
import type { Isa } from "../../boards/isa.ts";
import { PrivateApt } from "./apt.ts";
import { LinuxError } from "./errors.ts";
import { debianSources, parseDeb822, parseOneLine, type Source } from "./sources.ts";
import { withWorkFolder } from "./workFolder.ts";

/** What is fetched of an architecture: a metapackage that depends on the kernel package of the day, and of which release. */
export interface Distribution {
  readonly architecture: string;
  readonly kernel: string;
  /** Left out: the one that runs on this machine. */
  readonly release?: string;
}
export const DISTRIBUTIONS = {
  aarch64: { architecture: "arm64", kernel: "linux-image-arm64" },
  riscv64: { architecture: "riscv64", kernel: "linux-image-riscv64", release: "trixie" },
} as const satisfies Readonly<Record<Isa, Distribution>>;
const ARCHITECTURE: string = DISTRIBUTIONS.aarch64.architecture;
const BUSYBOX_PACKAGE = "busybox-static";
const MEGABYTE = 1e6; // as apt counts
const PACKAGES_FILE = "packages.json"; // written last

const packagesSchema = z.object({ kernel: z.string(), busybox: z.string(), version: z.string() });

/** What was fetched: two .deb files, and the kernel's version as uname -r shows it. */
export type DebianPackages = Readonly<z.infer<typeof packagesSchema>>;

/** Where Linux is fetched from and to; the defaults are this machine's. */
export interface Machine {
  readonly etc: string;
  readonly cache: string;
}

export type Say = (line: string) => void;

export function thisMachine(): Machine {
  const { AXV_PART_CACHE, XDG_CACHE_HOME } = process.env;
  return { etc: "/etc", cache: resolve(AXV_PART_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "axv-part")) };
}

async function codenameOf(etc: string): Promise<string> {
  const text = await readFile(join(etc, "os-release"), "utf8").catch(() => "");
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  const codename = field("VERSION_CODENAME");
  if (field("ID") !== "debian" || codename === "") {
    throw new LinuxError("not-debian", `this is ${field("PRETTY_NAME") || "an unknown system"}`);
  }
  return codename;
}

async function sourcesOf(etc: string): Promise<readonly Source[]> {
  const folder = join(etc, "apt", "sources.list.d");
  const names = (await readdir(folder).catch(() => [])).sort();
  const files = [join(etc, "apt", "sources.list"), ...names.map((name) => join(folder, name))];
  const sources: Source[] = [];
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (file.endsWith(".list")) sources.push(...parseOneLine(text));
    else if (file.endsWith(".sources")) sources.push(...parseDeb822(text));
  }
  return sources;
}

/** The packages that an earlier call left in this folder; undefined when it left none. */
async function cachedPackages(folder: string): Promise<DebianPackages | undefined> {
  const text = await readFile(join(folder, PACKAGES_FILE), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { kernel, busybox, version } = packagesSchema.parse(JSON.parse(text));
    const packages = { kernel: join(folder, kernel), busybox: join(folder, busybox), version };
    await Promise.all([stat(packages.kernel), stat(packages.busybox)]);
    return packages;
  } catch {
    throw new LinuxError("cache-damaged", folder);
  }
}

async function download(apt: PrivateApt, metapackage: string, folder: string, say: Say): Promise<void> {
  const kernel = /\blinux-image-(\S+)/.exec((await apt.show(metapackage)).get("Depends") ?? "");
  if (!kernel) throw new LinuxError("no-package", `the kernel that ${metapackage} depends on`);
  const [kernelPackage, version = ""] = kernel;
  const bytes = Number((await apt.show(kernelPackage)).get("Size"));
  say(`downloading ${kernelPackage} (${Math.round(bytes / MEGABYTE)} MB) and ${BUSYBOX_PACKAGE} …`);
  await apt.download([kernelPackage, BUSYBOX_PACKAGE], folder);
  const files = await readdir(folder);
  const fileOf = (name: string): string => {
    const file = files.find((candidate) => candidate.startsWith(`${name}_`));
    if (file === undefined) throw new LinuxError("no-package", `the file of package ${name}`);
    return file;
  };
  const packages: DebianPackages = { kernel: fileOf(kernelPackage), busybox: fileOf(BUSYBOX_PACKAGE), version };
  await writeFile(join(folder, PACKAGES_FILE), `${JSON.stringify(packages, undefined, 2)}\n`);
}

export interface Archive {
  /** Where packages of it are kept. */
  readonly folder: string;
  /** Its sources, as deb822 text. */
  readonly sources: string;
  readonly architecture: string;
}

/** Debian's archive, for the release at hand or another one, which the same mirrors have. */
export async function archiveOf(machine: Machine, architecture = ARCHITECTURE, release?: string): Promise<Archive> {
  const codename = await codenameOf(machine.etc);
  const own = debianSources(await sourcesOf(machine.etc), codename, architecture);
  if (own === "") throw new LinuxError("no-sources", `no source of Debian ${codename} in ${join(machine.etc, "apt")}`);
  const sources = release === undefined ? own : own.replaceAll(/^suites: .*$/gm, (line) => line.replaceAll(codename, release));
  return { folder: join(machine.cache, `debian-${release ?? codename}-${architecture}`), sources, architecture };
}

/** Of another release than the machine's, what it was released with: what came since is a moving target. */
const asReleased = (sources: string, release: string): string => {
  const hasIt = new RegExp(`^suites:.* ${release}( |$)`, "m");
  const stanzas = sources.split("\n\n").filter((stanza) => hasIt.test(stanza));
  return `${stanzas.map((stanza) => stanza.replace(/^suites: .*$/m, `suites: ${release}`).trim()).join("\n\n")}\n`;
};

const folderOf = (codename: string, { architecture }: Distribution, { cache }: Machine): string =>
  join(cache, `debian-${codename}-${architecture}`);
const releaseOf = async ({ release }: Distribution, { etc }: Machine): Promise<string> => {
  const own = await codenameOf(etc);
  return release ?? own;
};

/** Debian's packages, if they have been fetched. */
export const fetchedDebian = async (
  machine: Machine = thisMachine(), of: Distribution = DISTRIBUTIONS.aarch64,
): Promise<DebianPackages | undefined> => cachedPackages(folderOf(await releaseOf(of, machine), of, machine));

/** Gives back Debian's packages, from the cache if they are there. */
export async function fetchDebian(
  say: Say, machine: Machine = thisMachine(), of: Distribution = DISTRIBUTIONS.aarch64,
): Promise<DebianPackages> {
  const codename = await releaseOf(of, machine);
  const folder = folderOf(codename, of, machine);
  const cached = await cachedPackages(folder);
  if (cached) return cached;

  const archive = await archiveOf(machine, of.architecture, of.release);
  const sources = of.release === undefined ? archive.sources : asReleased(archive.sources, of.release);
  // All in a folder of its own, which takes its final name in one step: whoever is first wins, nobody sees a half.
  await withWorkFolder(machine.cache, "fetch", async (work) => {
    say(`fetching the list of Debian ${codename}'s ${of.architecture} packages …`);
    const apt = await PrivateApt.open(work, sources, of.architecture);
    const packages = join(work, "packages");
    await mkdir(packages);
    await download(apt, of.kernel, packages, say);
    await rename(packages, folder).catch(async (error: unknown) => {
      if ((await cachedPackages(folder)) === undefined) throw error;
    });
  });
  const fetched = await cachedPackages(folder);
  if (!fetched) throw new LinuxError("cache-damaged", folder);
  return fetched;
}

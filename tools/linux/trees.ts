// Device tree blobs of arm64 boards, as Debian's kernel package has them: fetched once, kept unpacked in the cache folder.
import { copyFile, mkdir, readdir, rename, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { PrivateApt } from "./apt.ts";
import { output } from "./command.ts";
import { LinuxError } from "./errors.ts";
import { archiveOf, thisMachine } from "./fetch.ts";
import type { Machine, Say } from "./fetch.ts";
import { withWorkFolder } from "./workFolder.ts";

/** The newest first: a newer kernel knows more boards. Debian 12 has a second kernel, from its security archive. */
const METAPACKAGES = ["linux-image-6.12-arm64", "linux-image-arm64"] as const;
const MEGABYTE = 1e6; // as apt counts

const isThere = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

/** Of another release, and of its own kernel: a package that depends on it. */
export interface Other {
  readonly release: string;
  readonly metapackage: string;
}

/** The folder that they all are in, each by its name. */
export async function debianTrees(say: Say, machine: Machine = thisMachine(), other?: Other): Promise<string> {
  const { folder, sources, architecture } = await archiveOf(machine, undefined, other?.release);
  const trees = `${folder}${other === undefined ? "" : `-${other.metapackage}`}-trees`;
  if (await isThere(trees)) return trees;
  await withWorkFolder(machine.cache, "fetch", async (work) => {
    const apt = await PrivateApt.open(work, sources, architecture);
    const kernel = await kernelPackage(apt, other === undefined ? METAPACKAGES : [other.metapackage]);
    const bytes = Number((await apt.show(kernel)).get("Size"));
    say(`downloading ${kernel} (${Math.round(bytes / MEGABYTE)} MB) for its device trees …`);
    const [packages, root, half] = [join(work, "packages"), join(work, "root"), join(work, "trees")];
    for (const each of [packages, root, half]) await mkdir(each);
    await apt.download([kernel], packages);
    for (const file of await readdir(packages)) await output("dpkg-deb", ["-x", join(packages, file), root]);
    const blobs = (await readdir(root, { recursive: true })).filter((file) => file.endsWith(".dtb"));
    for (const blob of blobs) await copyFile(join(root, blob), join(half, basename(blob)));
    // In one step, and whoever is first wins.
    await rename(half, trees).catch(async (error: unknown) => {
      if (!(await isThere(trees))) throw error;
    });
  });
  return trees;
}

async function kernelPackage(apt: PrivateApt, metapackages: readonly string[]): Promise<string> {
  for (const name of metapackages) {
    const fields = await apt.show(name).catch((error: unknown) => {
      if (error instanceof LinuxError && error.code === "no-package") return undefined;
      throw error;
    });
    const [kernel] = /\blinux-image-\S+/.exec(fields?.get("Depends") ?? "") ?? [];
    if (kernel !== undefined) return kernel;
  }
  throw new LinuxError("no-package", `the kernel that ${metapackages.join(" or ")} depends on`);
}

/** Where one of them is. */
export async function debianTree(name: string, say: Say, machine?: Machine): Promise<string> {
  const path = join(await debianTrees(say, machine), basename(name));
  if (!(await isThere(path))) throw new LinuxError("no-tree", `the device tree ${name}`);
  return path;
}

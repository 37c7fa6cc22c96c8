// Debian packages that tests need, with all that they need themselves, for a machine that is not this one: of another
// architecture, or of another release. Nothing is installed. Once they are in the cache folder, no network is needed.
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { PrivateApt } from "../../tools/linux/apt.ts";
import { output } from "../../tools/linux/command.ts";
import { archiveOf, thisMachine } from "../../tools/linux/fetch.ts";
import type { Archive } from "../../tools/linux/fetch.ts";
import { withWorkFolder } from "../../tools/linux/workFolder.ts";

/** The folder with their .deb files; `title` is a name for them together. */
async function fetched(title: string, names: readonly string[], { folder, sources, architecture }: Archive): Promise<string> {
  const packages = `${folder}-${title}`;
  if (await stat(packages).then(() => true, () => false)) return packages;
  await withWorkFolder(thisMachine().cache, "fetch", async (work) => {
    console.error(`downloading ${names.join(", ")} …`);
    const apt = await PrivateApt.open(work, sources, architecture);
    const half = join(work, "packages");
    await mkdir(half);
    await apt.downloadWhole(names, half);
    for (const left of ["partial", "lock"]) await rm(join(half, left), { recursive: true, force: true });
    // In one step, and whoever is first wins.
    await rename(half, packages).catch(async (error: unknown) => {
      await stat(packages).catch(() => { throw error; });
    });
  });
  return packages;
}

/** Unpacks them into a folder, one over the other as dpkg does: a root file system that nobody has configured. */
export async function debianRoot(
  root: string,
  title: string,
  names: readonly string[],
  architecture?: string,
  release?: string,
): Promise<void> {
  const packages = await fetched(title, names, await archiveOf(thisMachine(), architecture, release));
  for (const deb of await readdir(packages)) await output("dpkg-deb", ["-x", join(packages, deb), root]);
}

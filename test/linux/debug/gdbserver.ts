// Debian's gdbserver for arm64 and the libraries that it needs, from the archive that the demo's kernel comes from: as entries of an
// initramfs. Once they are in the cache folder, no network is needed.
import { mkdir, readdir, readFile, readlink, rename, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { PrivateApt } from "../../../tools/linux/apt.ts";
import { output } from "../../../tools/linux/command.ts";
import { program } from "../../../tools/linux/cpio.ts";
import type { CpioEntry } from "../../../tools/linux/cpio.ts";
import { archiveOf, thisMachine } from "../../../tools/linux/fetch.ts";
import type { Say } from "../../../tools/linux/fetch.ts";
import { withWorkFolder } from "../../../tools/linux/workFolder.ts";

const PACKAGES = ["gdbserver", "libc6", "libgcc-s1", "libstdc++6"];
/** What gdbserver is linked with; the first is its interpreter, which has to be executable. */
const LIBRARIES = ["ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6"];

/** The folder with their .deb files. */
async function fetched(say: Say): Promise<string> {
  const machine = thisMachine();
  const { folder, sources, architecture } = await archiveOf(machine);
  const packages = `${folder}-gdbserver`;
  if (await stat(packages).then(() => true, () => false)) return packages;
  await withWorkFolder(machine.cache, "fetch", async (work) => {
    say(`downloading ${PACKAGES.join(", ")} …`);
    const apt = await PrivateApt.open(work, sources, architecture);
    const half = join(work, "packages");
    await mkdir(half);
    await apt.download(PACKAGES, half);
    // In one step, and whoever is first wins.
    await rename(half, packages).catch(async (error: unknown) => {
      await stat(packages).catch(() => { throw error; });
    });
  });
  return packages;
}

/** gdbserver in /bin, its libraries in /lib. */
export async function gdbserver(folder: string, say: Say = (line) => console.error(line)): Promise<CpioEntry[]> {
  const packages = await fetched(say);
  const root = join(folder, "gdbserver");
  for (const deb of await readdir(packages)) await output("dpkg-deb", ["-x", join(packages, deb), root]);
  const files = await readdir(root, { recursive: true, withFileTypes: true });
  const find = async (name: string): Promise<Buffer> => {
    // Links by a name without a version lead to the file with one.
    const found = files.find((entry) => entry.name === name && /\/(s?bin|lib|aarch64-linux-gnu)$/.test(entry.parentPath));
    if (found === undefined) throw new Error(`no file ${name} in ${packages}`);
    const path = join(found.parentPath, found.name);
    return readFile(found.isSymbolicLink() ? join(found.parentPath, basename(await readlink(path))) : path);
  };
  return [program("bin/gdbserver", await find("gdbserver")), ...(await Promise.all(LIBRARIES.map(async (name) => program(`lib/${name}`, await find(name)))))];
}

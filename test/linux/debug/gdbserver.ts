// Debian's gdbserver for arm64 and the libraries that it needs, from the archive that the demo's kernel
// comes from: as entries of an initramfs.
import { readdir, readFile, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { program } from "../../../tools/linux/cpio.ts";
import type { CpioEntry } from "../../../tools/linux/cpio.ts";
import { debianRoot } from "../debian.ts";

/** What gdbserver is linked with; the first is its interpreter, which has to be executable. */
const LIBRARIES = ["ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6"];

/** gdbserver in /bin, its libraries in /lib. */
export async function gdbserver(folder: string): Promise<CpioEntry[]> {
  const root = join(folder, "gdbserver");
  await debianRoot(root, "gdbserver", ["gdbserver"]);
  const files = await readdir(root, { recursive: true, withFileTypes: true });
  const find = async (name: string): Promise<Buffer> => {
    // Links by a name without a version lead to the file with one.
    const found = files.find((entry) => entry.name === name && /\/(s?bin|lib|aarch64-linux-gnu)$/.test(entry.parentPath));
    if (found === undefined) throw new Error(`no file ${name} in ${root}`);
    const path = join(found.parentPath, found.name);
    return readFile(found.isSymbolicLink() ? join(found.parentPath, basename(await readlink(path))) : path);
  };
  return [
    program("bin/gdbserver", await find("gdbserver")),
    ...(await Promise.all(LIBRARIES.map(async (name) => program(`lib/${name}`, await find(name))))),
  ];
}

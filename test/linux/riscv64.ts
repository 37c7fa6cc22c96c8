// Debian 13's riscv64 kernel and static busybox: fetched once, as it was released (whatever came since is a moving target), kept
// unpacked in the cache folder. Debian 12 has none.
import { mkdir, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { PrivateApt } from "../../tools/linux/apt.ts";
import { output } from "../../tools/linux/command.ts";
import { archiveOf, thisMachine } from "../../tools/linux/fetch.ts";
import { withWorkFolder } from "../../tools/linux/workFolder.ts";

const RELEASE = "trixie";
const METAPACKAGE = "linux-image-riscv64"; // depends on the kernel package of the day

export interface Riscv64Linux {
  readonly kernel: string;
  readonly busybox: string;
}

const isThere = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

/** Of sources as deb822 text, the stanza that has the release itself, and nothing but that. */
const released = (sources: string): string => sources.split("\n\n").flatMap((stanza) =>
  new RegExp(`^suites:.* ${RELEASE}( |$)`, "m").test(stanza) ? [stanza.replace(/^suites: .*$/m, `suites: ${RELEASE}`).trim()] : []
).join("\n\n");

/** Where both are. */
export async function riscv64Linux(): Promise<Riscv64Linux> {
  const machine = thisMachine();
  const { folder, sources, architecture } = await archiveOf(machine, "riscv64", RELEASE);
  const files = `${folder}-linux`;
  const found = { kernel: join(files, "Image"), busybox: join(files, "busybox") };
  if (await isThere(files)) return found;
  await withWorkFolder(machine.cache, "fetch", async (work) => {
    const [packages, root, half] = [join(work, "packages"), join(work, "root"), join(work, "half")];
    for (const each of [packages, root, half]) await mkdir(each);
    const apt = await PrivateApt.open(work, `${released(sources)}\n`, architecture);
    const [kernel = METAPACKAGE] = /\blinux-image-\S+/.exec((await apt.show(METAPACKAGE)).get("Depends") ?? "") ?? [];
    console.error(`downloading ${kernel} (110 MB) and busybox-static, for riscv64 …`);
    await apt.download([kernel, "busybox-static"], packages);
    for (const deb of await readdir(packages)) await output("dpkg-deb", ["-x", join(packages, deb), root]);
    const [image = ""] = (await readdir(join(root, "boot"))).filter((name) => name.startsWith("vmlinu"));
    await rename(join(root, "boot", image), join(half, "Image"));
    await rename(join(root, "usr", "bin", "busybox"), join(half, "busybox"));
    // In one step, and whoever is first wins.
    await rename(half, files).catch(async (error: unknown) => {
      if (!(await isThere(files))) throw error;
    });
  });
  return found;
}

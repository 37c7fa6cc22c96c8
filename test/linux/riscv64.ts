// Debian 13's riscv64 kernel and static busybox, each as it is: of the packages that the demo's Linux is made of.
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "../../tools/linux/command.ts";
import { DISTRIBUTIONS, fetchDebian, thisMachine } from "../../tools/linux/fetch.ts";
import { ensureLinux } from "../../tools/linux/linux.ts";
import { withWorkFolder } from "../../tools/linux/workFolder.ts";

export interface Riscv64Linux {
  readonly kernel: Uint8Array;
  readonly busybox: Uint8Array;
}

export async function riscv64Linux(): Promise<Riscv64Linux> {
  const say = (line: string): void => console.error(line);
  const { kernel } = await ensureLinux(say, "riscv64");
  const packages = await fetchDebian(say, thisMachine(), DISTRIBUTIONS.riscv64);
  const busybox = await withWorkFolder(tmpdir(), "axv-busybox", async (work) => {
    await output("dpkg-deb", ["-x", packages.busybox, work]);
    return readFile(join(work, "usr", "bin", "busybox"));
  });
  return { kernel: await readFile(kernel), busybox };
}

// A folder as entries of an initramfs (tools/linux/cpio.ts).
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import type { CpioEntry } from "../../tools/linux/cpio.ts";

/** `wanted`: of paths in it; a folder that is not wanted is left out as a whole. `under`: where they go in the initramfs. */
export function entriesOf(root: string, wanted: (path: string) => boolean = () => true, under = "", folder = root): CpioEntry[] {
  return readdirSync(folder).flatMap((each): CpioEntry[] => {
    const path = join(folder, each);
    const inRoot = relative(root, path);
    if (!wanted(inRoot)) return [];
    const { mode, ...kind } = statOf(path);
    const entry = { name: join(under, inRoot), mode };
    if (kind.isFolder) return [entry, ...entriesOf(root, wanted, under, path)];
    return [{ ...entry, data: kind.isLink ? Buffer.from(readlinkSync(path)) : readFileSync(path) }];
  });
}

function statOf(path: string): { readonly mode: number; readonly isFolder: boolean; readonly isLink: boolean } {
  const status = lstatSync(path);
  return { mode: status.mode, isFolder: status.isDirectory(), isLink: status.isSymbolicLink() };
}

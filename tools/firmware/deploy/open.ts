// A disk by its name: ssh://user@host/dev/sdX, or the path of a file or a device that is here.
import { dirname } from "node:path";
import { realpathSync } from "node:fs";
import { withLock } from "../../output/lock.ts";
import { withFileDisk } from "./file-disk.ts";
import type { Access } from "./file-disk.ts";
import { isSshAddress, sshAddress } from "./ssh/address.ts";
import { withSshDisk } from "./ssh/disk.ts";
import type { Target } from "./target.ts";

/** For people. */
export const TARGET =
  "a disk image, as axv-part build --disk leaves it; a device that holds one: /dev/sdX; ssh://user@host/dev/sdX";

/** What `use` makes of it. */
export const withTarget = <T>(name: string, access: Access, use: (disk: Target) => Promise<T> | T): Promise<T> =>
  isSshAddress(name)
    ? withSshDisk(sshAddress(name), async (disk) => use(disk))
    : withFileDisk(name, access, async (disk) => use(disk));

/** The same, while no other axv-part here writes to it. */
export const withOwnTarget = <T>(name: string, use: (disk: Target) => Promise<T> | T): Promise<T> =>
  isSshAddress(name)
    ? withTarget(name, "write", use)
    : withLock(dirname(realpathSync(name)), (line) => console.error(line), () => withTarget(name, "write", use));

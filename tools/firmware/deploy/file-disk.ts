// A disk that is here: a file with a whole disk in it, or a whole device.
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { reasonOf } from "../../output/errors.ts";
import { SECTOR } from "../disk/sectors.ts";
import { blockDevice } from "./block-device.ts";
import { DeployError } from "./errors.ts";
import { LocalDisk } from "./local-disk.ts";

/** "claim": to be read, but as if it were written to. */
export type Access = "read" | "claim" | "write";

/** What a device that is mounted, or in use otherwise, says to O_EXCL (open(2)). */
const IN_USE = "EBUSY";

export async function withFileDisk<T>(path: string, access: Access, use: (disk: FileDisk) => Promise<T>): Promise<T> {
  const flags = (access === "write" ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NONBLOCK | constants.O_NOCTTY;
  const refuse = (why: string): never => {
    throw new DeployError("AXV_DEPLOY_TARGET", path, why);
  };
  let descriptor: number;
  try {
    // Of a file O_EXCL says nothing, where none is made.
    descriptor = openSync(path, access === "read" ? flags : flags | constants.O_EXCL);
  } catch (error) {
    const isInUse = error instanceof Error && "code" in error && error.code === IN_USE;
    return refuse(isInUse ? "it is mounted, or in use otherwise: unmount it first" : reasonOf(error));
  }
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    if (stats.isFile()) return await use(new FileDisk(path, descriptor, Number(stats.size), undefined));
    if (!stats.isBlockDevice()) return refuse("it is neither a file nor a disk");
    const found = blockDevice(stats.rdev);
    if (typeof found === "string") return refuse(found);
    return await use(new FileDisk(path, descriptor, found.sectors * SECTOR, found.model));
  } finally {
    closeSync(descriptor);
  }
}

export class FileDisk extends LocalDisk {
  readonly name: string;
  readonly count: number;
  readonly model: string | undefined;
  readonly #descriptor: number;

  constructor(name: string, descriptor: number, bytes: number, model: string | undefined) {
    super();
    this.name = name;
    this.count = Math.floor(bytes / SECTOR);
    this.model = model;
    this.#descriptor = descriptor;
  }

  /** What is not there any more is zeros, which nothing takes for a system. */
  read(first: number, sectors: number, into = new Uint8Array(sectors * SECTOR)): Uint8Array {
    for (let done = 0; done < into.length; ) {
      const read = readSync(this.#descriptor, into, done, into.length - done, first * SECTOR + done);
      if (read === 0) return into.fill(0, done);
      done += read;
    }
    return into;
  }

  write(first: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, first * SECTOR + done);
  }

  flush(): void {
    fsyncSync(this.#descriptor);
  }
}

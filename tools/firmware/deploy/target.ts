// The disk that is written to: a file with a whole disk in it, which stays as large as it is.
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { reasonOf } from "../../output/errors.ts";
import { SECTOR } from "../disk/sectors.ts";
import type { Sectors } from "../disk/sectors.ts";
import { DeployError } from "./errors.ts";

export interface WritableSectors extends Sectors {
  /** Whole sectors, within the disk. Which of several arrive first nobody knows before `flush`. */
  write(first: number, bytes: Uint8Array): void;
  /** All that was written stays, even without power. */
  flush(): void;
}

/** What `use` makes of it. `access`: whether it is to be written to, too. */
export function withTarget<T>(path: string, access: "read" | "write", use: (disk: WritableSectors) => T): T {
  const flags = (access === "read" ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK | constants.O_NOCTTY;
  const refuse = (why: string): never => {
    throw new DeployError("AXV_DEPLOY_TARGET", path, why);
  };
  let descriptor: number;
  try {
    descriptor = openSync(path, flags);
  } catch (error) {
    return refuse(reasonOf(error));
  }
  try {
    const stats = fstatSync(descriptor);
    return stats.isFile() ? use(new FileDisk(path, descriptor, stats.size)) : refuse("it is no file");
  } finally {
    closeSync(descriptor);
  }
}

class FileDisk implements WritableSectors {
  readonly name: string;
  readonly count: number;
  readonly #descriptor: number;

  constructor(name: string, descriptor: number, bytes: number) {
    this.name = name;
    this.count = Math.floor(bytes / SECTOR);
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

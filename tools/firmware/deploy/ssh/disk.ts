// A disk on another machine, of which nothing is wanted but sh, and dd, sha256sum, head, tail and ls of busybox or coreutils.
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { oneLine } from "../../../../partitions/source/text.ts";
import { MIB } from "../../../../partitions/units.ts";
import type { Span } from "../../../../partitions/units.ts";
import { SECTOR } from "../../disk/sectors.ts";
import { DeployError } from "../errors.ts";
import { CHUNK } from "../target.ts";
import type { Target } from "../target.ts";
import type { SshAddress } from "./address.ts";
import { RemoteFailure, SshConnection } from "./connection.ts";

/** Of a path: how many sectors it has. A device's number of these is in sysfs; of a file `ls -n` knows its bytes (POSIX). */
const SIZE = `
if [ -b "$1" ]; then
  name=$(readlink -f "$1")
  at=/sys/class/block/\${name##*/}
  if [ -e "$at/partition" ]; then echo "it is a partition: name the whole disk" >&2; exit 1; fi
  exec cat "$at/size"
fi
if ! [ -f "$1" ]; then echo "there is no such disk, and no such file" >&2; exit 1; fi
set -- $(ls -nL "$1")
echo $(($5 / ${SECTOR}))`;
/** What is read at least: each command there takes a while to begin. */
const BLOCK = MIB / 16;
/** path, first block, blocks */
const READ = `exec dd if="$1" bs=${BLOCK} skip=$2 count=$3`;
/** What one of these reads at most: its answer has to lie in memory. */
const BLOCKS_MAX = CHUNK / BLOCK;
/** path, size of a block, first block. What arrives is written as it comes. */
const WRITE = `exec dd of="$1" bs=$2 seek=$3 conv=notrunc,fsync`;
/** path, size of a block, first block, blocks of a chunk, whole chunks, first sector of the rest, its sectors */
const DIGESTS = `
n=0
while [ $n -lt $5 ]; do
  dd if="$1" bs=$2 skip=$(($3 + n * $4)) count=$4 2>/dev/null | sha256sum || exit
  n=$((n + 1))
done
if [ $7 -gt 0 ]; then dd if="$1" bs=${SECTOR} skip=$6 count=$7 2>/dev/null | sha256sum; fi`;
/** path, first block, blocks, first byte in these (from 1), bytes */
const DIGEST = `dd if="$1" bs=${BLOCK} skip=$2 count=$3 2>/dev/null | tail -c +$4 | head -c $5 | sha256sum`;

/** What `use` makes of it. Throws a DeployError. */
export async function withSshDisk<T>({ name, host, path }: SshAddress, use: (disk: SshDisk) => Promise<T>): Promise<T> {
  try {
    return await SshConnection.with(host, (connection) => use(new SshDisk(name, path, connection)));
  } catch (error) {
    if (error instanceof RemoteFailure)
      throw new DeployError(error.isLost ? "AXV_DEPLOY_UNREACHED" : "AXV_DEPLOY_THERE", name, error.message);
    throw error;
  }
}

const SHA256_TEXT = /^[0-9a-f]{64}/;

export class SshDisk implements Target {
  readonly name: string;
  readonly count: number;
  readonly model = undefined;
  readonly #path: string;
  readonly #connection: SshConnection;
  /** By their numbers: blocks that have been read, and not written since. */
  readonly #known = new Map<number, Uint8Array>();

  constructor(name: string, path: string, connection: SshConnection) {
    this.name = name;
    this.#path = path;
    this.#connection = connection;
    const said = connection.ask(SIZE, [path]).toString("latin1").trim();
    this.count = Number(said);
    if (!/^\d+$/.test(said) || !Number.isSafeInteger(this.count * SECTOR))
      throw new RemoteFailure(`its size is "${oneLine(said)}"`, false);
  }

  read(first: number, sectors: number, into = new Uint8Array(sectors * SECTOR)): Uint8Array {
    const end = first * SECTOR + into.length;
    for (let at = first * SECTOR; at < end; ) {
      const block = Math.floor(at / BLOCK);
      const offset = at - block * BLOCK;
      const bytes = this.#block(block, Math.ceil(end / BLOCK)).subarray(offset, offset + end - at);
      if (bytes.length === 0) throw new RemoteFailure(`sector ${at / SECTOR} cannot be read`, false);
      into.set(bytes, at - first * SECTOR);
      at += bytes.length;
    }
    return into;
  }

  /** With all unknown ones behind it that are wanted too, up to `end`. */
  #block(number: number, end: number): Uint8Array {
    const known = this.#known.get(number);
    if (known !== undefined) return known;
    let count = 1;
    while (count < BLOCKS_MAX && number + count < end && !this.#known.has(number + count)) count++;
    const bytes = this.#connection.ask(READ, [this.#path, number, count]);
    for (let n = 0; n < count; n++) this.#known.set(number + n, bytes.subarray(n * BLOCK, (n + 1) * BLOCK));
    return bytes.subarray(0, BLOCK);
  }

  write(first: number, bytes: Uint8Array): void {
    const end = Math.ceil((first * SECTOR + bytes.length) / BLOCK);
    for (let block = Math.floor((first * SECTOR) / BLOCK); block < end; block++) this.#known.delete(block);
    this.#connection.ask(WRITE, [this.#path, SECTOR, first], bytes);
  }

  /** Each dd has done it. */
  flush(): void {}

  async stream(first: number, pieces: Iterable<Uint8Array>): Promise<void> {
    this.#known.clear();
    const block = blockAt(first * SECTOR);
    const { input, finished, end } = this.#connection.start(WRITE, [this.#path, block, (first * SECTOR) / block]);
    try {
      await pour(pieces, input);
      input.end();
      await finished;
    } catch (error) {
      input.destroy();
      await finished; // what has failed there goes before what has failed here
      throw error;
    } finally {
      end();
    }
  }

  async *digests(first: number, sectors: number): AsyncGenerator<Buffer, void> {
    const block = blockAt(first * SECTOR);
    const whole = Math.floor((sectors * SECTOR) / CHUNK);
    const done = (whole * CHUNK) / SECTOR;
    const words = [this.#path, block, (first * SECTOR) / block, CHUNK / block, whole, first + done, sectors - done];
    const { input, output, finished, end } = this.#connection.start(DIGESTS, words);
    input.end();
    try {
      for await (const line of createInterface({ input: output })) yield digestIn(line);
      await finished;
    } finally {
      end();
    }
  }

  digest({ base, size }: Span): Buffer {
    const first = Math.floor(base / BLOCK);
    const words = [this.#path, first, Math.ceil((base + size) / BLOCK) - first, base - first * BLOCK + 1, size];
    return digestIn(this.#connection.ask(DIGEST, words).toString("latin1"));
  }
}

/** The largest power of two that divides a place on the disk, as dd counts it. */
function blockAt(base: number): number {
  let block = MIB;
  while (base % block !== 0) block /= 2;
  return block;
}

function digestIn(line: string): Buffer {
  const [text] = SHA256_TEXT.exec(line) ?? [];
  if (text === undefined) throw new RemoteFailure(`sha256sum says "${oneLine(line)}"`, false);
  return Buffer.from(text, "hex");
}

/** While one piece is on its way, the next one is made. */
async function pour(pieces: Iterable<Uint8Array>, into: Writable): Promise<void> {
  let [free, used] = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)];
  let sent = Promise.resolve();
  for (const piece of pieces) {
    const copy = free.subarray(0, piece.length);
    copy.set(piece);
    await sent;
    sent = new Promise((resolve, reject) => into.write(copy, (error) => (error ? reject(error) : resolve())));
    [free, used] = [used, free];
  }
  await sent;
}

// The channel as a file of 4 KiB, which other processes have mapped, and the hooks of the "channel" intrinsics on it: behind
// a cache that nobody keeps coherent, as in native/peer.c. A line gets into the file when it is cleaned, and out of it when it is
// refreshed.
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { PROCESS_IMAGE_MAGIC, PROCESS_IMAGE_SEQUENCE } from "../../rtos-guests/plc/abi.ts";
import type { Hooks } from "../../tools/machine/imports.ts";
import { CHANNEL_BYTES, type Strike } from "./peer.ts";

const LINE_BYTES = 64;
const BEHIND_SEQUENCE = PROCESS_IMAGE_SEQUENCE + 4;

export class SharedFile {
  readonly #file: number;
  /** Before an access, a hostile partner's stores are made, one at a time. */
  strikes: Strike[] = [];

  constructor(path: string) {
    this.#file = openSync(path, "r+");
  }

  read(offset: number, bytes: number): Buffer {
    const buffer = Buffer.alloc(bytes);
    readSync(this.#file, buffer, 0, bytes, offset);
    return buffer;
  }

  u32(offset: number): number {
    return this.read(offset, 4).readUInt32LE();
  }

  write(offset: number, bytes: Uint8Array): void {
    writeSync(this.#file, bytes, 0, bytes.length, offset);
  }

  store32(offset: number, value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value >>> 0);
    this.write(offset, bytes);
  }

  strike(): void {
    const strike = this.strikes.shift();
    if (strike !== undefined) this.store32(strike.offset, strike.value);
  }

  close(): void {
    closeSync(this.#file);
  }
}

export class CachedChannel {
  readonly #shared: SharedFile;
  readonly #base: bigint;
  readonly #cache = Buffer.alloc(CHANNEL_BYTES);
  readonly #dirty = new Set<number>();
  /** Lines that may wait, at worst, for the next cleanLine. */
  readonly #pushed = new Set<number>();

  constructor(shared: SharedFile, base: bigint) {
    this.#shared = shared;
    this.#base = base;
    this.begin();
  }

  /** The worst that a cache can have done: all of the channel is in it, and growing old. */
  begin(): void {
    this.#pushed.clear();
    this.#shared.read(0, CHANNEL_BYTES).copy(this.#cache);
    this.#dirty.clear();
  }

  #offset(address: bigint, bytes: number): number {
    const offset = Number(address - this.#base);
    if (offset < 0 || offset + bytes > CHANNEL_BYTES || offset % bytes !== 0)
      throw new RangeError(`channel access at 0x${address.toString(16)}`);
    this.#shared.strike();
    return offset;
  }

  #lineOf(address: bigint): number {
    const offset = this.#offset(address, 1);
    return offset - (offset % LINE_BYTES);
  }

  /**
   * Memory takes a line at once, a file byte by byte, and another process may see it half done. So a process image, which
   * is one line, has an odd sequence number meanwhile.
   */
  #writeBack(line: number): void {
    if (!this.#dirty.delete(line)) return;
    const bytes = this.#cache.subarray(line, line + LINE_BYTES);
    if (line !== 0 || bytes.readUInt32LE(0) !== PROCESS_IMAGE_MAGIC) {
      this.#shared.write(line, bytes);
      return;
    }
    const sequence = bytes.readUInt32LE(PROCESS_IMAGE_SEQUENCE);
    this.#shared.store32(PROCESS_IMAGE_SEQUENCE, (sequence - 1) | 1);
    this.#shared.write(0, bytes.subarray(0, PROCESS_IMAGE_SEQUENCE));
    this.#shared.write(BEHIND_SEQUENCE, bytes.subarray(BEHIND_SEQUENCE));
    this.#shared.store32(PROCESS_IMAGE_SEQUENCE, sequence);
  }

  #store(address: bigint, bytes: number, store: (offset: number) => void): void {
    const offset = this.#offset(address, bytes);
    store(offset);
    this.#dirty.add(offset - (offset % LINE_BYTES));
  }

  hooks(): Hooks {
    const cache = this.#cache;
    return {
      channelRead32: (address: bigint) => cache.readUInt32LE(this.#offset(address, 4)),
      channelRead64: (address: bigint) => cache.readBigUInt64LE(this.#offset(address, 8)),
      channelWrite8: (address: bigint, value: number) =>
        this.#store(address, 1, (offset) => cache.writeUInt8(value & 0xff, offset)),
      channelWrite16: (address: bigint, value: number) =>
        this.#store(address, 2, (offset) => cache.writeUInt16LE(value & 0xffff, offset)),
      channelWrite32: (address: bigint, value: number) => this.#store(address, 4, (offset) => cache.writeUInt32LE(value, offset)),
      channelWrite64: (address: bigint, value: bigint) =>
        this.#store(address, 8, (offset) => cache.writeBigUInt64LE(value, offset)),
      orderReads: () => undefined,
      orderWrites: () => undefined,
      pushLine: (address: bigint) => void this.#pushed.add(this.#lineOf(address)),
      cleanLine: (address: bigint) => {
        for (const line of this.#pushed.add(this.#lineOf(address))) this.#writeBack(line);
        this.#pushed.clear();
      },
      refreshLine: (address: bigint) => {
        const line = this.#lineOf(address);
        this.#writeBack(line);
        this.#shared.read(line, LINE_BYTES).copy(cache, line);
      },
    };
  }
}

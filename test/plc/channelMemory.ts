// A channel's 4 KiB as the simulated partitions share them, and the hooks of the "channel" intrinsics on it. A test may
// look on at every access, and change the memory in between as a peer would.
import type { Hooks } from "../../tools/machine/imports.ts";

const BYTES = 4096;

export type Access =
  | { readonly kind: "read" | "write"; readonly offset: number; readonly value: bigint }
  | { readonly kind: "orderReads" | "orderWrites" }
  | { readonly kind: "pushLine" | "cleanLine" | "refreshLine"; readonly offset: number };

export class ChannelMemory {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #base: bigint;
  /** Called before each access is made. */
  before: (access: Access) => void = () => undefined;

  constructor(base: bigint, size = BYTES) {
    this.#base = base;
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  u64(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  store(offset: number, bits: 8 | 16 | 32 | 64, value: bigint): void {
    if (bits === 8) this.#view.setUint8(offset, Number(value));
    else if (bits === 16) this.#view.setUint16(offset, Number(value), true);
    else if (bits === 32) this.#view.setUint32(offset, Number(value), true);
    else this.#view.setBigUint64(offset, value, true);
  }

  hooks(): Hooks {
    const at = (address: bigint, bytes: number): number => {
      const offset = Number(address - this.#base);
      if (offset < 0 || offset + bytes > this.bytes.length || offset % bytes !== 0)
        throw new RangeError(`channel access at 0x${address.toString(16)}`);
      return offset;
    };
    const read = (address: bigint, bits: 32 | 64): bigint => {
      const offset = at(address, bits / 8);
      this.before({ kind: "read", offset, value: 0n });
      return bits === 32 ? BigInt(this.u32(offset)) : this.u64(offset);
    };
    const write = (address: bigint, bits: 8 | 16 | 32 | 64, value: bigint): void => {
      const offset = at(address, bits / 8);
      this.before({ kind: "write", offset, value });
      this.store(offset, bits, value);
    };
    return {
      channelRead32: (address: bigint) => Number(read(address, 32)),
      channelRead64: (address: bigint) => read(address, 64),
      channelWrite8: (address: bigint, value: number) => write(address, 8, BigInt(value & 0xff)),
      channelWrite16: (address: bigint, value: number) => write(address, 16, BigInt(value & 0xffff)),
      channelWrite32: (address: bigint, value: number) => write(address, 32, BigInt(value)),
      channelWrite64: (address: bigint, value: bigint) => write(address, 64, value),
      orderReads: () => this.before({ kind: "orderReads" }),
      orderWrites: () => this.before({ kind: "orderWrites" }),
      pushLine: (address: bigint) => this.before({ kind: "pushLine", offset: at(address, 1) }),
      cleanLine: (address: bigint) => this.before({ kind: "cleanLine", offset: at(address, 1) }),
      refreshLine: (address: bigint) => this.before({ kind: "refreshLine", offset: at(address, 1) }),
    };
  }
}

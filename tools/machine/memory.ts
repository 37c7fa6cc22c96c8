// Physical memory: sparse, zero until written. The wasm's linear memory is part of it, at the address that the core learns
// from linearToPhysical(0): page tables in linear memory are what a table walker finds at their physical address.
import { hex, MachineError } from "./errors.ts";

export interface Range {
  readonly pa: number;
  readonly size: number;
}

const PAGE = 0x10000;

export class PhysicalMemory {
  private readonly ram: readonly Range[];
  private readonly pages = new Map<number, DataView>();
  private linear: DataView = new DataView(new ArrayBuffer(0));
  private linearBase = 0;
  // Found by `locate`: which view, and where in it.
  private view: DataView = this.linear;
  private at = 0;

  constructor(ram: readonly Range[]) {
    this.ram = ram;
  }

  /** Puts the wasm's linear memory at a physical address. */
  placeLinear(base: number, memory: ArrayBuffer): void {
    if (!this.isRam(base, memory.byteLength)) {
      throw new MachineError("MACHINE_BUS", `linear memory at ${hex(base)} is not in RAM`);
    }
    this.linearBase = base;
    this.linear = new DataView(memory);
  }

  isRam(pa: number, bytes: number): boolean {
    return this.ram.some((range) => pa >= range.pa && pa + bytes <= range.pa + range.size);
  }

  read64(pa: number): bigint {
    this.locate(pa, 8);
    return this.view.getBigUint64(this.at, true);
  }

  write64(pa: number, value: bigint): void {
    this.locate(pa, 8);
    this.view.setBigUint64(this.at, value, true);
  }

  /** Little endian, 1 to 8 bytes, not across a 64 KiB page. */
  read(pa: number, bytes: number): bigint {
    this.locate(pa, bytes);
    let value = 0n;
    for (let n = bytes - 1; n >= 0; n--) value = (value << 8n) | BigInt(this.view.getUint8(this.at + n));
    return value;
  }

  write(pa: number, bytes: number, value: bigint): void {
    this.locate(pa, bytes);
    for (let n = 0; n < bytes; n++) this.view.setUint8(this.at + n, Number((value >> BigInt(8 * n)) & 0xffn));
  }

  readBytes(pa: number, bytes: number): Uint8Array {
    const result = new Uint8Array(bytes);
    this.pieces(pa, bytes, (from, done) => result.set(from, done));
    return result;
  }

  writeBytes(pa: number, bytes: Uint8Array): void {
    this.pieces(pa, bytes.length, (to, done) => to.set(bytes.subarray(done, done + to.length)));
  }

  /** As the core does it: upwards, whatever overlaps. */
  copy(to: number, from: number, bytes: number): void {
    this.writeBytes(to, this.readBytes(from, bytes));
  }

  /** Calls back with the bytes of each page that the range touches, and how many bytes were before them. */
  private pieces(pa: number, bytes: number, visit: (piece: Uint8Array, done: number) => void): void {
    for (let done = 0; done < bytes;) {
      this.locate(pa + done, 1);
      const length = Math.min(bytes - done, this.view.byteLength - this.at);
      visit(new Uint8Array(this.view.buffer, this.view.byteOffset + this.at, length), done);
      done += length;
    }
  }

  private locate(pa: number, bytes: number): void {
    const inLinear = pa - this.linearBase;
    if (inLinear >= 0 && inLinear < this.linear.byteLength) {
      this.view = this.linear;
      this.at = inLinear;
      return;
    }
    const number = Math.floor(pa / PAGE);
    this.at = pa % PAGE;
    let page = this.pages.get(number);
    if (page === undefined || this.at + bytes > PAGE) {
      if (!this.isRam(pa, bytes) || this.at + bytes > PAGE) {
        throw new MachineError("MACHINE_BUS", `${bytes} bytes at ${hex(pa)}: there is no RAM`);
      }
      page = new DataView(new ArrayBuffer(PAGE));
      this.pages.set(number, page);
    }
    this.view = page;
  }
}

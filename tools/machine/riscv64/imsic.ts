// The IMSICs (AIA, "Incoming MSI Controller"): for each hart a supervisor's interrupt file and guests' files. A file is a page
// that takes MSIs, and registers that its hart reaches by siselect and sireg, or vsiselect and vsireg.
import type { Controller } from "../bus.ts";
import { hex, MachineError } from "../errors.ts";

/** QEMU's virt machine: identities 1…255. */
export const IDENTITIES = 255;
const WORDS = (IDENTITIES + 1) / 32;
const PAGE = 0x1000;
const SETEIPNUM_LE = 0;
const SETEIPNUM_BE = 4;

// By *iselect
export const EIDELIVERY = 0x70;
export const EITHRESHOLD = 0x72;
export const EIP = 0x80;
export const EIE = 0xc0;
const SELECT_END = 0x100;
const RESERVED_END = 0x80;

export class InterruptFile {
  eidelivery = 0;
  eithreshold = 0;
  /** Bit n of word w: identity 32 · w + n. */
  readonly pending = new Uint32Array(WORDS);
  readonly enabled = new Uint32Array(WORDS);

  /** A write to its page. */
  receive(identity: number): void {
    if (identity >= 1 && identity <= IDENTITIES) {
      this.pending[identity >> 5] = (this.pending[identity >> 5] ?? 0) | (1 << (identity & 31));
    }
  }

  /** The lowest identity that is pending and enabled, below the threshold if there is one; 0: none. */
  get top(): number {
    for (let word = 0; word < WORDS; word++) {
      const bits = (this.pending[word] ?? 0) & (this.enabled[word] ?? 0);
      if (bits === 0) continue;
      const identity = 32 * word + 31 - Math.clz32(bits & -bits);
      return this.eithreshold !== 0 && identity >= this.eithreshold ? 0 : identity;
    }
    return 0;
  }

  /** It signals an interrupt to its hart. */
  get signals(): boolean {
    return this.eidelivery === 1 && this.top !== 0;
  }

  /** *topei: the identity, and as its priority the same number. */
  topei(): bigint {
    const { top } = this;
    return (BigInt(top) << 16n) | BigInt(top);
  }

  /** A write to *topei, of any value: what is on top is not pending any more. */
  claim(): void {
    const { top } = this;
    if (top !== 0) this.pending[top >> 5] = (this.pending[top >> 5] ?? 0) & ~(1 << (top & 31));
  }

  /** Is there such a register? Of eip and eie, in 64 bits, those of even numbers. */
  static has(select: number): boolean {
    return select >= EIDELIVERY && select < SELECT_END && (select < RESERVED_END || select % 2 === 0);
  }

  read(select: number): bigint {
    switch (select) {
      case EIDELIVERY: return BigInt(this.eidelivery);
      case EITHRESHOLD: return BigInt(this.eithreshold);
      default:
        return select < EIP
          ? 0n
          : this.pair(select, (set, word) => BigInt(set[word] ?? 0) | (BigInt(set[word + 1] ?? 0) << 32n)) ?? 0n;
    }
  }

  write(select: number, value: bigint): void {
    switch (select) {
      case EIDELIVERY: this.eidelivery = Number(value & 1n); return;
      case EITHRESHOLD: this.eithreshold = Number(value & BigInt(IDENTITIES)); return;
      default: if (select >= EIP) this.pair(select, (set, word) => this.set(set, word, value));
    }
  }

  /** Identity 0 is none: its bits read as zero. */
  private set(set: Uint32Array, word: number, value: bigint): void {
    set[word] = Number(value & 0xffff_ffffn) & (word === 0 ? ~1 : ~0);
    set[word + 1] = Number(value >> 32n);
  }

  /** Two words of a set; undefined: it has no such identities. */
  private pair<Result>(select: number, visit: (set: Uint32Array, word: number) => Result): Result | undefined {
    const [set, word] = select >= EIE ? [this.enabled, select - EIE] : [this.pending, select - EIP];
    return word < WORDS ? visit(set, word) : undefined;
  }
}

/** Of one hart. */
export class Imsic {
  readonly supervisor = new InterruptFile();
  /** Guest file n is number n, from 1 on. */
  readonly guests: readonly InterruptFile[];

  constructor(guestFiles: number) {
    this.guests = Array.from({ length: guestFiles }, () => new InterruptFile());
  }

  /** Number 0, and those that there are not, are no file. */
  guest(number: number): InterruptFile | undefined {
    return number === 0 ? undefined : this.guests[number - 1];
  }

  /** hgeip: bit n while guest file n signals. */
  get signalling(): bigint {
    return this.guests.reduce((set, file, n) => (file.signals ? set | (1n << BigInt(n + 1)) : set), 0n);
  }
}

/** Where the pages of all files are: S, G1, G2, … of hart 0, then of hart 1 (AIA, "Arrangement of the memory regions"). */
export class ImsicPages implements Controller {
  private readonly base: number;
  private readonly stride: number;
  private readonly imsics: readonly Imsic[];

  constructor(base: number, guestFiles: number, imsics: readonly Imsic[]) {
    this.base = base;
    this.stride = PAGE * 2 ** Math.ceil(Math.log2(guestFiles + 1));
    this.imsics = imsics;
  }

  /** PA of a file's page; file 0 is the supervisor's. */
  pageOf(hart: number, file: number): number {
    return this.base + hart * this.stride + file * PAGE;
  }

  /** An MSI by hart and file, as an APLIC sends it. */
  send(hart: number, file: number, identity: number): void {
    const imsic = this.imsics[hart];
    const found = file === 0 ? imsic?.supervisor : imsic?.guest(file);
    if (found === undefined) throw new MachineError("MACHINE_BUS", `an MSI for file ${file} of hart ${hart}: there is none`);
    found.receive(identity);
  }

  owns(pa: number): boolean {
    return pa >= this.base && pa < this.base + this.imsics.length * this.stride;
  }

  /** Of a guest, its own file's page: that is what direct interrupts are. */
  ownsForGuest(pa: number): boolean {
    return this.owns(pa) && this.at(pa).file !== 0;
  }

  read(_hart: number, pa: number, bytes: number): bigint {
    this.mustBeWord(pa, bytes);
    return 0n;
  }

  write(_hart: number, pa: number, bytes: number, value: bigint): void {
    this.mustBeWord(pa, bytes);
    const { hart, file } = this.at(pa);
    const offset = pa % PAGE;
    if (file > (this.imsics[hart]?.guests.length ?? 0)) return; // filled with read-only zeros
    if (offset === SETEIPNUM_LE) this.send(hart, file, Number(value));
    else if (offset === SETEIPNUM_BE) throw new MachineError("MACHINE_BUS", `${hex(pa)}: MSIs here are little endian`);
  }

  readAsGuest(hart: number, pa: number, bytes: number): bigint {
    return bytes === 4 && pa % 4 === 0 ? this.read(hart, pa, bytes) : 0n;
  }

  /** What is no aligned word is ignored, as a bus may do that does not report it. */
  writeAsGuest(hart: number, pa: number, bytes: number, value: bigint): void {
    if (bytes === 4 && pa % 4 === 0 && pa % PAGE === SETEIPNUM_LE) this.write(hart, pa, bytes, value);
  }

  private at(pa: number): { readonly hart: number; readonly file: number } {
    const offset = pa - this.base;
    return { hart: Math.floor(offset / this.stride), file: Math.floor((offset % this.stride) / PAGE) };
  }

  private mustBeWord(pa: number, bytes: number): void {
    if (bytes !== 4 || pa % 4 !== 0) {
      throw new MachineError("MACHINE_BUS", `${bytes} bytes at ${hex(pa)}: an IMSIC's page takes aligned words`);
    }
  }
}

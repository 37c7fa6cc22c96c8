// The supervisor's domain of an APLIC in MSI delivery mode (AIA, "Advanced Platform-Level Interrupt Controller"): wires become
// MSIs. The machine's domain above it is firmware's, which has delegated every source.
//
//   target[i]:  31        18 17      12 11 10      0
//              ┌────────────┬──────────┬──┬─────────┐
//              │ hart index │ guest    │ 0│ EIID    │
//              └────────────┴──────────┴──┴─────────┘
import type { Controller } from "../bus.ts";
import { hex, MachineError } from "../errors.ts";
import type { LineBits, LineEntries, Lines } from "../lines.ts";

export const APLIC_BYTES = 0x8000;
/** QEMU's virt machine: sources 1…96. */
export const SOURCES = 96;
const WORDS = SOURCES / 32 + 1;

const DOMAINCFG = 0x0000;
const SOURCECFG_END = 0x1000;
const SETIP = 0x1c00;
const SETIPNUM = 0x1cdc;
const IN_CLRIP = 0x1d00;
const CLRIPNUM = 0x1ddc;
const SETIE = 0x1e00;
const SETIENUM = 0x1edc;
const CLRIE = 0x1f00;
const CLRIENUM = 0x1fdc;
const SETIPNUM_LE = 0x2000;
const GENMSI = 0x3000;
const TARGET = 0x3004;
const TARGET_END = 0x4000;
/** Bytes of each group of bit registers. */
const GROUP = 0x80;

/** domaincfg: bits 31…24 read 0x80. */
const DOMAINCFG_READS = 0x8000_0000;
const DOMAINCFG_IE = 1 << 8;
const DOMAINCFG_DM = 1 << 2;

// sourcecfg.SM
export const INACTIVE = 0;
export const DETACHED = 1;
export const EDGE1 = 4;
export const EDGE0 = 5;
export const LEVEL1 = 6;
export const LEVEL0 = 7;
const DELEGATE = 1 << 10;
const MODES = [INACTIVE, DETACHED, EDGE1, EDGE0, LEVEL1, LEVEL0];

const HART_SHIFT = 18;
const GUEST_SHIFT = 12;
const GUEST_MASK = 0x3f;
const EIID_MASK = 0x7ff;
const GENMSI_BUSY = 1 << 12;
const TARGET_MASK = ~(1 << 11);

/** An MSI on its way: guest 0 is the supervisor. */
export type Send = (hart: number, guest: number, identity: number) => void;

export class Aplic implements Controller, Lines {
  onPend: Lines["onPend"] = undefined;
  readonly pending = new Uint32Array(WORDS);
  readonly enabled = new Uint32Array(WORDS);
  readonly sourcecfg = new Uint32Array(32 * WORDS);
  readonly target = new Uint32Array(32 * WORDS);
  readonly bits: readonly LineBits[] = [
    { name: "pending", set: this.pending, role: "pending" }, { name: "enable", set: this.enabled, role: "enabled" },
  ];
  readonly entries: readonly LineEntries[] = [{ name: "sourcecfg", set: this.sourcecfg }, { name: "target", set: this.target }];
  readonly routes: readonly LineEntries[] = [{ name: "target", set: this.target }];
  private domaincfg = 0;
  private readonly wires = new Uint32Array(WORDS);
  private readonly base: number;
  private readonly send: Send;
  private readonly resendsLow: boolean;

  /** `resendsLow`: as QEMU 7.2, which sets a level's pending bit by setipnum though its wire is low. */
  constructor(base: number, send: Send, resendsLow = false) {
    this.base = base;
    this.send = send;
    this.resendsLow = resendsLow;
  }

  get forwards(): boolean {
    return (this.domaincfg & DOMAINCFG_IE) !== 0;
  }

  isEdge(source: number): boolean {
    return this.modeOf(source) === EDGE1 || this.modeOf(source) === EDGE0;
  }

  isHigh(source: number): boolean {
    return has(this.wires, source);
  }

  targets(source: number): number[] {
    return this.isActive(source) ? [(this.target[source] ?? 0) >>> HART_SHIFT] : [];
  }

  /** A device's wire. */
  setLine(source: number, high: boolean): void {
    const before = this.rectified(source);
    put(this.wires, source, high);
    this.follow(source, before);
  }

  private modeOf(source: number): number {
    return this.sourcecfg[source] ?? INACTIVE;
  }

  private isActive(source: number): boolean {
    return source >= 1 && source <= SOURCES && this.modeOf(source) !== INACTIVE;
  }

  /** Wire, inverted if the source is: 0 if it is inactive or detached. */
  private rectified(source: number): boolean {
    const mode = this.modeOf(source);
    if (mode === EDGE1 || mode === LEVEL1) return this.isHigh(source);
    return (mode === EDGE0 || mode === LEVEL0) && !this.isHigh(source);
  }

  private isLevel(source: number): boolean {
    return this.modeOf(source) === LEVEL1 || this.modeOf(source) === LEVEL0;
  }

  /** What a change of the rectified input does ("Precise effects on interrupt-pending bits"). */
  private follow(source: number, before: boolean): void {
    const now = this.rectified(source);
    if (now && !before) this.pend(source);
    else if (!now && this.isLevel(source)) put(this.pending, source, false);
    this.forward(source);
  }

  private pend(source: number): void {
    this.onPend?.(source, has(this.pending, source));
    put(this.pending, source, true);
  }

  /** setip, setipnum */
  private setPending(source: number): void {
    if (!this.isActive(source)) return;
    if (this.isLevel(source) && !this.rectified(source) && !this.resendsLow) return;
    this.pend(source);
    this.forward(source);
  }

  private clearPending(source: number): void {
    if (this.isActive(source)) put(this.pending, source, false);
  }

  private enable(source: number, on: boolean): void {
    if (!this.isActive(source)) return;
    put(this.enabled, source, on);
    this.forward(source);
  }

  /** Pending and enabled in a domain that delivers: an MSI goes out, and it is not pending any more. */
  private forward(source: number): void {
    if (!this.forwards || !has(this.pending, source) || !has(this.enabled, source)) return;
    if ((this.domaincfg & DOMAINCFG_DM) === 0) {
      throw new MachineError("MACHINE_UNDEFINED", "the APLIC delivers directly, and the machine has no IDC: domaincfg.DM first");
    }
    put(this.pending, source, false);
    const target = this.target[source] ?? 0;
    this.send(target >>> HART_SHIFT, (target >>> GUEST_SHIFT) & GUEST_MASK, target & EIID_MASK);
  }

  private configure(source: number, value: number): void {
    const before = this.rectified(source);
    const mode = (value & DELEGATE) === 0 && MODES.includes(value & 7) ? value & 7 : INACTIVE;
    this.sourcecfg[source] = mode;
    if (mode === INACTIVE) {
      put(this.pending, source, false);
      put(this.enabled, source, false);
      this.target[source] = 0;
    }
    this.follow(source, before);
  }

  owns(pa: number): boolean {
    return pa >= this.base && pa < this.base + APLIC_BYTES;
  }

  /** No guest has it: it is emulated, or the hypervisor has made sources into MSIs. */
  ownsForGuest(): boolean {
    return false;
  }

  readAsGuest(_hart: number, pa: number): bigint {
    throw new MachineError("MACHINE_BUS", `a guest reads the APLIC at ${hex(pa)}`);
  }

  writeAsGuest(_hart: number, pa: number): void {
    throw new MachineError("MACHINE_BUS", `a guest writes the APLIC at ${hex(pa)}`);
  }

  read(_hart: number, pa: number, bytes: number): bigint {
    return BigInt(this.readWord(this.offset(pa, bytes)) >>> 0);
  }

  private readWord(offset: number): number {
    if (offset === DOMAINCFG) return DOMAINCFG_READS | this.domaincfg;
    if (offset < SOURCECFG_END) return this.modeOf(offset / 4);
    if (offset >= TARGET && offset < TARGET_END) {
      return this.isActive((offset - GENMSI) / 4) ? (this.target[(offset - GENMSI) / 4] ?? 0) : 0;
    }
    const word = (offset % GROUP) / 4;
    if (offset >= SETIP && offset < SETIP + GROUP) return this.pending[word] ?? 0;
    if (offset >= IN_CLRIP && offset < IN_CLRIP + GROUP) return this.sourcesOf(word, (source) => this.rectified(source));
    if (offset >= SETIE && offset < SETIE + GROUP) return this.enabled[word] ?? 0;
    return 0; // by number, genmsi that is never busy, and what is reserved
  }

  write(_hart: number, pa: number, bytes: number, value: bigint): void {
    this.writeWord(this.offset(pa, bytes), Number(value & 0xffff_ffffn));
  }

  private writeWord(offset: number, value: number): void {
    if (offset === DOMAINCFG) {
      this.domaincfg = value & (DOMAINCFG_IE | DOMAINCFG_DM);
      for (let source = 1; source <= SOURCES; source++) this.forward(source);
    } else if (offset < SOURCECFG_END) {
      if (offset / 4 <= SOURCES) this.configure(offset / 4, value);
    } else if (offset >= TARGET && offset < TARGET_END) {
      if (this.isActive((offset - GENMSI) / 4)) this.target[(offset - GENMSI) / 4] = value & TARGET_MASK;
    } else if (offset === GENMSI) {
      this.send(value >>> HART_SHIFT, 0, value & EIID_MASK & ~GENMSI_BUSY);
    } else {
      this.writeBits(offset, value);
    }
  }

  private writeBits(offset: number, value: number): void {
    switch (offset) {
      case SETIPNUM: case SETIPNUM_LE: return this.setPending(value);
      case CLRIPNUM: return this.clearPending(value);
      case SETIENUM: return this.enable(value, true);
      case CLRIENUM: return this.enable(value, false);
      default:
    }
    const group = offset - (offset % GROUP);
    for (let n = 0; n < 32; n++) {
      if ((value & (1 << n)) === 0) continue;
      const source = 8 * (offset % GROUP) + n;
      if (group === SETIP) this.setPending(source);
      else if (group === IN_CLRIP) this.clearPending(source);
      else if (group === SETIE) this.enable(source, true);
      else if (group === CLRIE) this.enable(source, false);
    }
  }

  private sourcesOf(word: number, holds: (source: number) => boolean): number {
    let set = 0;
    for (let n = 0; n < 32; n++) if (holds(32 * word + n)) set |= 1 << n;
    return set;
  }

  private offset(pa: number, bytes: number): number {
    if (bytes !== 4 || pa % 4 !== 0) {
      throw new MachineError("MACHINE_BUS", `${bytes} bytes at ${hex(pa)}: an APLIC takes aligned words`);
    }
    return pa - this.base;
  }
}

const has = (set: Uint32Array, n: number): boolean => ((set[n >> 5] ?? 0) & (1 << (n & 31))) !== 0;

function put(set: Uint32Array, n: number, on: boolean): void {
  const word = set[n >> 5] ?? 0;
  set[n >> 5] = on ? word | (1 << (n & 31)) : word & ~(1 << (n & 31));
}

// Stage 2 translation tables as hardware reads them (ARM ARM D8, VMSAv8-64, 4 KiB granule): an independent reader, sharing
// nothing with the code that wrote them. It translates one IPA, or lists everything that a VTTBR maps.
//
//  stage 2 block (level 1: 1 GiB, level 2: 2 MiB) or page (level 3) descriptor, D8.3.2
//   63  55 54 53 52  47          n          12 11 10 9  8 7   6 5     2  1     0
//  ┌──────┬─────┬────┬────────────────────────┬──┬──┬────┬──────┬───────┬─────┬─────┐
//  │      │ XN  │    │ output address         │0 │AF│ SH │ S2AP │MemAttr│T/P  │valid│   bit 1: page at level 3, 0 for a block
//  └──────┴─────┴────┴────────────────────────┴──┴──┴────┴──────┴───────┴─────┴─────┘
import { hex, MachineError } from "../errors.ts";
import type { Mapping as AnyMapping } from "../mapping.ts";

export interface Mapping extends AnyMapping {
  /** MemAttr[3:0]: 0b1111 Normal write-back, 0b0001 Device-nGnRE. */
  readonly memory: number;
  /** SH[1:0]: 0b11 inner shareable. */
  readonly shareability: number;
}

export interface Fault {
  /** Level of the walk at which it ended. */
  readonly level: number;
}

export type Read64 = (pa: number) => bigint;

export const MEMATTR_NORMAL_WB = 0b1111;
export const MEMATTR_DEVICE_NGNRE = 0b0001;
export const SH_INNER = 0b11;

const ADDRESS = 0x0000_ffff_ffff_f000n;
/** Of a leaf, as above, and of a table's descriptor: all others are reserved, or for extensions that nobody here turns on. */
const LEAF_BITS = 0x0060_ffff_ffff_f7ffn;
const TABLE_BITS_KNOWN = ADDRESS | 3n;
const VALID = 1n;
const TABLE_OR_PAGE = 2n;
const AF = 1n << 10n;
const TABLE_BITS = 9;
const PAGE_BITS = 12;
const LAST_LEVEL = 3;
const VTCR_RES1 = 1n << 31n;

/** VTTBR_EL2.VMID */
export const vmidOf = (vttbr: bigint): number => Number((vttbr >> 48n) & 0xffffn);

/** Bits of the input address below those that a level resolves. */
const levelShift = (level: number): number => PAGE_BITS + TABLE_BITS * (LAST_LEVEL - level);

export class Stage2 {
  readonly inputBits: number;
  private readonly root: number;
  private readonly startLevel: number;
  private readonly read64: Read64;
  private readonly outputLimit: number;

  constructor(vttbr: bigint, vtcr: bigint, read64: Read64) {
    const complain = (what: string): never => {
      throw new MachineError("MACHINE_STAGE2", `VTCR_EL2 = ${hex(vtcr)}, VTTBR_EL2 = ${hex(vttbr)}: ${what}`);
    };
    this.read64 = read64;
    this.inputBits = 64 - Number(vtcr & 0x3fn);
    this.root = Number(vttbr & 0x0000_ffff_ffff_fffen);
    this.outputLimit = 2 ** ([32, 36, 40, 42, 44, 48][Number((vtcr >> 16n) & 7n)] ?? complain("PS is reserved"));
    if ((vtcr & VTCR_RES1) === 0n) complain("bit 31 is RES1");
    if (((vtcr >> 14n) & 3n) !== 0n) complain("TG0 is not 4 KiB");
    // SL0 (D17.2.151): 0 → level 2, 1 → level 1, 2 → level 0.
    this.startLevel = 2 - Number((vtcr >> 6n) & 3n);
    const indexBits = this.inputBits - levelShift(this.startLevel);
    // Up to 16 tables of the start level stand one behind the other (D8.2.8).
    if (this.startLevel < 0 || indexBits < 1 || indexBits > TABLE_BITS + 4) complain("SL0 does not fit T0SZ");
    const rootBytes = 8 * 2 ** indexBits;
    if (this.root % Math.max(rootBytes, 64) !== 0) complain("BADDR is not aligned to the size of the start level's tables");
  }

  translate(ipa: number): Mapping | Fault {
    if (ipa >= 2 ** this.inputBits) return { level: 0 };
    let table = this.root;
    for (let level = this.startLevel; ; level++) {
      const shift = levelShift(level);
      const index = level === this.startLevel ? Math.floor(ipa / 2 ** shift) : Math.floor(ipa / 2 ** shift) % 2 ** TABLE_BITS;
      const descriptor = this.read64(table + 8 * index);
      if ((descriptor & VALID) === 0n) return { level };
      if (level < LAST_LEVEL && (descriptor & TABLE_OR_PAGE) !== 0n) {
        table = this.table(descriptor);
        continue;
      }
      return this.leaf(descriptor, Math.floor(ipa / 2 ** shift) * 2 ** shift, level);
    }
  }

  /** Everything mapped, in ascending order of IPA, one entry a descriptor. `table` hears of each table's page. */
  list(table: (pa: number, bytes: number) => void = () => undefined): Mapping[] {
    const found: Mapping[] = [];
    const walk = (pa: number, entries: number, level: number, ipa: number): void => {
      table(pa, entries * 8);
      for (let index = 0; index < entries; index++) {
        const descriptor = this.read64(pa + 8 * index);
        if ((descriptor & VALID) === 0n) continue;
        const at = ipa + index * 2 ** levelShift(level);
        if (level < LAST_LEVEL && (descriptor & TABLE_OR_PAGE) !== 0n) walk(
          this.table(descriptor), 2 ** TABLE_BITS, level + 1, at,
        );
        else found.push(this.leaf(descriptor, at, level));
      }
    };
    walk(this.root, 2 ** (this.inputBits - levelShift(this.startLevel)), this.startLevel, 0);
    return found;
  }

  private table(descriptor: bigint): number {
    const unknown = descriptor & ~TABLE_BITS_KNOWN;
    if (unknown !== 0n) {
      throw new MachineError("MACHINE_STAGE2", `a table's descriptor ${hex(descriptor)}: ${hex(unknown)} means nothing here`);
    }
    return Number(descriptor & ADDRESS);
  }

  private leaf(descriptor: bigint, ipa: number, level: number): Mapping {
    const size = 2 ** levelShift(level);
    const pa = Number(descriptor & ADDRESS);
    const complain = (what: string): never => {
      throw new MachineError("MACHINE_STAGE2", `descriptor ${hex(descriptor)} for IPA ${hex(ipa)} at level ${level}: ${what}`);
    };
    if (level === LAST_LEVEL ? (descriptor & TABLE_OR_PAGE) === 0n : level === 0) complain("reserved encoding");
    if (pa % size !== 0) complain("output address is not aligned to the block");
    if (pa + size > this.outputLimit) complain("output address is larger than VTCR_EL2.PS");
    if ((descriptor & AF) === 0n) complain("the access flag is clear: every access would fault");
    if (((descriptor >> 53n) & 1n) !== 0n) complain("XN[0] is RES0 without FEAT_XNX");
    if ((descriptor & ~LEAF_BITS) !== 0n) complain("bits are set that mean nothing here");
    return {
      ipa, pa, size,
      read: ((descriptor >> 6n) & 1n) !== 0n,
      write: ((descriptor >> 7n) & 1n) !== 0n,
      execute: ((descriptor >> 54n) & 1n) === 0n,
      memory: Number((descriptor >> 2n) & 0xfn),
      shareability: Number((descriptor >> 8n) & 3n),
    };
  }
}

/** Joins neighbours that continue each other with the same attributes: what a reader of a plan compares with. */
export function merge(mappings: readonly Mapping[]): Mapping[] {
  const merged: Mapping[] = [];
  for (const next of mappings) {
    const last = merged.at(-1);
    const continues = last !== undefined && last.ipa + last.size === next.ipa && last.pa + last.size === next.pa
      && last.memory === next.memory
      && last.read === next.read && last.write === next.write && last.execute === next.execute
        && last.shareability === next.shareability;
    if (continues) merged[merged.length - 1] = { ...last, size: last.size + next.size };
    else merged.push(next);
  }
  return merged;
}

// Translation tables of RISC-V as hardware reads them (privileged architecture, "Sv39" and "Sv39x4"): an independent reader,
// sharing nothing with the code that writes them. Sv39x4 is Sv39 with a root of four pages, whose every access is one of user
// mode.
//
//   63  62 61 60     54 53                        10 9  8  7  6  5  4  3  2  1  0
//  ┌───┬─────┬─────────┬────────────────────────────┬─────┬──┬──┬──┬──┬──┬──┬──┬──┐
//  │ N │PBMT │ reserved│ PPN                        │ RSW │D │A │G │U │X │W │R │V │   R = W = X = 0: leads to the next table
//  └───┴─────┴─────────┴────────────────────────────┴─────┴──┴──┴──┴──┴──┴──┴──┴──┘
import { hex, MachineError } from "../errors.ts";
import type { Mapping as AnyMapping } from "../mapping.ts";
import type { Access } from "./traps.ts";

export interface Mapping extends AnyMapping {
  readonly user: boolean;
  readonly global: boolean;
}

/** What a walk comes to: a mapping, or nothing that permits anything. */
export type Found = Mapping | undefined;
export type Read64 = (pa: number) => bigint;

const VALID = 1n << 0n;
const READ = 1n << 1n;
const WRITE = 1n << 2n;
const EXECUTE = 1n << 3n;
const USER = 1n << 4n;
const GLOBAL = 1n << 5n;
const ACCESSED = 1n << 6n;
const DIRTY = 1n << 7n;
const PPN_SHIFT = 10n;
const PPN_MASK = (1n << 44n) - 1n;
/** N, PBMT and what is reserved: without Svnapot and Svpbmt an entry with any of them is a page fault. */
const RESERVED = 0x3ffn << 54n;
const PAGE_BITS = 12;
const INDEX_BITS = 9;
const LAST_LEVEL = 0;
const ROOT_LEVEL = 2;
/** Sv39x4's root takes two bits more. */
const WIDER_BITS = 2;

const shiftOf = (level: number): number => PAGE_BITS + INDEX_BITS * level;

export class Sv39 {
  private readonly root: number;
  private readonly rootBits: number;
  private readonly read64: Read64;
  private readonly isGuests: boolean;

  /** `ppn`: of the root. `guests`: Sv39x4. */
  constructor(ppn: bigint, guests: boolean, read64: Read64) {
    this.root = Number(ppn << BigInt(PAGE_BITS));
    this.isGuests = guests;
    this.rootBits = INDEX_BITS + (guests ? WIDER_BITS : 0);
    this.read64 = read64;
    const bytes = 8 * 2 ** this.rootBits;
    if (this.root % bytes !== 0) {
      throw new MachineError("MACHINE_STAGE2", `the root at ${hex(this.root)} is not aligned to its ${bytes} bytes`);
    }
  }

  /** Bits of the addresses that it translates. */
  get inputBits(): number {
    return shiftOf(ROOT_LEVEL) + this.rootBits;
  }

  translate(address: number): Found {
    if (address >= 2 ** this.inputBits) return undefined;
    let table = this.root;
    for (let level = ROOT_LEVEL; ; level--) {
      const count = level === ROOT_LEVEL ? 2 ** this.rootBits : 2 ** INDEX_BITS;
      const index = Math.floor(address / 2 ** shiftOf(level)) % count;
      const entry = this.read64(table + 8 * index);
      if (!isGood(entry)) return undefined;
      if (isLeaf(entry)) return this.leaf(entry, Math.floor(address / 2 ** shiftOf(level)) * 2 ** shiftOf(level), level);
      if (level === LAST_LEVEL || (entry & (DIRTY | ACCESSED | USER)) !== 0n) return undefined;
      table = Number((entry >> PPN_SHIFT) & PPN_MASK) * 2 ** PAGE_BITS;
    }
  }

  /**
   * Everything mapped, in ascending order, one entry of a table each. `table` hears of each table. What hardware could not walk
   * is an error.
   */
  list(table: (pa: number, bytes: number) => void = () => undefined): Mapping[] {
    const found: Mapping[] = [];
    const walk = (pa: number, entries: number, level: number, from: number): void => {
      table(pa, entries * 8);
      for (let index = 0; index < entries; index++) {
        const entry = this.read64(pa + 8 * index);
        if ((entry & VALID) === 0n) continue;
        const at = from + index * 2 ** shiftOf(level);
        const complain = (what: string): never => {
          throw new MachineError("MACHINE_STAGE2", `entry ${hex(entry)} for ${hex(at)} at level ${level}: ${what}`);
        };
        if (!isGood(entry)) complain("reserved encoding");
        if (!isLeaf(entry)) {
          if (level === LAST_LEVEL) complain("leads to a table where there are only pages");
          if ((entry & (DIRTY | ACCESSED | USER)) !== 0n) complain("D, A and U are reserved where it leads to a table");
          walk(Number((entry >> PPN_SHIFT) & PPN_MASK) * 2 ** PAGE_BITS, 2 ** INDEX_BITS, level - 1, at);
          continue;
        }
        found.push(
          this.leaf(entry, at, level) ?? complain(
            this.isGuests && (entry & USER) === 0n
              ? "a guest's access is one of user mode: U"
              : "is never used: A, or its alignment"
          )
        );
      }
    };
    walk(this.root, 2 ** this.rootBits, ROOT_LEVEL, 0);
    return found;
  }

  /** Undefined: whatever is done there faults. Who does not set A and D has to have set them before (Svade; Svadu is off). */
  private leaf(entry: bigint, address: number, level: number): Found {
    const size = 2 ** shiftOf(level);
    const pa = Number((entry >> PPN_SHIFT) & PPN_MASK) * 2 ** PAGE_BITS;
    const user = (entry & USER) !== 0n;
    if (pa % size !== 0 || (entry & ACCESSED) === 0n || (this.isGuests && !user)) return undefined;
    return {
      ipa: address, pa, size, user,
      global: (entry & GLOBAL) !== 0n,
      read: (entry & READ) !== 0n,
      write: (entry & WRITE) !== 0n && (entry & DIRTY) !== 0n,
      execute: (entry & EXECUTE) !== 0n,
    };
  }
}

const isLeaf = (entry: bigint): boolean => (entry & (READ | WRITE | EXECUTE)) !== 0n;
/** Valid, and nothing reserved: of what may be written and not read, too. */
const isGood = (entry: bigint): boolean =>
  (entry & VALID) !== 0n && (entry & RESERVED) === 0n && (entry & (READ | WRITE)) !== WRITE;

/** It permits that. */
export const permits = (mapping: Mapping, access: Access): boolean => mapping[access];

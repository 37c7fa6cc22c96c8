// Translation tables for tests, made entry by entry.
import { PhysicalMemory } from "../../../tools/machine/memory.ts";

export const RAM = 0x8000_0000;
const TABLES = RAM + 0x800_0000;
const PAGE = 0x1000;

export const [V, R, W, X, U, G, A, D] = [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80] as const;
/** Memory of a guest, as its hypervisor maps it. */
export const GUEST_RWX = V | R | W | X | U | A | D;

const indexOf = (address: number, level: number): number => Math.floor(address / 2 ** (12 + 9 * level)) % 512;

export class Tables {
  readonly memory: PhysicalMemory;
  readonly root = TABLES;
  private next = TABLES + 4 * PAGE;

  constructor(memory = new PhysicalMemory([{ pa: RAM, size: 0x1000_0000 }])) {
    this.memory = memory;
  }

  entry(pa: number, bits: number, high = 0n): bigint {
    return (BigInt(pa / PAGE) << 10n) | BigInt(bits) | high;
  }

  /** An entry of a level's table, which is made if it has to be. `wide`: the root has four pages. */
  map(address: number, entry: bigint, level = 0, root = this.root, wide = false): number {
    let table = root;
    for (let at = 2; at > level; at--) {
      const slot = table + 8 * (at === 2 && wide ? Math.floor(address / 2 ** 30) : indexOf(address, at));
      if (this.memory.read64(slot) === 0n) {
        this.memory.write64(slot, this.entry(this.next, V));
        this.next += PAGE;
      }
      table = Number(this.memory.read64(slot) >> 10n) * PAGE;
    }
    const slot = table + 8 * (level === 2 && wide ? Math.floor(address / 2 ** 30) : indexOf(address, level));
    this.memory.write64(slot, entry);
    return slot;
  }

  /** Another root, of one page. */
  another(): number {
    this.next += PAGE;
    return this.next - PAGE;
  }
}

// The hypervisor's own translation (ARM ARM D8.3, EL2 stage 1, 4 KiB granule, 39 bits): the tables that entry.S makes before
// the first line of AssemblyScript, and a walker that says whether what the core reaches for is mapped at all, as the right
// kind of memory. A machine without this check would let a core pass that faults on its first device access.
import { hex, MachineError } from "../errors.ts";
import type { PhysicalMemory } from "../memory.ts";
import type { OwnTranslation, Purpose } from "../physical.ts";

const VALID = 1n;
const TABLE_OR_PAGE = 2n;
const ADDRESS = 0x0000_ffff_ffff_f000n;
const AF = 1n << 10n;
const SH_INNER = 3n << 8n;
const AP_READ_ONLY = 1n << 7n;
const AP_RES1 = 1n << 6n;
const XN = 1n << 54n;
const PAGE_BITS = 12;
const LEVEL_BITS = 9;
const PAGE = 2 ** PAGE_BITS;
const VA_LIMIT = 2 ** 39;

/** Indices into MAIR_EL2, as entry.S sets it. */
const ATTRIBUTE_NORMAL = 0;
const ATTRIBUTE_DEVICE = 1;

export interface Leaf {
  /** Where its block begins, and how large it is. */
  readonly va: number;
  readonly pa: number;
  readonly size: number;
  readonly device: boolean;
  readonly writable: boolean;
}

export class Stage1 implements OwnTranslation {
  private readonly memory: PhysicalMemory;
  private readonly root: number;
  private readonly walked: (descriptor: number) => void;
  /** Blocks already looked up, by the pages they were reached through. */
  private readonly pages = new Map<number, Leaf>();
  /** Pages of the tables that were read for it. */
  private readonly tables = new Set<number>();

  /**
   * `walked` hears of every valid descriptor that a walk reads. Three tables from `root` on: level 1, and the image's level 2 and
   * 3 (entry.S, axv_make_tables).
   */
  constructor(memory: PhysicalMemory, root: number, imageBase: number, imageSize: number, walked: (descriptor: number) => void) {
    this.walked = walked;
    this.memory = memory;
    this.root = root;
    const level2 = root + PAGE;
    const level3 = level2 + PAGE;
    memory.write64(root + 8 * Math.floor(imageBase / 2 ** 30), BigInt(level2) | 3n);
    memory.write64(level2 + 8 * (Math.floor(imageBase / 2 ** 21) % 512), BigInt(level3) | 3n);
    for (let at = imageBase; at < imageBase + imageSize; at += PAGE) {
      memory.write64(
        level3 + 8 * (Math.floor(at / PAGE) % 512), BigInt(at) | AF | SH_INNER | AP_RES1 | XN | VALID | TABLE_OR_PAGE,
      );
    }
  }

  /** A table that something was looked up by has been written: nothing of that holds any more. */
  changed(pa: number): void {
    if (this.tables.has(Math.floor(pa / PAGE))) this.pages.clear();
  }

  /** Every page of the range is mapped at VA = PA, as what it is used for. */
  check(pa: number, bytes: number, purpose: Purpose): void {
    for (let at = pa; at < pa + bytes;) {
      const page = Math.floor(at / PAGE);
      const leaf = this.pages.get(page) ?? this.walk(page * PAGE);
      const complain = (what: string): never => {
        throw new MachineError(
          "MACHINE_STAGE1", `the hypervisor reaches for ${hex(pa)} (${bytes} bytes, ${purpose}), but at ${hex(at)} ${what}`,
        );
      };
      if (leaf === undefined) return complain("its stage 1 maps nothing");
      if (leaf.pa !== leaf.va) complain(`its stage 1 maps ${hex(leaf.pa)}`);
      if (leaf.device !== (purpose === "device")) complain(leaf.device ? "there is Device memory" : "there is Normal memory");
      if (!leaf.writable && purpose !== "read") complain("it may only read");
      this.pages.set(page, leaf);
      at = leaf.va + leaf.size;
    }
  }

  /** AT S1E2R finds Normal memory there. */
  isNormal(va: number): boolean {
    return this.walk(va)?.device === false;
  }

  /** All that is mapped, in order. */
  list(table = this.root, level = 1, from = 0): Leaf[] {
    const shift = PAGE_BITS + LEVEL_BITS * (3 - level);
    return Array.from({ length: 2 ** LEVEL_BITS }, (_, n) => n).flatMap((n) => {
      const [descriptor, va] = [this.memory.read64(table + 8 * n), from + n * 2 ** shift];
      if ((descriptor & VALID) === 0n) return [];
      return level < 3 && (descriptor & TABLE_OR_PAGE) !== 0n
        ? this.list(Number(descriptor & ADDRESS), level + 1, va)
        : [this.leaf(descriptor, va, shift, level)];
    });
  }

  private walk(va: number): Leaf | undefined {
    if (va >= VA_LIMIT) return undefined;
    let table = this.root;
    for (let level = 1; level <= 3; level++) {
      const shift = PAGE_BITS + LEVEL_BITS * (3 - level);
      this.tables.add(table / PAGE);
      const at = table + 8 * (Math.floor(va / 2 ** shift) % 512);
      const descriptor = this.memory.read64(at);
      if ((descriptor & VALID) === 0n) return undefined;
      this.walked(at);
      if (level < 3 && (descriptor & TABLE_OR_PAGE) !== 0n) {
        table = Number(descriptor & ADDRESS);
        continue;
      }
      return this.leaf(descriptor, va, shift, level);
    }
    return undefined;
  }

  private leaf(descriptor: bigint, va: number, shift: number, level: number): Leaf {
    const complain = (what: string): never => {
      throw new MachineError("MACHINE_STAGE1", `descriptor ${hex(descriptor)} for ${hex(va)}: ${what}`);
    };
    const attribute = Number((descriptor >> 2n) & 7n);
    const base = Number(descriptor & ADDRESS);
    if (level === 3 && (descriptor & TABLE_OR_PAGE) === 0n) complain("reserved encoding");
    if ((descriptor & AF) === 0n) complain("the access flag is clear");
    if ((descriptor & XN) === 0n) complain("executable: only the core's text may be");
    if ((descriptor & AP_RES1) === 0n) complain("AP[1] is RES1 in the translation of EL2 (D8.4.1)");
    // Other pCPUs cache it, too. (Of Device memory the field says nothing: it is Outer Shareable, D8.5.2.)
    if (attribute === ATTRIBUTE_NORMAL && (descriptor & SH_INNER) !== SH_INNER) {
      complain("Normal memory that is not Inner Shareable");
    }
    if (base % 2 ** shift !== 0) complain("output address is not aligned to the block");
    if (attribute !== ATTRIBUTE_NORMAL && attribute !== ATTRIBUTE_DEVICE) complain(`MAIR_EL2 has no attribute ${attribute}`);
    const size = 2 ** shift;
    return {
      va: va - (va % size), pa: base, size, device: attribute === ATTRIBUTE_DEVICE, writable: (descriptor & AP_READ_ONLY) === 0n,
    };
  }
}

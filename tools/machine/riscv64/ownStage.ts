// The hypervisor's own translation (Sv39 by satp), and what is behind an address: memory or a device, by the board's memory map
// alone, for without Svpbmt a table does not say (privileged architecture, "Physical Memory Attributes").
import { hex, MachineError } from "../errors.ts";
import type { PhysicalMemory } from "../memory.ts";
import type { OwnTranslation, Purpose } from "../physical.ts";
import type { Board } from "./board.ts";
import { MODE_BARE, MODE_SHIFT, PPN_MASK } from "./csrs.ts";
import { Sv39 } from "./sv39.ts";
import type { Mapping } from "./sv39.ts";

const PAGE = 4096;
/** R, W, A, D */
const READ_WRITE = 0xc6n;
const entryOf = (pa: number, bits: bigint): bigint => (BigInt(pa / PAGE) << 10n) | bits | 1n;

export class OwnStage implements OwnTranslation {
  private readonly memory: PhysicalMemory;
  private readonly satp: () => bigint;
  private readonly walked: (entry: number) => void;
  /** Blocks already looked up, by the pages they were reached through; of the satp that they were looked up by. */
  private readonly pages = new Map<number, Mapping>();
  private known = 0n;

  /** `satp`: of the hart that is in the core. `walked` hears of every valid entry that a walk reads. */
  constructor(memory: PhysicalMemory, satp: () => bigint, walked: (entry: number) => void) {
    this.memory = memory;
    this.satp = satp;
    this.walked = walked;
  }

  /** The three tables that entry.S makes before the first line of AssemblyScript: the image at its own addresses. */
  begin({ imageBase, imageSize, ownRootOffset }: Board): void {
    const root = imageBase + ownRootOffset;
    const [level1, level0] = [root + PAGE, root + 2 * PAGE];
    const slot = (table: number, at: number, level: number): number => table + 8 * (Math.floor(at / (PAGE * 512 ** level)) % 512);
    this.memory.write64(slot(root, imageBase, 2), entryOf(level1, 0n));
    this.memory.write64(slot(level1, imageBase, 1), entryOf(level0, 0n));
    for (let at = imageBase; at < imageBase + imageSize; at += PAGE) {
      this.memory.write64(slot(level0, at, 0), entryOf(at, READ_WRITE));
    }
  }

  changed(): void {
    this.pages.clear();
  }

  check(pa: number, bytes: number, purpose: Purpose): void {
    const complain = (at: number, what: string): never => {
      throw new MachineError(
        "MACHINE_STAGE1", `the hypervisor reaches for ${hex(pa)} (${bytes} bytes, ${purpose}), but at ${hex(at)} ${what}`,
      );
    };
    if (this.memory.isRam(pa, bytes) === (purpose === "device")) {
      complain(pa, purpose === "device" ? "there is memory" : "there is no memory");
    }
    for (let at = pa; at < pa + bytes;) {
      const found = this.find(at);
      if (found === undefined) return;
      if (found === "nothing") return complain(at, "its tables map nothing");
      if (found.pa !== found.ipa) complain(at, `its tables map ${hex(found.pa)}`);
      if (found.user || !found.read) complain(at, "it may not read");
      if (!found.write && purpose !== "read") complain(at, "it may only read");
      if (found.execute) complain(at, "it may execute: only the core's text may be");
      at = found.ipa + found.size;
    }
  }

  isNormal(va: number): boolean {
    return this.memory.isRam(va, 1) && this.find(va) !== "nothing";
  }

  /** Undefined: nothing is translated. */
  private find(at: number): Mapping | "nothing" | undefined {
    const satp = this.satp();
    if (Number(satp >> MODE_SHIFT) === MODE_BARE) return undefined;
    if (satp !== this.known) this.pages.clear();
    this.known = satp;
    const page = Math.floor(at / PAGE);
    const found = this.pages.get(page) ?? new Sv39(satp & PPN_MASK, false, (pa) => this.read(pa)).translate(at);
    if (found !== undefined) this.pages.set(page, found);
    return found ?? "nothing";
  }

  private read(pa: number): bigint {
    const entry = this.memory.read64(pa);
    if ((entry & 1n) !== 0n) this.walked(pa);
    return entry;
  }
}

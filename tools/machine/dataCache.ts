// The data caches: coherent among the pCPUs, as inner shareable memory is, but not with those who pass them by: a guest whose MMU
// or caches are off, a device that is not coherent (ARM ARM B2.10, D7.5). A line that was written stays dirty until somebody
// cleans it and waits for that; whoever passes it by reads what was in memory before, and what he writes may be written over at
// any time.
//
// What a guest does to itself is its own business. An error is what somebody else has left for it: an earlier life. (Firmware
// hands all memory over clean, as U-Boot's booti does: cleaning it again would take longer than a boot may.)
import { hex, MachineError } from "./errors.ts";
import type { Range } from "./memory.ts";

const LINE = 64;
const PAGE = 4096;
const LINES_OF_PAGE = PAGE / LINE;

/** Who has written: a life of a partition. */
export type Writer = number;

export class DataCache {
  /** Dirty lines, by the page they are in. */
  private readonly pages = new Map<number, (Writer | undefined)[]>();
  /** What each pCPU has begun to clean, and not waited for. */
  private readonly begun = new Map<number, Range[]>();
  private readonly ranges: readonly Range[];

  /** `ranges`: what is looked at. */
  constructor(ranges: readonly Range[]) {
    this.ranges = ranges;
  }

  /** A guest's access in one life of its partition, through the caches or past them. */
  access(pa: number, bytes: number, write: boolean, cacheable: boolean, life: Writer): void {
    if (!this.ranges.some((range) => pa >= range.pa && pa < range.pa + range.size)) return;
    for (let line = Math.floor(pa / LINE); line * LINE < pa + bytes; line++) {
      const page = Math.floor(line / LINES_OF_PAGE);
      const n = line % LINES_OF_PAGE;
      if (cacheable) {
        if (write) this.linesOf(page)[n] = life;
        continue;
      }
      const writer = this.pages.get(page)?.[n];
      if (writer === undefined || writer === life) continue;
      const what = `a guest with its caches off ${write ? "writes" : "reads"} ${hex(pa)}`;
      throw new MachineError(
        "MACHINE_CACHE", `${what}, and a cache still holds what an earlier life, or another partition, has written there`,
      );
    }
  }

  /** A pCPU cleans a range to the point of coherency: done at its next barrier. */
  clean(pcpu: number, pa: number, bytes: number): void {
    const begun = this.begun.get(pcpu) ?? [];
    const last = begun.at(-1);
    // piece by piece
    if (last !== undefined && last.pa + last.size === pa) begun[begun.length - 1] = { pa: last.pa, size: last.size + bytes };
    else begun.push({ pa, size: bytes });
    this.begun.set(pcpu, begun);
  }

  /** A barrier. */
  complete(pcpu: number): void {
    for (const { pa, size } of this.begun.get(pcpu) ?? []) this.drop(pa, size);
    this.begun.delete(pcpu);
  }

  private drop(pa: number, bytes: number): void {
    const first = Math.floor(pa / PAGE);
    const end = Math.ceil((pa + bytes) / PAGE);
    for (const [page, lines] of this.pages) {
      if (page < first || page >= end) continue;
      for (let n = 0; n < LINES_OF_PAGE; n++) {
        const at = page * PAGE + n * LINE;
        if (at >= pa && at < pa + bytes) lines[n] = undefined;
      }
      if (lines.every((writer) => writer === undefined)) this.pages.delete(page);
    }
  }

  private linesOf(page: number): (Writer | undefined)[] {
    let lines = this.pages.get(page);
    if (lines === undefined) {
      lines = new Array<Writer | undefined>(LINES_OF_PAGE).fill(undefined);
      this.pages.set(page, lines);
    }
    return lines;
  }
}

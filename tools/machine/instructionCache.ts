// The pCPUs' instruction caches (ARM ARM D7.5.9): not coherent with stores. What has once been fetched, or might have been, is
// fetched again until it is invalidated, and an invalidation is done when the barrier behind it is. A guest that changes its own
// code looks after that itself; what the hypervisor has written for it, and what an earlier life has fetched, is the
// hypervisor's.
import { hex, MachineError } from "./errors.ts";

const PAGE = 4096;

export class InstructionCaches {
  private readonly everyone: readonly number[];
  /** Pages that the hypervisor has written since each pCPU's cache was last invalidated. */
  private readonly written: readonly Set<number>[];
  /** Pages that each pCPU has fetched from, and in which of its lives. */
  private readonly fetched: readonly Map<number, number>[];
  private readonly begun = new Map<number, Set<number>>();

  constructor(pcpus: number) {
    this.everyone = Array.from({ length: pcpus }, (_, n) => n);
    this.written = this.everyone.map(() => new Set<number>());
    this.fetched = this.everyone.map(() => new Map<number, number>());
  }

  /** The hypervisor has written there. */
  write(pa: number, bytes: number): void {
    for (let page = Math.floor(pa / PAGE); page * PAGE < pa + bytes; page++) for (const pages of this.written) pages.add(page);
  }

  /** The guest of a pCPU fetches, in that life. */
  fetch(pcpu: number, pa: number, life: number): void {
    const page = Math.floor(pa / PAGE);
    const stale = (what: string): never => {
      throw new MachineError("MACHINE_CACHE", `the guest of pCPU ${pcpu} fetches at ${hex(pa)} ${what}: invalidate it first`);
    };
    if (this.written[pcpu]?.has(page) === true) stale("what was there before the hypervisor wrote it");
    const before = this.fetched[pcpu]?.get(page);
    if (before !== undefined && before !== life) stale("what an earlier life has left in the instruction cache");
    this.fetched[pcpu]?.set(page, life);
  }

  /** Of all pCPUs (IC IALLUIS), or of those (IC IALLU, FENCE.I). */
  invalidate(pcpu: number, pcpus = this.everyone): void {
    this.begun.set(pcpu, new Set([...(this.begun.get(pcpu) ?? []), ...pcpus]));
  }

  /** A barrier. */
  complete(pcpu: number): void {
    for (const n of this.begun.get(pcpu) ?? []) {
      this.written[n]?.clear();
      this.fetched[n]?.clear();
    }
    this.begun.delete(pcpu);
  }
}

// The stage 2 part of the TLBs (ARM ARM D8.13): a translation once used may be used again until it is invalidated, whatever
// the tables say by then. This one never forgets by itself, and an invalidation has no effect before the DSB behind it: the
// worst case that the architecture allows.
import { MachineError } from "./errors.ts";
import type { Mapping } from "./stage2.ts";

const PAGE = 4096;
const IPA_PAGES = 2 ** 36;
const ALL = -1;

export class Tlb {
  private readonly entries = new Map<number, Mapping>();
  /** VMIDs (or ALL) whose invalidation each pCPU has begun, and not yet waited for. */
  private readonly begun = new Map<number, number[]>();
  /** pCPUs that have taken a valid descriptor away, and have not made that visible to table walks. */
  private readonly unseen = new Set<number>();

  find(vmid: number, ipa: number): Mapping | undefined {
    return this.entries.get(vmid * IPA_PAGES + Math.floor(ipa / PAGE));
  }

  fill(vmid: number, ipa: number, mapping: Mapping): void {
    this.entries.set(vmid * IPA_PAGES + Math.floor(ipa / PAGE), mapping);
  }

  /** A pCPU has made a valid descriptor invalid, or another one. */
  descriptorTaken(pcpu: number): void {
    this.unseen.add(pcpu);
  }

  /** TLBI VMALLS12E1IS */
  invalidate(pcpu: number, vmid: number): void {
    // A walk could still read the old descriptor behind the invalidation (D8.13.1): DSB between the store and the TLBI.
    if (this.unseen.has(pcpu)) throw new MachineError("MACHINE_TLB", `pCPU ${pcpu} invalidates VMID ${vmid} without a DSB behind the store to its tables`);
    this.begun.set(pcpu, [...(this.begun.get(pcpu) ?? []), vmid]);
  }

  /** TLBI ALLE1IS */
  invalidateAll(pcpu: number): void {
    this.invalidate(pcpu, ALL);
  }

  /** A pCPU has begun what it has not waited for. */
  isInvalidating(pcpu: number): boolean {
    return this.begun.has(pcpu);
  }

  /** DSB: what the pCPU has begun is done. */
  complete(pcpu: number): void {
    this.unseen.delete(pcpu);
    const vmids = this.begun.get(pcpu);
    if (vmids === undefined) return;
    this.begun.delete(pcpu);
    for (const key of this.entries.keys()) if (vmids.includes(ALL) || vmids.includes(Math.floor(key / IPA_PAGES))) this.entries.delete(key);
  }
}

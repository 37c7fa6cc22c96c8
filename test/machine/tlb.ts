// The stage 2 part of the TLBs (ARM ARM D8.13): a translation once used may be used again until it is invalidated, whatever
// the tables say by then. This one never forgets by itself: the worst case that the architecture allows.
import type { Mapping } from "./stage2.ts";

const PAGE = 4096;
const IPA_PAGES = 2 ** 36;

export class Tlb {
  private readonly entries = new Map<number, Mapping>();

  find(vmid: number, ipa: number): Mapping | undefined {
    return this.entries.get(vmid * IPA_PAGES + Math.floor(ipa / PAGE));
  }

  fill(vmid: number, ipa: number, mapping: Mapping): void {
    this.entries.set(vmid * IPA_PAGES + Math.floor(ipa / PAGE), mapping);
  }

  invalidate(vmid: number): void {
    for (const key of this.entries.keys()) if (Math.floor(key / IPA_PAGES) === vmid) this.entries.delete(key);
  }

  invalidateAll(): void {
    this.entries.clear();
  }
}

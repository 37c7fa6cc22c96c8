// The TLBs for what the second stage of translation says (ARM ARM D8.13; RISC-V privileged, HFENCE.GVMA), one for each pCPU: a
// translation once used may be used again until it is invalidated, whatever the tables say by then. They never forget by
// themselves, an invalidation has no effect before the barrier behind it, and they begin with what was there before the pCPU came
// to the hypervisor: the worst case that the architecture allows.
import { hex, MachineError } from "./errors.ts";
import type { Mapping } from "./mapping.ts";

const PAGE = 4096;
const IPA_PAGES = 2 ** 36;
const ALL = -1;

interface Entry<Found> {
  readonly mapping: Found;
  /**
   * The life of its pCPU in which it was made: stage 1 of that life, which is of no use to another, is in it. Undefined: it has
   * been taken out of it.
   */
  life: number | undefined;
}

interface Invalidation {
  readonly pcpus: readonly number[];
  readonly vmid: number;
}

export class Tlb<Found extends Mapping = Mapping> {
  private readonly entries: readonly Map<number, Entry<Found>>[];
  /** VMIDs whose translations by firmware are still in a pCPU's TLB: all, but for those that have been invalidated. */
  private readonly inherited: ({ readonly but: Set<number> } | undefined)[];
  private readonly repeats: boolean;
  /** Invalidations made once. */
  private readonly once = new Set<string>();
  private readonly everyone: readonly number[];
  /** Invalidations that each pCPU has begun, and not yet waited for. */
  private readonly begun = new Map<number, Invalidation[]>();
  /** pCPUs that have taken a valid descriptor away, and have not made that visible to table walks. */
  private readonly unseen = new Set<number>();

  /** `repeats`: an invalidation has an effect when it is made, and waited for, twice (Cortex-A55 erratum 2441007). */
  constructor(pcpus: number, repeats = false) {
    this.repeats = repeats;
    this.everyone = Array.from({ length: pcpus }, (_, n) => n);
    this.entries = this.everyone.map(() => new Map<number, Entry<Found>>());
    this.inherited = this.everyone.map(() => undefined);
  }

  /** A pCPU comes out of reset, or from firmware: its TLB holds anything. */
  start(pcpu: number): void {
    this.inherited[pcpu] = { but: new Set() };
  }

  /**
   * What a pCPU uses for an IPA, in that life. What is left from before that life is an error: nobody could say where it leads.
   */
  find(pcpu: number, vmid: number, ipa: number, life: number): Found | undefined {
    const stale = (whose: string): never => {
      throw new MachineError(
        "MACHINE_TLB",
        `the guest of pCPU ${pcpu} (VMID ${vmid}) reaches ${hex(ipa)} by a translation that ${whose} has left in the TLB`,
      );
    };
    if (this.inherited[pcpu]?.but.has(vmid) === false) stale("firmware");
    const entry = this.entries[pcpu]?.get(vmid * IPA_PAGES + Math.floor(ipa / PAGE));
    if (entry === undefined) return undefined;
    entry.life ??= life;
    if (entry.life !== life) stale("an earlier life");
    return entry.mapping;
  }

  fill(pcpu: number, vmid: number, ipa: number, life: number, mapping: Found): void {
    this.entries[pcpu]?.set(vmid * IPA_PAGES + Math.floor(ipa / PAGE), { mapping, life });
  }

  /** A pCPU has made a valid descriptor invalid, or another one. */
  descriptorTaken(pcpu: number): void {
    this.unseen.add(pcpu);
  }

  /** Of all pCPUs (TLBI VMALLS12E1IS), or of those. */
  invalidate(pcpu: number, vmid: number, pcpus = this.everyone): void {
    // A walk could still read the old descriptor behind the invalidation (D8.13.1): a barrier between the store and that.
    if (this.unseen.has(pcpu)) {
      throw new MachineError(
        "MACHINE_TLB", `pCPU ${pcpu} invalidates VMID ${vmid} without a barrier behind the store to its tables`,
      );
    }
    this.begun.set(pcpu, [...(this.begun.get(pcpu) ?? []), { pcpus, vmid }]);
  }

  /** Of whatever VMID (TLBI ALLE1IS). */
  invalidateAll(pcpu: number, pcpus = this.everyone): void {
    this.invalidate(pcpu, ALL, pcpus);
  }

  /** What a guest's own tables said is forgotten, on that pCPU; what the second stage said is not (HFENCE.VVMA). */
  forgetOwn(pcpu: number, vmid: number): void {
    for (const [key, entry] of this.entries[pcpu] ?? []) if (Math.floor(key / IPA_PAGES) === vmid) entry.life = undefined;
  }

  /** A pCPU has begun what it has not waited for. */
  isInvalidating(pcpu: number): boolean {
    return this.begun.has(pcpu);
  }

  /** A barrier: what the pCPU has begun is done. */
  complete(pcpu: number): void {
    this.unseen.delete(pcpu);
    const begun = this.begun.get(pcpu);
    if (begun === undefined) return;
    this.begun.delete(pcpu);
    const made = new Set<string>();
    for (const { pcpus, vmid } of begun) {
      const key = `${pcpu} ${vmid} ${pcpus.join()}`;
      if (made.has(key)) continue; // it has not been waited for in between
      made.add(key);
      if (this.repeats && !this.once.delete(key)) this.once.add(key);
      else for (const n of pcpus) this.drop(n, vmid);
    }
  }

  /** The pCPU does something else: an invalidation that it comes to make then is no repetition. */
  leave(pcpu: number): void {
    for (const key of this.once) if (key.startsWith(`${pcpu} `)) this.once.delete(key);
  }

  private drop(pcpu: number, vmid: number): void {
    const entries = this.entries[pcpu];
    if (vmid === ALL) {
      this.inherited[pcpu] = undefined;
      entries?.clear();
      return;
    }
    this.inherited[pcpu]?.but.add(vmid);
    for (const key of entries?.keys() ?? []) if (Math.floor(key / IPA_PAGES) === vmid) entries?.delete(key);
  }
}

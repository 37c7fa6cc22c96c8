// Fences of translation (privileged architecture, "Hypervisor Memory-Management Fence Instructions"): HFENCE.GVMA is of the hart
// that executes it alone, and done when it is executed; others are asked for by firmware (SBI, RFENCE).
import type { TableWrites } from "../tableWrites.ts";
import type { Tlb } from "../tlb.ts";
import type { Mapping } from "./sv39.ts";

export class Fences {
  private readonly tlb: Tlb<Mapping>;
  private readonly tableWrites: TableWrites;

  constructor(tlb: Tlb<Mapping>, tableWrites: TableWrites) {
    this.tlb = tlb;
    this.tableWrites = tableWrites;
  }

  /** Of one VMID, or of all. What the hart has stored to tables before, its walks see from then on. */
  hfenceGvma(hart: number, vmid?: number): void {
    this.remote(hart, [hart], vmid);
  }

  /** On those harts, as RFENCE has firmware do it for hart `by`. */
  remote(by: number, harts: readonly number[], vmid?: number): void {
    this.order(by);
    if (vmid === undefined) this.tlb.invalidateAll(by, harts);
    else this.tlb.invalidate(by, vmid, harts);
    this.tlb.complete(by);
  }

  /** HFENCE.VVMA, of the guest that hgatp names. */
  hfenceVvma(hart: number, vmid: number): void {
    this.tlb.forgetOwn(hart, vmid);
  }

  /** SFENCE.VMA of the hypervisor: of its own tables. */
  sfenceVma(hart: number): void {
    this.order(hart);
  }

  private order(hart: number): void {
    this.tlb.complete(hart);
    this.tableWrites.complete(hart);
    this.tableWrites.synchronise(hart);
  }
}

// Descriptors of translation tables on their way to those who walk them (ARM ARM D8.2.7, B2.3.12): a store to a table is seen by
// a walk for sure only behind a barrier (DSB, SFENCE.VMA) of whoever stored it, and by the storing pCPU's own instructions only
// behind a synchronisation (ISB), too. A walk that meets one which is not there yet could find anything: it is an error here.
import { hex, MachineError } from "./errors.ts";

export class TableWrites {
  /** Descriptors, and the pCPU that has stored each without a barrier since. */
  private readonly stored = new Map<number, number>();
  /** Those behind their barrier, but ahead of that pCPU's synchronisation. */
  private readonly unsynchronised = new Map<number, number>();

  write(pcpu: number, descriptor: number): void {
    this.stored.set(descriptor, pcpu);
  }

  /**
   * Before a pCPU's walk reads a descriptor that is valid. `own`: by an instruction of the hypervisor; else of a guest, behind
   * its ERET.
   */
  walk(pcpu: number, descriptor: number, own: boolean): void {
    const by = this.stored.get(descriptor);
    if (by !== undefined) {
      throw new MachineError(
        "MACHINE_STAGE1",
        `a walk by pCPU ${pcpu} reads the descriptor at ${hex(descriptor)}, which pCPU ${by} has stored without a barrier`,
      );
    }
    if (own && this.unsynchronised.get(descriptor) === pcpu) {
      throw new MachineError(
        "MACHINE_STAGE1", `a walk by pCPU ${pcpu} reads the descriptor at ${hex(descriptor)} unsynchronised since it was stored`,
      );
    }
  }

  /** A barrier. */
  complete(pcpu: number): void {
    for (const [descriptor, by] of this.stored) {
      if (by !== pcpu) continue;
      this.stored.delete(descriptor);
      this.unsynchronised.set(descriptor, pcpu);
    }
  }

  /** An exception's return, or an instruction that does the same (ISB). */
  synchronise(pcpu: number): void {
    for (const [descriptor, by] of this.unsynchronised) if (by === pcpu) this.unsynchronised.delete(descriptor);
  }
}

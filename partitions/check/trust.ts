// Partitions that are trusted with their SGIs: where that can be given, and means what they think.
import type { Board } from "../../boards/schema.ts";
import { trustAffinity, trustOnGicv2, trustWithoutDirect } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { PartitionRequest } from "../request.ts";
import { hex } from "../units.ts";

export function checkTrust(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  for (const { path, fields } of partitions) {
    if (fields.trust?.includes("sgi") !== true) continue;
    const at = [...path, "trust"];
    if (fields.interrupts !== "direct") findings.report(at, trustWithoutDirect(), "key");
    if (board.gic.version === 2) findings.report(at, trustOnGicv2(board.name), "key");
    // ICC_SGI1R_EL1 is the physical one, and the guest's MPIDR_EL1 is not: it has its vCPU's index.
    const affinities = (fields.cpus ?? []).map((cpu) => board.cpus.mpidr[cpu] ?? 0);
    if (affinities.length > 1 && affinities.some((affinity, vcpu) => affinity !== vcpu))
      findings.report(at, trustAffinity(affinities.map((affinity) => hex(affinity))), "key");
  }
}

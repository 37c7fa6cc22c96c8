// Partitions that are trusted with their SGIs: where that can be given, and means what they think.
import type { Board } from "../../boards/schema.ts";
import { trustWithoutDirect } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { isaOf } from "../isas.ts";
import type { PartitionRequest } from "../request.ts";

export function checkTrust(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  for (const { path, fields } of partitions) {
    if (fields.trust?.includes("sgi") !== true) continue;
    const at = [...path, "trust"];
    if (fields.interrupts !== "direct") findings.report(at, trustWithoutDirect(), "key");
    for (const problem of isaOf(board).trustProblems(board, fields.cpus ?? [])) findings.report(at, problem, "key");
  }
}

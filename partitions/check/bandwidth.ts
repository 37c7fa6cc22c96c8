// Budgets of cache refills: the PMU is there to count them and free for it, and they are no smaller than what is counted.
import type { Board } from "../../boards/schema.ts";
import { bandwidthUnwired, bandwidthWithDirect, bandwidthWithPmu, budgetTooSmall } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { isaOf } from "../isas.ts";
import { refillsOf } from "../plan/bandwidth.ts";
import { sharedCache } from "../plan/cache.ts";
import type { PartitionRequest } from "../request.ts";

export function checkBandwidth(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  const cache = sharedCache(board);
  for (const { path, fields } of partitions) {
    if (fields.bandwidth === undefined) continue;
    const at = [...path, "bandwidth"];
    const { budget } = fields.bandwidth;
    const vcpus = fields.cpus?.length ?? 1;
    if (!isaOf(board).countsRefills(board)) findings.report(at, bandwidthUnwired(board.name), "key");
    if (fields.pmu === true) findings.report(at, bandwidthWithPmu(), "key");
    if (fields.interrupts === "direct") findings.report(at, bandwidthWithDirect(), "key");
    if (refillsOf(cache, budget, vcpus) === 0)
      findings.report([...at, "budget"], budgetTooSmall(budget, cache.line * vcpus, vcpus));
  }
}

// Budgets of cache refills: the PMU is there to count them and free for it, and they are no smaller than what is counted.
import type { Board } from "../../boards/schema.ts";
import { bandwidthWithDirect, bandwidthWithPmu, budgetTooSmall, cacheUnknown } from "../diagnostics/catalogue.ts";
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
    const problem = isaOf(board).refillsProblem(board);
    if (problem !== undefined) findings.report(at, problem, "key");
    if (fields.pmu === true) findings.report(at, bandwidthWithPmu(), "key");
    if (fields.interrupts === "direct") findings.report(at, bandwidthWithDirect(), "key");
    if (cache.unknown !== undefined) findings.report(at, cacheUnknown(board.name, cache.unknown), "key");
    else if (refillsOf(cache, budget, vcpus) === 0)
      findings.report([...at, "budget"], budgetTooSmall(budget, cache.line * vcpus, vcpus));
  }
}

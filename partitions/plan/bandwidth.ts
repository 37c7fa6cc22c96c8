// A partition's budget of cache refills, as the PMU counts them.
import type { PartitionRequest } from "../request.ts";
import type { PlannedBandwidth, PlannedCache } from "./plan.ts";

/** Lines that each of its vCPUs may refill in a period: the budget is split evenly, and rounded down. */
export function refillsOf(cache: PlannedCache, budget: number, vcpus: number): number {
  return Math.floor(budget / cache.line / vcpus);
}

export function planBandwidth(cache: PlannedCache, { fields }: PartitionRequest): PlannedBandwidth | null {
  const { bandwidth, cpus } = fields;
  if (bandwidth === undefined || cpus === undefined) return null;
  const { budget, period } = bandwidth;
  return { budget, refills: refillsOf(cache, budget, cpus.length), periodMicroseconds: period };
}

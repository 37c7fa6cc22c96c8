// Registers that the hypervisor writes before any guest starts: `init:` of system.yaml.
import type { PartitionRequest } from "../request.ts";
import type { PlannedInit } from "./plan.ts";

/** Partition by partition, as the file has them. */
export const planInits = (partitions: readonly PartitionRequest[]): PlannedInit[] =>
  partitions.flatMap(({ name: by, fields }) => (fields.init ?? []).map(({ reg: pa, mask, value }) => ({ pa, mask, value, by })));

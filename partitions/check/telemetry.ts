// Who reads along what leaves by the hypervisor's UART: there is one stream of it, for one partition.
import { telemetryTaken } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { PartitionRequest } from "../request.ts";

export function checkTelemetry(partitions: readonly PartitionRequest[], findings: Findings): void {
  const [first, ...others] = partitions.filter(({ fields }) => fields.telemetry === true);
  if (first === undefined) return;
  for (const { path } of others) findings.report([...path, "telemetry"], telemetryTaken(first.name), "key");
}

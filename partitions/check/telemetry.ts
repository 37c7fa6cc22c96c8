// Who reads along what leaves by the hypervisor's UART, of which there is one stream, for one partition; and whom that may
// command. And what is asked of a system on trial, which one of them commits.
import { controlsNobody, telemetryTaken, trialTooShort, unknownPartner } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { PartitionRequest, SystemRequest } from "../request.ts";

export function checkTelemetry({ partitions, trial }: SystemRequest, findings: Findings): void {
  const [first, ...others] = partitions.filter(({ fields }) => fields.telemetry === true);
  for (const { path } of others) findings.report([...path, "telemetry"], telemetryTaken(first?.name ?? ""), "key");
  for (const partition of partitions) checkControls(partition, partitions, findings);
  if (trial.commitWithin <= trial.healthyAfter) findings.report(["commit_within"], trialTooShort(trial.healthyAfter));
}

function checkControls(partition: PartitionRequest, partitions: readonly PartitionRequest[], findings: Findings): void {
  const { name, path, fields } = partition;
  const controls = fields.controls ?? [];
  const known = partitions.map((each) => each.name);
  for (const [index, other] of controls.entries()) {
    const at = [...path, "controls", index];
    if (!known.includes(other)) findings.report(at, unknownPartner(other, known));
    else if (other === name)
      findings.report(at, controlsNobody(`"${name}" is to command itself`, "remove it: a guest restarts by PSCI SYSTEM_RESET"));
  }
  if (fields.commits === true && fields.telemetry !== true)
    findings.report(
      [...path, "commits"],
      controlsNobody(`"${name}" has no second UART by which it could commit`, "give it `telemetry: true`"),
    );
  if (controls.length > 0 && fields.telemetry !== true)
    findings.report(
      [...path, "controls"],
      controlsNobody(`"${name}" has no second UART by which it could command others`, "give it `telemetry: true`"),
      "key",
    );
}

// Who reads along what leaves by the hypervisor's UART, of which there is one stream, for one partition; and whom that may
// command.
import { controlsNobody, telemetryTaken, unknownPartner } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { PartitionRequest } from "../request.ts";

export function checkTelemetry(partitions: readonly PartitionRequest[], findings: Findings): void {
  const [first, ...others] = partitions.filter(({ fields }) => fields.telemetry === true);
  for (const { path } of others) findings.report([...path, "telemetry"], telemetryTaken(first?.name ?? ""), "key");
  for (const partition of partitions) checkControls(partition, partitions, findings);
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
  if (controls.length > 0 && fields.telemetry !== true)
    findings.report(
      [...path, "controls"],
      controlsNobody(`"${name}" has no PL011 by which it could command others`, "give it `telemetry: true`"),
      "key",
    );
}

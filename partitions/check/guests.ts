// What guests need of the board.
import type { Board } from "../../boards/schema.ts";
import { gicNotForGuest } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { PartitionRequest } from "../request.ts";

export function checkGuests(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  for (const { path, profile } of partitions) {
    if (profile === undefined || profile.gic.some((version) => version === board.gic.version)) continue;
    findings.report([...path, "guest"], gicNotForGuest(profile.name, profile.gic, board.name, board.gic.version));
  }
}

// What guests have built in, and the board cannot give, or not to all of them.
import type { Board } from "../../boards/schema.ts";
import { consoleDeaf, gicNotForGuest } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { heirOfUart } from "../plan/interrupts.ts";
import type { PartitionRequest } from "../request.ts";

export function checkGuests(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  const heir = heirOfUart(board, partitions);
  for (const partition of partitions) {
    const { path, profile } = partition;
    if (profile === undefined) continue;
    const at = [...path, "guest"];
    if (!profile.gic.some((version) => version === board.gic.version))
      findings.report(at, gicNotForGuest(profile.name, profile.gic, board.name, board.gic.version));
    const spi = profile.machine?.console_spi;
    if (spi !== undefined && partition !== heir)
      findings.report(at, consoleDeaf(profile.name, spi, spi === board.uart.spi ? heir?.name : undefined));
  }
}

// What guests have built in, and the board cannot give, or not to all of them.
import type { Board } from "../../boards/schema.ts";
import { consoleDeaf } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { isaOf } from "../isas.ts";
import { consoleNumberOf, heirOfUart } from "../plan/interrupts.ts";
import type { PartitionRequest } from "../request.ts";

export function checkGuests(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  const heir = heirOfUart(board, partitions);
  const { uartNumber } = isaOf(board).linesOf(board);
  for (const partition of partitions) {
    const { path, profile, fields } = partition;
    if (fields.interrupts === "direct")
      for (const wrong of isaOf(board).directProblems(board, fields.cpus ?? [], profile))
        findings.report([...path, "interrupts"], wrong);
    if (profile === undefined) continue;
    const at = [...path, "guest"];
    const problem = isaOf(board).controllerProblem(board, profile, fields.interrupts === "direct");
    if (problem !== undefined) findings.report(at, problem);
    const spi = consoleNumberOf(profile);
    if (spi !== undefined && partition !== heir)
      findings.report(at, consoleDeaf(profile.name, spi, spi === uartNumber ? heir?.name : undefined));
  }
}

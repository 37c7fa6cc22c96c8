// Translation tables: the hypervisor has enough of them for everybody's memory. Coloured memory takes many.
import type { Board } from "../../boards/schema.ts";
import { tooManyTables } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { AddressSpace } from "../plan/address-space.ts";
import { POOL_TABLES, tablesNeeded } from "../plan/tables.ts";
import type { PartitionRequest } from "../request.ts";
import type { Span } from "../units.ts";

/** `spaces`: of the partitions, in their order. Reported wherever something is coloured, if anything is. */
export function checkTables(
  board: Board,
  image: Span,
  partitions: readonly PartitionRequest[],
  spaces: readonly AddressSpace[],
  findings: Findings,
): void {
  // Memory that is nowhere takes no tables; how many it would take is not counted.
  if (findings.hasErrors) return;
  const needed = tablesNeeded(
    board,
    image,
    spaces.map(({ regions }) => regions),
  );
  if (needed <= POOL_TABLES) return;
  const coloured = partitions.filter((_, index) => spaces[index]?.regions.some(({ colours }) => colours !== undefined));
  const places = coloured.map(({ path }) => [...path, "cache"]);
  for (const path of places.length > 0 ? places : [["partitions"]])
    findings.report(path, tooManyTables(needed, POOL_TABLES), "key");
}

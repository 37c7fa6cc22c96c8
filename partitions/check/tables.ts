// Translation tables: the hypervisor has enough of them for everybody's memory. Coloured memory takes many.
import { tooManyTables } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { AddressSpace } from "../plan/address-space.ts";
import { TABLES, tablesFor } from "../plan/tables.ts";
import type { PartitionRequest } from "../request.ts";

/** `spaces`: of the partitions, in their order. Reported wherever something is coloured, if anything is. */
export function checkTables(
  partitions: readonly PartitionRequest[],
  spaces: readonly AddressSpace[],
  findings: Findings,
): void {
  const needed = spaces.reduce((sum, { regions }) => sum + tablesFor(regions), 0);
  if (needed <= TABLES) return;
  const coloured = partitions.filter((_, index) => spaces[index]?.regions.some(({ colours }) => colours !== undefined));
  const places = coloured.map(({ path }) => [...path, "cache"]);
  for (const path of places.length > 0 ? places : [["partitions"]])
    findings.report(path, tooManyTables(needed, TABLES), "key");
}

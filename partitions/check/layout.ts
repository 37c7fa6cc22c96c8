// `layout:` of a board: that what it wants of its disk can be.
import type { Board } from "../../boards/schema.ts";
import { boardFact } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { placeDisk } from "../plan/disk.ts";

export function checkLayout({ layout }: Board, mistakes: Findings): void {
  const placed = layout && placeDisk(layout);
  if (placed === undefined || !("key" in placed)) return;
  const { key, index, message, remedy } = placed;
  mistakes.report(["layout", key, ...(index === undefined ? [] : [index])], boardFact(message, remedy));
}

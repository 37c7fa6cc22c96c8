// What the proof has against a plan.
import { PROMISES } from "../../partitions/blob/promises.table.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { prove } from "../../partitions/plan/prove.ts";

/** A line each: which promise is broken, of the table's, and how. */
export function said(plan: Plan): string {
  return prove(plan).map(({ promise, reason }) => {
    if (!Object.hasOwn(PROMISES, promise)) throw new Error(`"${promise}" is no promise: ${reason}`);
    return `${promise}: ${reason}`;
  }).join("\n");
}

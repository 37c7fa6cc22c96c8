// Proves of a value in a finished plan that the blob's field for it can hold it.
import type { FieldRange } from "../blob/field.ts";
import { layoutOf } from "../blob/isas.ts";
import { isaOfPlan } from "./plan.ts";
import type { Plan } from "./plan.ts";
import { breaks, isBetween } from "./violation.ts";
import type { Violation } from "./violation.ts";

/** What the blob's layout says that a field can hold. */
function rangeOf(plan: Plan, record: string, field: string): FieldRange {
  const { header, machine, records } = layoutOf(isaOfPlan(plan));
  const layout = [header, machine, ...records].find(({ name }) => name === record);
  const range = layout?.fields.find(({ name }) => name === field)?.range;
  if (range === undefined) throw new RangeError(`field ${field} of ${record} has no range`);
  return range;
}

/** A value as it will stand in that field. */
export function inRange(plan: Plan, record: string, field: string, value: number, whose = ""): Violation[] {
  const { promise, least, most, orNone } = rangeOf(plan, record, field);
  const fits = Number.isInteger(value) && (isBetween(value, least, most) || (orNone === true && value === 0));
  return fits ? [] : [breaks(promise, `${field}${whose} is ${value}`)];
}

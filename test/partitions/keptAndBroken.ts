// Rules of the proof at their edges: of each a plan that just keeps it, and one that does not.
import { expect, test } from "vitest";
import type { Aarch64Plan as Plan, Aarch64PlannedPartition as PlannedPartition } from "../../partitions/plan/plan.ts";
import { said } from "./said.ts";

export function withPartition(of: Plan, name: string, change: (partition: PlannedPartition) => Partial<PlannedPartition>): Plan {
  return { ...of, partitions: of.partitions.map((each) => (each.name === name ? { ...each, ...change(each) } : each)) };
}

type Row = readonly [string, { readonly kept: Plan; readonly broken: Plan }, RegExp];

/** A test each: what the proof says of the plan that breaks the rule, it does not say of the one that keeps it. */
export const rows = (table: readonly Row[]): void =>
  test.each(table)("%s", (_, { kept, broken }, words) => {
    expect(said(kept)).not.toMatch(words);
    expect(said(broken)).toMatch(words);
  });

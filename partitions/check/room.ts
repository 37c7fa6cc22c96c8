// What a finished plan has of everything that the blob has an array for: no more than the hypervisor has room for.
import { layoutOf } from "../blob/isas.ts";
import { tooMany } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { isaOfPlan } from "../plan/plan.ts";
import type { Plan } from "../plan/plan.ts";

/** Reported at the partition with which there are too many. */
export function checkRoom(plan: Plan, findings: Findings): void {
  const most = new Map(layoutOf(isaOfPlan(plan)).records.map(({ name, most }) => [name, most]));
  const counts = [
    ["Region", "stretches of memory and registers", plan.partitions.map(({ regions }) => regions.length)],
    ["Interrupt", "interrupts", plan.partitions.map(({ interrupts }) => interrupts.length)],
    ["Load", "pieces to load", plan.partitions.map(({ loads }) => loads.length)],
    ["Quiesce", "devices to silence", plan.partitions.map(({ devices }) => devices.filter(({ quiesce }) => quiesce).length)],
  ] as const;
  for (const [record, what, each] of counts) {
    const limit = most.get(record) ?? 0;
    const sum = each.reduce((all, count) => all + count, 0);
    let before = 0;
    const first = each.findIndex((count) => (before += count) > limit);
    const name = plan.partitions[first]?.name;
    if (name !== undefined) findings.report(["partitions", name], tooMany(what, sum, limit), "key");
  }
}

// What `axv-part plan --why` prints of a decision.
import type { Change, Has, Need, Why } from "../../partitions/devicetree/board-tree/why.ts";
import { hex } from "../../partitions/units.ts";

const KINDS: Readonly<Record<Why["kind"], string>> = {
  hypervisor: "the hypervisor's or firmware's: guests have none of it, or another one that the hypervisor shows them",
  bus: "a bus: whoever has something on it has a copy",
  data: "no hardware by itself: whoever needs it has a copy",
  device: "nobody's: no partition with a device tree needs it, and none names it",
};
const RULES: Readonly<Record<NonNullable<Why["rule"]>, string>> = {
  named: "it is named in its devices",
  "only user": "no other partition with a device tree needs it",
  "not real-time": "of those that need it, this one alone is not real-time",
};

export function formatWhy({ node, unit, kind, owner, rule, partitions, lost, needs, inits }: Why): string {
  const whose = owner === null ? KINDS[kind] : `partition ${owner}'s${rule === null ? "" : `: ${RULES[rule]}`}`;
  return [
    node,
    `  whose      ${whose}`,
    ...(unit === node ? [] : [`  goes with  ${unit}`]),
    ...partitions.flatMap((has) => formatHas(has, node)),
    ...(lost.length === 0 ? [] : ["  who points to it and has not got it"]),
    ...lost.map((change) => `    ${change.partition}: ${change.node}: ${formatChange(change)}`),
    ...(needs.length === 0 ? [] : [`  what it needs: ${owner ?? ""} has no device tree, and finds it as it is left`]),
    ...grouped(needs).map((need) => `    ${formatNeed(need)}`),
    ...(inits.length === 0 ? [] : ["  what is written to its registers before any guest starts"]),
    ...inits.map(({ by, pa, mask, value }) => `    for ${by}: of ${hex(pa)} the bits ${hex(mask)} become ${hex(value)}`),
  ].join("\n");
}

function formatHas({ partition, chain, enabled, changes }: Has, node: string): string[] {
  const steps = [...chain.map(({ node: from, by }) => `${from} —${by}→ `), node].join("");
  return [
    `  ${partition} has it  ${chain.length === 0 ? "by its devices" : steps}`,
    ...(enabled ? ["    status: it was disabled, and is on"] : []),
    ...changes.map((change) => `    ${change.node === node ? "" : `${change.node}: `}${formatChange(change)}`),
  ];
}

const DONE: Readonly<Record<Change["done"], string>> = {
  clock: "a fixed clock stands in",
  remove: "removed",
  off: "removed, and its node is off: nobody asked for it",
  refuse: "there is no plan without it",
};

const place = (target: string | null, cells: readonly (number | string)[]): string =>
  `${target ?? "nothing"}${cells.length === 0 ? "" : ` <${cells.join(" ")}>`}`;

const formatChange = ({ property, entry, target, cells, whose, done, hz }: Change): string =>
  `${property}[${entry}] was ${place(target, cells)}, which ${whose}: ${DONE[done]}${hz === null ? "" : ` of ${hz} Hz`}`;

/** Each property and provider once. */
function grouped(needs: readonly Need[]): Need[][] {
  const groups = new Map<string, Need[]>();
  for (const need of needs) {
    const key = `${need.property} ${need.target ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), need]);
  }
  return [...groups.values()];
}

function formatNeed(needs: readonly Need[]): string {
  const [{ property = "", target = null, whose = "" } = {}] = needs;
  const entries = needs.filter(({ cells }) => cells.length > 0);
  const which = new Set(entries.map(({ cells, hz }) => `${cells.join(" ")}${hz === null ? "" : ` at ${hz} Hz`}`));
  return `${property}: ${place(target, which.size === 0 ? [] : [[...which].join(", ")])}, which ${whose}`;
}

// What two plans decide differently, value by value. What has a name is compared with what has the same name, wherever it
// stands; what only one of them has is one line.
import type { Plan } from "../../partitions/plan/plan.ts";
import { formatSize, hex } from "../../partitions/units.ts";
import { layOut } from "../run/columns.ts";
import type { Paint } from "../run/paint.ts";

type Value = unknown;

export interface Difference {
  /** Keys and names on the way to it. */
  readonly path: readonly string[];
  /** undefined: it is not there. */
  readonly before: Value;
  readonly after: Value;
}

export const diffPlans = (before: Plan, after: Plan): Difference[] => [...differences(before, after, [])];

function* differences(before: Value, after: Value, path: readonly string[]): Generator<Difference> {
  const [old, now] = [entriesOf(before), entriesOf(after)];
  if (old === undefined || now === undefined) {
    if (JSON.stringify(before) !== JSON.stringify(after)) yield { path, before, after };
    return;
  }
  for (const key of new Set([...old.keys(), ...now.keys()])) yield* differences(old.get(key), now.get(key), [...path, key]);
}

/** By what its parts are told apart; undefined: it is a value as a whole. */
function entriesOf(value: Value): Map<string, Value> | undefined {
  if (Array.isArray(value)) return value.some(isObject) ? listEntries(value) : undefined;
  return isObject(value) ? new Map(Object.entries(value)) : undefined;
}

const isObject = (value: Value): value is Readonly<Record<string, Value>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Where in the list one stands says who it is only when it has neither name nor number. */
function listEntries(list: readonly Value[]): Map<string, Value> {
  const entries = new Map<string, Value>();
  for (const [index, each] of list.entries()) {
    const id = isObject(each) ? (each["name"] ?? each["intid"]) : undefined;
    const key = typeof id === "string" || typeof id === "number" ? String(id) : String(index);
    entries.set(entries.has(key) ? `${key} (${index})` : key, each);
  }
  return entries;
}

const ADDRESSES: ReadonlySet<string> = new Set([
  ...[
    "ipa",
    "pa",
    "base",
    "reg",
    "address",
    "entry",
    "argument",
    "seed",
    "gicd",
    "gicr",
    "gicc",
    "gich",
    "gicv",
    "console",
    "mailbox",
    "source",
  ],
]);
const SHOWN_MAX = 40;

export function formatDifferences(
  found: readonly Difference[],
  names: { readonly before: string; readonly after: string },
  paint: Paint,
): string {
  if (found.length === 0) return `${names.before} and ${names.after}: the same plan`;
  const [titles = "", ...rows] = layOut(
    [
      { title: "WHAT", align: "left", cell: ({ path }: Difference) => path.join(" ") },
      { title: names.before, align: "left", cell: ({ path, before }) => shown(before, path.at(-1)) },
      { title: names.after, align: "left", cell: ({ path, after }) => shown(after, path.at(-1)) },
    ],
    found,
  );
  return [paint("bold", titles), ...rows].join("\n");
}

function shown(value: Value, key: string | undefined): string {
  if (value === undefined) return "–";
  if (typeof value === "number" && key !== undefined)
    return ADDRESSES.has(key) ? hex(value) : key === "size" ? formatSize(value) : String(value);
  if (isObject(value)) return "there";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX - 1)}…` : text;
}

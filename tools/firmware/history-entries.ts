// What the records of a history mean: what has been done with which slot, as each state differs from the one before.
import type { HistoryRecord } from "./history.ts";
import { otherSlot, SLOTS, TRIES } from "./slots.ts";
import type { Slot, SlotState } from "./slots.ts";

/** In words: for people. */
export const WHAT = {
  deploying: "a deployment began",
  deployed: "deployed, on trial",
  held: "deployed, held until its partition runs with it",
  started: "started",
  committed: "committed",
  "given up": "given up: not committed in its tries; the other slot starts",
  "not started": "U-Boot does not start it; the other slot started",
  "rolled back": "rolled back: the other slot starts",
  restoring: "a restoration began",
  restored: "restored",
  good: "good",
  "not good": "not good",
} as const;
export type What = keyof typeof WHAT;

export interface HistoryEntry {
  /** Undefined: nobody has recorded it. It was found so by who recorded what follows. */
  readonly time: string | undefined;
  readonly by: string | undefined;
  readonly slot: Slot;
  readonly what: What;
  readonly version: string | undefined;
}

type Change = Pick<HistoryEntry, "slot" | "what">;

/** `records`: the oldest one first. */
export function entriesOf(records: readonly HistoryRecord[]): HistoryEntry[] {
  const entries = records.flatMap(({ state, time, by }, n) =>
    changesTo(state, records[n - 1]?.state).map(({ slot, what }): HistoryEntry => {
      // Which version is to come is not known before it is there.
      const version = what === "deploying" || what === "restoring" ? "" : state.version[slot];
      return { time, by, slot, what, version: version || undefined };
    }),
  );
  // What has been brought to an end need not have begun.
  return entries.filter(({ slot, what }, n) => {
    const next = entries[n + 1];
    return !(next?.slot === slot && ENDS.get(what)?.includes(next.what));
  });
}

const ENDS: ReadonlyMap<What, readonly What[]> = new Map([
  ["deploying", ["deployed", "held"] as const], ["restoring", ["restored"] as const],
]);

function changesTo(now: SlotState, before: SlotState | undefined): Change[] {
  if (before === undefined) return SLOTS.map((slot) => ({ slot, what: becomes(now, slot, undefined) }));
  const changed = SLOTS.filter((slot) => now.status[slot] !== before.status[slot]);
  const changes = changed.map((slot): Change => ({ slot, what: becomes(now, slot, before.status[slot]) }));
  const [first] = now.order;
  if (changes.length === 0 && first !== before.order[0]) return [{ slot: before.order[0], what: "rolled back" }];
  const isNew = changed.includes(first) && now.status[first] === "pending";
  if (changes.length > (isNew ? 1 : 0) || now.booted === undefined) return changes;
  const isCounted = now.tries < (isNew ? TRIES : before.tries);
  if (!isCounted && (isNew || now.booted === before.booted)) return changes;
  return [...changes, { slot: first, what: startOf(now, first) }];
}

function becomes({ status, booted }: SlotState, slot: Slot, before: string | undefined): What {
  switch (status[slot]) {
    case "good":
      // Nobody commits what has not been started; who writes the whole state anew does not say that it has been.
      if ((before === "pending" && booted === slot) || before === "held") return "committed";
      return before === "restoring" ? "restored" : "good";
    case "pending":
      return "deployed";
    case "held":
      return "held";
    case "writing":
      return "deploying";
    case "rolled back":
      return "rolled back";
    case "restoring":
      return "restoring";
    default:
      return "not good";
  }
}

/** boot.scr begins with `first`. */
function startOf({ booted, status, tries }: SlotState, first: Slot): What {
  if (booted !== otherSlot(first)) return "started";
  return status[first] === "pending" && tries === 0 ? "given up" : "not started";
}

// What a board.yaml's `match:` becomes in the plan.
import type { Board } from "../../boards/schema.ts";
import type { PlannedMatch } from "./plan.ts";

export function planMatch(match: Board["match"][number]): PlannedMatch {
  const { path, property } = match;
  if ("is" in match) return { path, property, how: "is", value: match.is };
  return "has" in match ? { path, property, how: "has", value: match.has } : { path, property, how: "absent", value: "" };
}

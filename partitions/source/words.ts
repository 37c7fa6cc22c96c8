// What a schema expects, in the words of people who write files: zod's own are for programmers. A schema that says it itself goes
// before these.
import type * as z from "zod";

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a mapping of keys and values",
  record: "a mapping of keys and values",
};

/** "a, b or c" */
function alternatives(values: readonly z.core.util.Primitive[]): string {
  const names = values.map(String);
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter((part) => part !== "").join(" or ");
}

/** How much there has to be of it: "at least 1". */
function amount(origin: string, bound: string): string {
  if (origin === "array" || origin === "tuple" || origin === "record") return `a list of ${bound}`;
  return origin === "string" ? `text of ${bound} characters` : `a whole number, ${bound}`;
}

export function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected];
    case "invalid_value":
      return alternatives(issue.values);
    case "too_small":
      return amount(issue.origin, `at least ${issue.minimum}`);
    case "too_big":
      return amount(issue.origin, `at most ${issue.maximum}`);
    default:
      return undefined;
  }
}

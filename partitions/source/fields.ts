// Checks what a person wrote against a zod schema and says what is wrong in their words, not in zod's.
//
// `readFields` takes a mapping key by key, so that one wrong value does not hide what can be said about the others.
import type * as z from "zod";
import { badValue, missingKey, unknownKey } from "../diagnostics/catalogue.ts";
import type { Findings, Problem } from "../diagnostics/diagnostic.ts";
import type { Path } from "./path.ts";
import { inWords } from "./words.ts";

type Shape = Readonly<Record<string, z.ZodType>>;

/** Keys whose value was wrong are left out; so are optional ones that were not written. */
export type Fields<S extends Shape> = { readonly [K in keyof S]?: Exclude<z.output<S[K]>, undefined> };

export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value of a key that was written: not of what every object in JavaScript has besides, such as `constructor`. */
export const own = (mapping: unknown, key: PropertyKey): unknown =>
  typeof mapping === "object" && mapping !== null && Object.hasOwn(mapping, key)
    ? (mapping as Record<PropertyKey, unknown>)[key]
    : undefined;

/** Of a number, behind its point. */
const SHOWN_DIGITS = 2;

/** What a person wrote, short enough for a message. */
export function shown(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return shownNumber(value);
  return typeof value === "object" ? "a mapping" : (JSON.stringify(value) ?? "nothing");
}

function shownNumber(value: number): string {
  // As YAML has it: JSON knows neither.
  if (!Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
  // What was read is the nearest that JavaScript knows, which nobody has written.
  return Math.abs(value) > Number.MAX_SAFE_INTEGER ? `about ${value.toExponential(SHOWN_DIGITS)}` : JSON.stringify(value);
}

export function readFields<S extends Shape>(shape: S, raw: unknown, path: Path, findings: Findings): Fields<S> {
  if (!isMapping(raw)) {
    findings.report(path, badValue(nameOf(path), shown(raw), "a mapping of keys and values"));
    return {};
  }
  const known = Object.keys(shape);
  for (const key of Object.keys(raw)) {
    if (!known.includes(key)) findings.report([...path, key], unknownKey(key, nameOf(path), known), "key");
  }
  const fields: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(shape)) {
    const value = own(raw, key);
    const result = schema.safeParse(value, { error: inWords });
    if (result.success) {
      if (result.data !== undefined) fields[key] = result.data;
    } else if (value === undefined) {
      findings.report(path, missingKey(key, nameOf(path)), "key");
    } else {
      reportIssues(schema, result.error.issues, value, [...path, key], findings);
    }
  }
  // Every entry came out of the schema of its own key.
  return fields as Fields<S>;
}

/** A whole value against a whole schema; undefined when it does not fit. */
export function readWhole<T extends z.ZodType>(schema: T, raw: unknown, findings: Findings): z.output<T> | undefined {
  const result = schema.safeParse(raw, { error: inWords });
  if (!result.success) reportIssues(schema, result.error.issues, raw, [], findings);
  return result.success ? result.data : undefined;
}

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

/** A value that is too small and no multiple of what it has to be is told once. */
const eachOnce = (issues: readonly Issue[]): Issue[] => [
  ...new Map(issues.map((issue) => [JSON.stringify([issue.path, issue.message]), issue])).values(),
];

function reportIssues(schema: Schema, issues: readonly Issue[], raw: unknown, base: Path, findings: Findings): void {
  for (const issue of eachOnce(issues)) {
    const inner = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
    const at = [...base, ...inner];
    const value = inner.reduce<unknown>((outer, step) => own(outer, step), raw);
    if (issue.code === "unrecognized_keys") {
      const known = keysAt(schema, inner);
      for (const key of issue.keys) findings.report([...at, key], unknownKey(key, nameOf(at), known), "key");
    } else if (issue.code === "invalid_key") {
      const key = String(at.at(-1));
      findings.report(
        at,
        badValue(`a key of ${nameOf(at.slice(0, -1))}`, shown(key), issue.issues[0]?.message ?? issue.message),
        "key",
      );
    } else if (issue.code === "invalid_union" && (isMapping(value) || Array.isArray(value))) {
      // Of a union, the branch that is meant for a mapping, or a list, explains best what is wrong in one.
      const branch = issue.errors.find((errors) => errors.some(isAboutContents));
      const amount = issue.errors.flat().find(isOfAmount);
      if (branch === undefined && amount !== undefined) findings.report(at, wrongAmount(nameOf(at), value, amount));
      else if (branch === undefined) findings.report(at, badValue(nameOf(at), shown(value), issue.message));
      else
        reportIssues(
          schema,
          branch.map((each) => ({ ...each, path: [...issue.path, ...each.path] })),
          raw,
          base,
          findings,
        );
    } else if (value === undefined) {
      findings.report(at.slice(0, -1), missingKey(String(at.at(-1)), nameOf(at.slice(0, -1))), "key");
    } else if (issue.code === "custom" && isMapping(value)) {
      // Each key is right by itself: it is their combination that is not.
      const keys = Object.keys(value).join(" and ");
      findings.report(at, badValue(nameOf(at), keys === "" ? "empty" : `a mapping of ${keys}`, issue.message));
    } else if (isOfAmount(issue)) {
      findings.report(at, wrongAmount(nameOf(at), value, issue));
    } else {
      findings.report(at, badValue(nameOf(at), shown(value), issue.message));
    }
  }
}

type OfAmount = z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall;

/** About how many entries a list has. */
const isOfAmount = (issue: Issue): issue is OfAmount =>
  (issue.code === "too_big" || issue.code === "too_small") && issue.origin === "array";

function wrongAmount(what: string, value: unknown, issue: OfAmount): Problem {
  const count = Array.isArray(value) ? value.length : 0;
  const [bound, amount] = issue.code === "too_big" ? ["at most", issue.maximum] : ["at least", issue.minimum];
  const isSaid = new RegExp(`\\b(${bound}|to) ${amount}\\b|\\b${amount} to `).test(issue.message);
  return badValue(what, `a list of ${count}`, isSaid ? issue.message : `${issue.message}: ${bound} ${amount}`);
}

/** About something in a mapping or a list, not about its being one. */
const isAboutContents = (issue: Issue): boolean => issue.path.length > 0 || issue.code === "unrecognized_keys";

/** The keys that a schema knows where `path` leads. */
function keysAt(schema: Schema, path: Path): readonly string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const [step, ...rest] = path;
  switch (def.type) {
    case "optional":
    case "default":
    case "readonly":
      return keysAt(def.innerType, path);
    case "pipe":
      return keysAt(def.in, path);
    case "union":
      return def.options.flatMap((option) => keysAt(option, path));
    case "record":
      return keysAt(def.valueType, rest);
    case "array":
      return step === undefined ? [] : keysAt(def.element, rest);
    case "object": {
      if (step === undefined) return Object.keys(def.shape);
      const inner = own(def.shape, step);
      return inner === undefined ? [] : keysAt(inner as Schema, rest);
    }
    default:
      return [];
  }
}

/** ["partitions", "plc", "cpus", 0] → "partitions.plc.cpus[0]" */
function nameOf(path: Path): string {
  const text = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  return text === "" ? "the file" : text.replace(/^\./, "");
}

// Checks what a person wrote against a zod schema and says what is wrong in their words, not in zod's.
//
// `readFields` takes a mapping key by key, so that one wrong value does not hide what can be said about the others.
import type { z } from "zod";
import { badValue, missingKey, unknownKey } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { Path } from "./yaml.ts";

type Shape = Readonly<Record<string, z.ZodType>>;

/** Keys whose value was wrong are left out; so are optional ones that were not written. */
export type Fields<S extends Shape> = { readonly [K in keyof S]?: Exclude<z.output<S[K]>, undefined> };

export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a person wrote, short enough for a message. */
function shown(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : JSON.stringify(value) ?? "nothing";
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
    const value = raw[key];
    const result = schema.safeParse(value);
    if (result.success) {
      if (result.data !== undefined) fields[key] = result.data;
    } else if (value === undefined) {
      findings.report(path, missingKey(key, nameOf(path)), "key");
    } else {
      reportIssues(result.error.issues, value, [...path, key], findings);
    }
  }
  // Every entry came out of the schema of its own key.
  return fields as Fields<S>;
}

/** A whole value against a whole schema; undefined when it does not fit. */
export function readWhole<T extends z.ZodType>(schema: T, raw: unknown, findings: Findings): z.output<T> | undefined {
  const result = schema.safeParse(raw);
  if (!result.success) reportIssues(result.error.issues, raw, [], findings);
  return result.success ? result.data : undefined;
}

export function reportIssues(issues: readonly z.core.$ZodIssue[], raw: unknown, base: Path, findings: Findings): void {
  for (const issue of issues) {
    const at = [...base, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))];
    const value = issue.path.reduce<unknown>((inner, step) => (inner as Record<PropertyKey, unknown>)?.[step], raw);
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) findings.report([...at, key], unknownKey(key, nameOf(at), []), "key");
    } else if (issue.code === "invalid_union" && isMapping(value)) {
      // Of a union, the branch that is meant for a mapping explains best what is wrong in one.
      const branch = issue.errors.find((errors) => errors.some((error) => error.path.length > 0 || error.code !== "invalid_type"));
      if (branch === undefined) findings.report(at, badValue(nameOf(at), shown(value), issue.message));
      else reportIssues(branch, value, at, findings);
    } else if (value === undefined) {
      findings.report(at.slice(0, -1), missingKey(String(at.at(-1)), nameOf(at.slice(0, -1))), "key");
    } else {
      findings.report(at, badValue(nameOf(at), shown(value), issue.message));
    }
  }
}

/** ["partitions", "plc", "cpus", 0] → "partitions.plc.cpus[0]" */
function nameOf(path: Path): string {
  const text = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  return text === "" ? "the file" : text.replace(/^\./, "");
}

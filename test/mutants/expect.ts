// `expect` as the tests of the core use it, by Node's own comparisons: no more matchers than they need.
import { AssertionError } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";

const ASYMMETRIC = Symbol("asymmetric");
interface Asymmetric {
  readonly [ASYMMETRIC]: (value: unknown) => boolean;
}

type Verdict = boolean;
type Matcher = (actual: unknown, ...wanted: readonly unknown[]) => Verdict;

const isObject = (value: unknown): value is Record<PropertyKey, unknown> => typeof value === "object" && value !== null;
const isAsymmetric = (value: unknown): value is Asymmetric => isObject(value) && ASYMMETRIC in value;

/** As toEqual: what is undefined need not be there. */
function equal(actual: unknown, wanted: unknown): boolean {
  if (isAsymmetric(wanted)) return wanted[ASYMMETRIC](actual);
  if (!isObject(actual) || !isObject(wanted)) return Object.is(actual, wanted);
  if (ArrayBuffer.isView(actual) || actual instanceof Map || actual instanceof Set) return isDeepStrictEqual(actual, wanted);
  if (Array.isArray(actual) !== Array.isArray(wanted)) return false;
  if (Array.isArray(actual) && Array.isArray(wanted) && actual.length !== wanted.length) return false;
  return [...new Set([...Object.keys(actual), ...Object.keys(wanted)])].every((key) => equal(actual[key], wanted[key]));
}

function matches(actual: unknown, wanted: unknown): boolean {
  if (isAsymmetric(wanted) || !isObject(wanted) || !isObject(actual)) return equal(actual, wanted);
  if (Array.isArray(wanted))
    return Array.isArray(actual) && actual.length === wanted.length && wanted.every((one, n) => matches(actual[n], one));
  return Object.keys(wanted).every((key) => key in actual && matches(actual[key], wanted[key]));
}

function throws(run: unknown, wanted: unknown): boolean {
  try {
    (run as () => unknown)();
    return false;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (wanted === undefined) return true;
    if (typeof wanted === "string") return message.includes(wanted);
    if (wanted instanceof RegExp) return wanted.test(message);
    if (typeof wanted === "function") return error instanceof wanted;
    return matches(error, wanted);
  }
}

const number = (value: unknown): number | bigint => value as number | bigint;
const items = (value: unknown): readonly unknown[] => (typeof value === "string" ? [] : [...(value as Iterable<unknown>)]);

const MATCHERS: Readonly<Record<string, Matcher>> = {
  toBe: (actual, wanted) => Object.is(actual, wanted),
  toEqual: equal,
  toStrictEqual: (actual, wanted) => isDeepStrictEqual(actual, wanted),
  toMatchObject: matches,
  toBeUndefined: (actual) => actual === undefined,
  toBeDefined: (actual) => actual !== undefined,
  toBeNull: (actual) => actual === null,
  toBeTruthy: Boolean,
  toBeFalsy: (actual) => !actual,
  toBeGreaterThan: (actual, wanted) => number(actual) > number(wanted),
  toBeGreaterThanOrEqual: (actual, wanted) => number(actual) >= number(wanted),
  toBeLessThan: (actual, wanted) => number(actual) < number(wanted),
  toBeLessThanOrEqual: (actual, wanted) => number(actual) <= number(wanted),
  toBeCloseTo: (actual, wanted, digits = 2) => Math.abs(Number(actual) - Number(wanted)) < 10 ** -Number(digits) / 2,
  toContain: (actual, wanted) => (typeof actual === "string" ? actual.includes(String(wanted)) : items(actual).includes(wanted)),
  toContainEqual: (actual, wanted) => items(actual).some((item) => equal(item, wanted)),
  toHaveLength: (actual, wanted) => (actual as { readonly length: number }).length === wanted,
  toHaveProperty: (actual, wanted) => isObject(actual) && String(wanted) in actual,
  toMatch: (actual, wanted) => (wanted instanceof RegExp ? wanted.test(String(actual)) : String(actual).includes(String(wanted))),
  toSatisfy: (actual, wanted) => (wanted as (value: unknown) => boolean)(actual),
  toThrow: throws,
};

function expecting(actual: unknown, wanted: boolean): Record<string, unknown> {
  const found: Record<string, unknown> = Object.fromEntries(
    Object.entries(MATCHERS).map(([name, matcher]) => [
      name,
      (...values: unknown[]): void => {
        if (matcher(actual, ...values) !== wanted)
          throw new AssertionError({
            message: `${wanted ? "" : "not "}${name}: ${inspect(actual, { depth: 1 })} ${inspect(values, { depth: 1 })}`,
          });
      },
    ]),
  );
  if (wanted) found["not"] = expecting(actual, false);
  return found;
}

const asymmetric = (holds: (value: unknown) => boolean): Asymmetric => ({ [ASYMMETRIC]: holds });

export const expect = Object.assign((actual: unknown, _message?: string) => expecting(actual, true), {
  any: (type: (...values: never[]) => unknown) => asymmetric((value) => Object(value) instanceof type),
  anything: () => asymmetric((value) => value !== undefined && value !== null),
  arrayContaining: (wanted: readonly unknown[]) =>
    asymmetric((value) => Array.isArray(value) && wanted.every((one) => value.some((item) => equal(item, one)))),
  objectContaining: (wanted: unknown) => asymmetric((value) => matches(value, wanted)),
  stringContaining: (wanted: string) => asymmetric((value) => String(value).includes(wanted)),
  stringMatching: (wanted: RegExp | string) => asymmetric((value) => new RegExp(wanted).test(String(value))),
  unreachable: (message?: string) => {
    throw new AssertionError({ message: message ?? "unreachable" });
  },
});

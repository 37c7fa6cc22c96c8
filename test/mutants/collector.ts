// `describe`, `test` and what belongs to them, in place of vitest's: the tests of a file as a list, each to be run whenever
// somebody wants it, with the hooks of its suites around it.
export { expect } from "./expect.ts";

type Run = () => unknown;

interface Suite {
  readonly parent: Suite | undefined;
  readonly beforeAll: Run[];
  readonly beforeEach: Run[];
  readonly afterEach: Run[];
  /** beforeAll has been run. */
  begun: boolean;
}

export interface Test {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const newSuite = (parent?: Suite): Suite => ({ parent, beforeAll: [], beforeEach: [], afterEach: [], begun: false });

let suite = newSuite();
let tests: Test[] = [];

/** The tests that are registered meanwhile. */
export async function collect(load: () => Promise<unknown>): Promise<Test[]> {
  suite = newSuite();
  tests = [];
  await load();
  return tests;
}

/** A suite and those around it, the outermost first. */
const chainOf = (inner: Suite | undefined): Suite[] => (inner === undefined ? [] : [...chainOf(inner.parent), inner]);

function register(name: string, body: Run): void {
  const suites = chainOf(suite);
  tests.push({ name, run: async () => {
    for (const of of suites) {
      if (of.begun) continue;
      of.begun = true;
      for (const hook of of.beforeAll) await hook();
    }
    for (const of of suites) for (const hook of of.beforeEach) await hook();
    await body();
    for (const of of [...suites].reverse()) for (const hook of of.afterEach) await hook();
  } });
}

function group(name: string, body: Run): void {
  suite = newSuite(suite);
  try {
    body();
  } finally {
    suite = suite.parent ?? newSuite();
  }
  void name;
}

type Declare = (name: string, body: Run) => void;
/** `declare.each(table)(name, body)`: a row that is a list is the arguments. */
const withEach = (declare: Declare) =>
  Object.assign(
    // Options (a timeout) stand in the middle, or behind.
    (name: string, ...rest: unknown[]) =>
      declare(name, rest.find((one): one is Run => typeof one === "function") ?? (() => undefined)),
    {
      each:
        (table: readonly unknown[]) =>
        (name: string, ...rest: unknown[]) => {
          const body = rest.find((one) => typeof one === "function") as ((...values: unknown[]) => unknown) | undefined;
          table.forEach((row, n) => declare(`${name} ${n}`, () => body?.(...(Array.isArray(row) ? (row as unknown[]) : [row]))));
        },
    },
  );

export const describe = withEach(group);
export const test = withEach(register);
export const it = test;
export const beforeAll = (hook: Run): void => void suite.beforeAll.push(hook);
export const beforeEach = (hook: Run): void => void suite.beforeEach.push(hook);
export const afterEach = (hook: Run): void => void suite.afterEach.push(hook);
/** What is cleaned up at the end of a file goes with the process. */
export const afterAll = (_hook: Run): void => undefined;

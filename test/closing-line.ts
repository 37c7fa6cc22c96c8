// A vitest reporter: after vitest's own summary, one line that programs can read, "N passed, N failed". What went wrong
// outside of any test (a file that does not load, an unhandled rejection) counts as failed too, so that a run which
// vitest calls failed never closes with "0 failed". Under npm test (side-by-side.ts) it tells that
// to its parent instead, and which tests failed.
import type { Reporter, TestModule, TestRunEndReason } from "vitest/node";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Outcome {
  readonly counts: Counts;
  /** Of each test that failed: where it stands, and why. */
  readonly failures: readonly string[];
}

export const addCounts = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped,
});

export const closing = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;

function countsOf(modules: readonly TestModule[], unhandledErrors: number, reason: TestRunEndReason): Counts {
  const counts = { passed: 0, failed: unhandledErrors, skipped: 0, pending: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) counts[test.result().state] += 1;
  }
  if (reason !== "passed" && counts.failed === 0) counts.failed = 1; // interrupted, or no test found
  return { passed: counts.passed, failed: counts.failed, skipped: counts.skipped + counts.pending };
}

function failuresOf(modules: readonly TestModule[]): string[] {
  const texts = (errors: readonly { readonly message: string }[] = []): string => errors.map(({ message }) => message).join("\n");
  return modules.flatMap((module) => [
    ...[module, ...module.children.allSuites()].flatMap((part) =>
      part.errors().length === 0 ? [] : [`${module.relativeModuleId}\n${texts(part.errors())}`]),
    ...[...module.children.allTests("failed")].map(
      (test) => `${module.relativeModuleId} > ${test.fullName}\n${texts(test.result().errors)}`,
    ),
  ]);
}

export default class ClosingLine implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[], reason: TestRunEndReason): Promise<void> {
    const counts = countsOf(modules, unhandled.length, reason);
    const outcome: Outcome = { counts, failures: failuresOf(modules) };
    // vitest exits as soon as this returns.
    if (process.send === undefined) process.stdout.write(`\n${closing(counts)}\n`);
    else await new Promise((sent) => process.send?.(outcome, sent));
  }
}

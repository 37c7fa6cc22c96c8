// A vitest reporter: after vitest's own summary, one line that programs can read, "N passed, N failed". What went wrong
// outside of any test (a file that does not load, an unhandled rejection) counts as failed too, so that a run which
// vitest calls failed never closes with "0 failed".
import type { Reporter, TestModule, TestRunEndReason } from "vitest/node";

export function closingLine(
  modules: readonly Pick<TestModule, "children" | "errors">[],
  unhandledErrors: number,
  reason: TestRunEndReason,
): string {
  const counts = { passed: 0, failed: unhandledErrors, skipped: 0, pending: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) counts[test.result().state] += 1;
  }
  const notRun = counts.skipped + counts.pending;
  if (reason !== "passed" && counts.failed === 0) counts.failed = 1; // interrupted, or no test found
  return `${counts.passed} passed, ${counts.failed} failed${notRun === 0 ? "" : `, ${notRun} skipped`}`;
}

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: TestRunEndReason): void {
    process.stdout.write(`\n${closingLine(modules, unhandledErrors.length, reason)}\n`);
  }
}

// Diagnostics on standard error: all of them, as long as somebody can read them.
import { afterEach, expect, test, vi } from "vitest";
import type { Diagnostic } from "../../partitions/diagnostics/diagnostic.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { showDiagnostics } from "../../tools/plan/show.ts";

const diagnostic = (severity: Diagnostic["severity"], number: number): Diagnostic => ({
  severity, code: "AXV-P002", message: `${severity} ${number}`, remedy: "remove it", file: "x.yaml", line: 1, column: 1,
});
const numbered = (severity: Diagnostic["severity"], count: number): Diagnostic[] =>
  Array.from({ length: count }, (_, number) => diagnostic(severity, number));

afterEach(() => void vi.restoreAllMocks());

function said(diagnostics: readonly Diagnostic[], before: readonly Diagnostic[] = []): string[] {
  const error = vi.spyOn(console, "error").mockReturnValue();
  showDiagnostics({ diagnostics, source: new YamlSource("x.yaml", "") }, before);
  return error.mock.calls.map(([text]) => /(?:error|warning) \d+|and.*/.exec(String(text))?.[0] ?? "");
}

test("a hundred are all shown, in their order", () => {
  const mixed = [...numbered("warning", 60), ...numbered("error", 40)];
  expect(said(mixed)).toEqual(mixed.map(({ message }) => message));
});

test("of more the errors come first, and it is said how many are left out", () => {
  const lines = said([...numbered("warning", 70), ...numbered("error", 60)]);
  expect(lines).toHaveLength(101);
  expect([lines[0], lines[59], lines[60], lines[99], lines[100]]).toEqual([
    "error 0", "error 59", "warning 0", "warning 39", "and 30 more",
  ]);
});

test("what has been shown before is not again, and does not count", () => {
  const [first, ...others] = numbered("error", 101);
  expect(said(numbered("error", 101), first === undefined ? [] : [first])).toEqual(others.map(({ message }) => message));
});

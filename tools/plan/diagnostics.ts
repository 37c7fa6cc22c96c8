// Shows diagnostics as compilers do: where, what, the line itself with the place marked, and what to write instead.
import type { Diagnostic } from "../../partitions/diagnostics/diagnostic.ts";
import { oneLine, pictured } from "../../partitions/source/text.ts";
import type { Paint } from "../run/paint.ts";

const COLOUR = { error: "red", warning: "yellow" } as const;

/** `text`: of the file `file`; a diagnostic about another file is shown without its line. */
export function formatDiagnostic(diagnostic: Diagnostic, file: string, text: string, paint: Paint): string {
  const { severity, code, message, remedy, line, column } = diagnostic;
  const place = `${oneLine(diagnostic.file)}:${line}:${column}`;
  const head = `${paint("bold", place)}: ${paint([COLOUR[severity], "bold"], severity)}: ${message} ${paint("dim", `[${code}]`)}`;
  const whole = diagnostic.file === file ? linesOf(text)[line - 1]?.replace(/\r$/, "") : undefined;
  const { written, mark } = excerptOf(whole ?? "", column);
  const margin = " ".repeat(String(line).length);
  const excerpt =
    written === ""
      ? []
      : [`  ${line} | ${pictured(written)}`, `  ${margin} | ${paint([COLOUR[severity], "bold"], marker(written, mark))}`];
  return [head, ...excerpt, `  ${margin} = ${remedy}`].join("\n");
}

/** Of the file that was asked for last: thousands of mistakes in one file need it split only once. */
let last = { text: "", lines: [""] };
function linesOf(text: string): readonly string[] {
  if (last.text !== text) last = { text, lines: text.split("\n") };
  return last.lines;
}

/** Columns of a line that are shown, about the one that is meant. */
const EXCERPT_MAX = 200;
const EXCERPT_BEFORE = 100;

/** The part of a line about a column, and which column that is in it. */
function excerptOf(line: string, column: number): { written: string; mark: number } {
  if (line.length <= EXCERPT_MAX) return { written: line, mark: column };
  const from = Math.max(0, Math.min(column - 1 - EXCERPT_BEFORE, line.length - EXCERPT_MAX));
  const to = from + EXCERPT_MAX;
  const before = from > 0 ? "… " : "";
  return {
    written: `${before}${line.slice(from, to)}${to < line.length ? " …" : ""}`,
    mark: column - from + before.length,
  };
}

/** Carets under the word that begins at a column. Tabs are kept, so that they line up wherever tabs end. */
function marker(written: string, column: number): string {
  const before = written.slice(0, column - 1).replace(/[^\t]/g, " ");
  const word = /^("[^"]*"|'[^']*'|[^\s,:[\]{}]+)/.exec(written.slice(column - 1))?.[0] ?? "";
  return before + "^".repeat(Math.max(1, [...word].length));
}

/** "2 errors, 1 warning"; empty when there is nothing to count. */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Diagnostic["severity"]): string => {
    const number = diagnostics.filter((each) => each.severity === severity).length;
    return number === 0 ? "" : `${number} ${severity}${number === 1 ? "" : "s"}`;
  };
  return [count("error"), count("warning")].filter((text) => text !== "").join(", ");
}

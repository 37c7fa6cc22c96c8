// Shows diagnostics as compilers do: where, what, the line itself with the place marked, and what to write instead.
import type { Diagnostic } from "../../partitions/diagnostics/diagnostic.ts";
import type { Paint } from "../run/paint.ts";

const COLOUR = { error: "red", warning: "yellow" } as const;

/** `text`: of the file `file`; a diagnostic about another file is shown without its line. */
export function formatDiagnostic(diagnostic: Diagnostic, file: string, text: string, paint: Paint): string {
  const { severity, code, message, remedy, line, column } = diagnostic;
  const place = `${diagnostic.file}:${line}:${column}`;
  const head = `${paint("bold", place)}: ${paint([COLOUR[severity], "bold"], severity)}: ${message} ${paint("dim", `[${code}]`)}`;
  const written = diagnostic.file === file ? text.split("\n")[line - 1]?.replace(/\r$/, "") : undefined;
  const margin = " ".repeat(String(line).length);
  const excerpt =
    written === undefined || written === ""
      ? []
      : [`  ${line} | ${written}`, `  ${margin} | ${paint([COLOUR[severity], "bold"], marker(written, column))}`];
  return [head, ...excerpt, `  ${margin} = ${remedy}`].join("\n");
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

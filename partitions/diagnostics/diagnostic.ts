// A mistake in a file that a person wrote: where it is, what is wrong, what to write instead.
//
// Checks never throw at the first mistake: they report to `Findings` and go on, so that all of them are shown at once.
import type { Path, Position } from "../source/path.ts";

export type Severity = "error" | "warning";

/** What is wrong, not yet where. Made by the functions of catalogue.ts only. */
export interface Problem {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly remedy: string;
}

export interface Diagnostic extends Problem, Position {
  readonly file: string;
}

/** The file that is checked. */
export interface Source {
  /** As the user named it. */
  readonly file: string;
  /** `key`: the name in front of the colon; `value`: what stands behind it. */
  locate(path: Path, part: "key" | "value"): Position;
}

/** Collects what the checks of one file find. */
export class Findings {
  readonly source: Source;
  readonly #found: Diagnostic[] = [];

  constructor(source: Source) {
    this.source = source;
  }

  /** `part`: where it points to. */
  report(path: Path, problem: Problem, part: "key" | "value" = "value"): void {
    this.#found.push({ ...problem, file: this.source.file, ...this.source.locate(path, part) });
  }

  add(diagnostics: readonly Diagnostic[]): void {
    this.#found.push(...diagnostics);
  }

  get hasErrors(): boolean {
    return this.#found.some((diagnostic) => diagnostic.severity === "error");
  }

  /** In the order a reader meets them. */
  get sorted(): Diagnostic[] {
    return [...this.#found].sort(
      (a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column || a.code.localeCompare(b.code),
    );
  }
}

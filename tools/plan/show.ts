// What the commands about plans have in common: diagnostics on standard error, and an end when there are errors.
import { isDeepStrictEqual } from "node:util";
import type { Diagnostic } from "../../partitions/diagnostics/diagnostic.ts";
import type { Outcome, PlannedSystem } from "../../partitions/index.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { DESCRIPTION_MAX } from "../../partitions/shelf.ts";
import { readFile } from "../../partitions/source/file.ts";
import { decodeUtf8 } from "../../partitions/source/text.ts";
import { formatSize } from "../../partitions/units.ts";
import { paintFor } from "../run/paint.ts";
import { countDiagnostics, formatDiagnostic } from "./diagnostics.ts";

/** The system has mistakes, and all of them have been shown. */
export class SystemMistakesError extends Error {
  readonly code = "AXV-P100";
  readonly diagnostics: readonly Diagnostic[];

  constructor(file: string, diagnostics: readonly Diagnostic[]) {
    super(`${file} has mistakes (${countDiagnostics(diagnostics)}): correct them, then try again`);
    this.name = "SystemMistakesError";
    this.diagnostics = diagnostics;
  }
}

/** Of a board or a profile of the user's own, whose mistakes are shown with their lines, too. */
function textOf(file: string): string {
  const bytes = readFile(file, DESCRIPTION_MAX);
  return typeof bytes === "string" ? "" : decodeUtf8(bytes).text;
}

/** Nobody reads more at once: they scroll away what comes first. */
const SHOWN_MAX = 100;

/** All, or the first ones, errors before warnings. */
function mostImportant(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (diagnostics.length <= SHOWN_MAX) return diagnostics;
  const isError = ({ severity }: Diagnostic): boolean => severity === "error";
  return [...diagnostics.filter(isError), ...diagnostics.filter((each) => !isError(each))].slice(0, SHOWN_MAX);
}

/** `shown`: what has been shown before, and is not again. */
export function showDiagnostics(
  { diagnostics, source }: Pick<Outcome, "diagnostics" | "source">,
  shown: readonly Diagnostic[] = [],
): void {
  const paint = paintFor(process.stderr);
  const texts = new Map([[source.file, source.text]]);
  const fresh = diagnostics.filter((each) => !shown.some((old) => isDeepStrictEqual(old, each)));
  for (const diagnostic of mostImportant(fresh)) {
    const { file } = diagnostic;
    const text = texts.get(file) ?? textOf(file);
    texts.set(file, text);
    console.error(`${formatDiagnostic(diagnostic, file, text, paint)}\n`);
  }
  const more = fresh.length - SHOWN_MAX;
  if (more > 0) console.error(`and ${more} more\n`);
}

/** The planned system; shows what is wrong, and throws when it is too much. */
export function soundSystem(outcome: Outcome, shown: readonly Diagnostic[] = []): PlannedSystem {
  showDiagnostics(outcome, shown);
  const { system, diagnostics, source } = outcome;
  if (system === undefined) throw new SystemMistakesError(source.file, diagnostics);
  return system;
}

/** "2 partitions (linux: 2 pCPUs, 512M; plc: 1 pCPU, 16M), 1 channel" */
export function summary({ partitions }: Plan): string {
  const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const each = partitions.map(({ name, cpus, regions }) => {
    const memory = regions.filter(({ kind }) => kind === "ram").reduce((sum, { size }) => sum + size, 0);
    return `${name}: ${counted(cpus.length, "pCPU")}, ${formatSize(memory)}`;
  });
  const channels = new Set(partitions.flatMap((partition) => partition.channels.map(({ name }) => name)));
  const shared = channels.size === 0 ? "" : `, ${counted(channels.size, "channel")}`;
  return `${counted(partitions.length, "partition")} (${each.join("; ")})${shared}`;
}

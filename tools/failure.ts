// How a command that fails says so: one message on standard error, status 1; and with --json, JSON on standard output whatever
// happens: { "error": { "code", "message" } }, with the "diagnostics" where a system has mistakes.
import { CommanderError, type OutputConfiguration } from "commander";
import { lines, oneLine } from "../partitions/source/text.ts";
import { SystemMistakesError } from "./plan/show.ts";

/** One of ours: it has a stable code, and a message that says what to do. A stack would only hide that. */
const isExplained = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && "code" in error && typeof error.code === "string";

/** Behind --, options are QEMU's. */
const wantsJson = (parameters: readonly string[]): boolean =>
  parameters.join("\n").split(/^--$/m)[0]?.split("\n").includes("--json") === true;

/** The command line is wrong. */
const USAGE = "AXV_USAGE";
/** A mistake of axv-part itself: its stack is what helps to find it. */
const UNEXPECTED = "AXV_UNEXPECTED";

/** A part of a parameter, as NAME=GUEST:IMAGE has them. */
const PARTS = /[=:]/;

/** For a terminal, which obeys nothing in it. A message may have several lines, but none that the command line brings. */
function shown(text: string, parameters: readonly string[]): string {
  const given = parameters.flatMap((each) => [each, ...each.split(PARTS)]);
  // One that is nothing else cannot be told from those of the message.
  const broken = given.filter((part) => part.includes("\n") && part.trim() !== "");
  return lines(broken.reduce((all, part) => all.replaceAll(part, oneLine(part)), text));
}

/** The message, with its code in brackets behind it if it does not say that itself. */
const coded = (message: string, code: string): string =>
  message.includes(`[${code}]`) ? message : `${message}${message.includes("\n") ? "\n" : " "}[${code}]`;

/** For a program of commander: what is wrong with its command line, as it is printed. */
export const USAGE_OUTPUT: OutputConfiguration = {
  outputError: (text, write) => write(`${coded(shown(text, process.argv.slice(2)).trimEnd(), USAGE)}\n`),
};

/** What is printed, and the exit status. `parameters`: of the command line. */
export function failure(error: unknown, parameters: readonly string[]): { stdout: string; stderr: string; status: number } {
  // Commander has said it already: what is wrong with the command line; or no error at all, but the help.
  const said = error instanceof CommanderError;
  if (said && error.exitCode === 0) return { stdout: "", stderr: "", status: 0 };
  const explained = isExplained(error);
  const message = shown(error instanceof Error ? error.message : String(error), parameters);
  const code = explained ? (said ? USAGE : error.code) : UNEXPECTED;
  const stack = explained || !(error instanceof Error) ? "" : `${lines(error.stack ?? "")}\n`;
  const diagnostics = error instanceof SystemMistakesError ? { diagnostics: error.diagnostics } : {};
  return {
    stdout: wantsJson(parameters) ? `${JSON.stringify({ error: { code, message }, ...diagnostics })}\n` : "",
    stderr: said ? "" : `${stack}axv-part: ${coded(message, code)}\n`,
    status: 1,
  };
}

/** Ends this process's command with what is to be said of an error. */
export function fail(error: unknown): void {
  const { stdout, stderr, status } = failure(error, process.argv.slice(2));
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = status;
}

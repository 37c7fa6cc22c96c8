// Why something cannot be written where somebody wants it, each with a stable code and one message that says what to do.
import { CodedError } from "../../industrial/link/coded-error.ts";

export const MESSAGES = {
  AXV_OUTPUT_NAME: (path: string) => `"${path}" is no name of a file: write a path`,
  AXV_OUTPUT_STDOUT: (what: string) => `${what} cannot go to standard output here: name a file`,
  AXV_OUTPUT_IS_INPUT: (path: string, what: string, input: string, use = "is read for it") =>
    `${what} would be written to ${path}, and ${input} ${use}: choose another place`,
  AXV_OUTPUT_TWICE: (path: string, what: string, other: string) =>
    `${what} and ${other} would both be written to ${path}: choose another name or folder`,
  AXV_OUTPUT_NO_FILE: (path: string, kind: string) =>
    `${path} is ${kind}, and stays as it is: name a file`,
  AXV_OUTPUT_FOREIGN: (path: string, what: string) =>
    `${what} would be written to ${path}, and what is there does not come from axv-part: choose another folder, or move it away`,
  AXV_OUTPUT_FOLDER: (folder: string, why: string) =>
    `cannot write into ${folder}: ${why}. Choose another place, or correct that`,
  AXV_OUTPUT_FAILED: (path: string, why: string) => `cannot write ${path}: ${why}`,
  AXV_OUTPUT_TERMINAL: () => "the image is no text for a terminal: send it into a file or a pipe",
  AXV_OUTPUT_LOCKED: (folder: string, minutes: string) =>
    `another axv-part has been writing into ${folder} for ${minutes} minutes: end it, or choose another place`,
} as const;

export type OutputErrorCode = keyof typeof MESSAGES;

export class OutputError<C extends OutputErrorCode = OutputErrorCode> extends CodedError<typeof MESSAGES, C> {
  constructor(code: C, ...parameters: Parameters<(typeof MESSAGES)[C]>) {
    super("OutputError", MESSAGES, code, parameters);
  }
}

/** What the system says of an error of its own: "permission denied". */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /^[A-Z0-9]+: ([^,]+)/.exec(text)?.[1] ?? text;
}

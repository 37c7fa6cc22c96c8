// Runs one program of the machine to its end, and turns its failures into this folder's errors.
import { spawn } from "node:child_process";
import { LinuxError } from "./errors.ts";

const WORDS_OF_FAILURE = 5; // lines

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: Uint8Array;
}

export interface Output {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly status: number;
}

/** Runs a program whatever its exit status; throws only when it cannot be started or is killed. */
export function run(program: string, parameters: readonly string[], options: RunOptions = {}): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...parameters], {
      cwd: options.cwd,
      // LC_ALL: its words are read by this program.
      env: { ...process.env, ...options.env, LC_ALL: "C.UTF-8" },
      stdio: "pipe",
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on("error", () => undefined); // it ended without reading all: its exit status tells
    child.on("error", (error) => reject(new LinuxError("tool-missing", `cannot start ${program} (${error.message})`)));
    child.on("close", (status, signal) => {
      if (status === null) reject(new LinuxError("tool-failed", `${program} was ended by ${signal}`));
      else resolve({ stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), status });
    });
    child.stdin.end(options.input);
  });
}

/** The last words of a program that failed. */
export function lastWords(output: Output): string {
  const text = output.stderr.trim() === "" ? output.stdout.toString() : output.stderr;
  return text.trim().split("\n").slice(-WORDS_OF_FAILURE).join("\n");
}

/** Runs a program that must succeed, and gives back what it printed. */
export async function output(program: string, parameters: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const result = await run(program, parameters, options);
  if (result.status === 0) return result.stdout;
  throw new LinuxError("tool-failed", `${program} ${parameters.join(" ")} (status ${result.status}):\n${lastWords(result)}\n`);
}

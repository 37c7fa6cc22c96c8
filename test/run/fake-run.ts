// Starts test/run/run-fake.ts (a run of the demo's system on a fake board) as a process, and watches it from outside.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { BUNDLE, fakeBundle } from "../bundle.ts";
import { until as patientlyUntil } from "../patience.ts";

const RUN = fakeBundle("run-fake");
const QEMU = fakeBundle("fake-qemu");

export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** What it has printed so far. */
  readonly output: () => string;
  readonly errors: () => string;
  /** Settles with status or signal. */
  readonly ended: Promise<number | string>;
}

/** A place of its own for fake programs and run sockets: tests see nobody else's. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), "axv-run-"));
  readonly #running: Running[] = [];

  constructor() {
    const fake = join(this.folder, "qemu-system-aarch64");
    // The folder is in its command line: so it is found among the processes.
    writeFileSync(fake, `#!/bin/sh\nexec ${process.execPath} ${QEMU} ${this.folder}\n`);
    chmodSync(fake, 0o755);
  }

  /** A run on the fake board; `env`: AXV_FAKE_… */
  run(parameters: readonly string[] = [], env: Record<string, string> = {}): Running {
    return this.#start([RUN, ...parameters], env);
  }

  axvPart(...parameters: readonly string[]): Running {
    return this.#start([BUNDLE, ...parameters], {});
  }

  /**
   * The same on a terminal of its own, with what is typed coming from stdin, and then a shell's `after`;
   * `script` is in Debian's bsdutils, essential.
   */
  runOnTerminal(
    columns: number,
    rows: number,
    parameters: readonly string[],
    env: Record<string, string> = {},
    after = "",
  ): Running {
    // A shell that is interrupted goes on here.
    const start = after === "" ? "exec" : "trap : INT;";
    return this.#onTerminal(
      `stty cols ${columns} rows ${rows}; ${start} ${process.execPath} ${[RUN, ...parameters].join(" ")}${after}`,
      env,
    );
  }

  axvPartOnTerminal(...parameters: readonly string[]): Running {
    return this.#onTerminal(`${[process.execPath, BUNDLE, ...parameters].join(" ")}; echo "status $?"; stty -a`);
  }

  get socketFolder(): string {
    return join(this.folder, "axv-part");
  }

  sockets(): string[] {
    try {
      return readdirSync(this.socketFolder);
    } catch {
      return [];
    }
  }

  /** Process ids of fake QEMUs of this sandbox. */
  qemus(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(`${QEMU}\0${this.folder}`))
      .map(Number);
  }

  async close(): Promise<void> {
    for (const { child, ended } of this.#running) {
      child.kill("SIGKILL");
      await ended;
    }
    await until(() => this.qemus().length === 0);
    rmSync(this.folder, { recursive: true });
  }

  #start(parameters: readonly string[], env: Record<string, string>): Running {
    return this.#spawn(process.execPath, parameters, env);
  }

  #onTerminal(shell: string, env: Record<string, string> = {}): Running {
    return this.#spawn("script", ["-qefc", shell, join(this.folder, "typescript")], { TERM: "xterm-256color", ...env });
  }

  #spawn(program: string, parameters: readonly string[], env: Record<string, string>): Running {
    // CI says of itself that its terminals have no colours (Node's hasColors heeds it): these have.
    const { CI: _, ...inherited } = process.env;
    const child = spawn(program, [...parameters], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...inherited, PATH: `${this.folder}${delimiter}${process.env["PATH"] ?? ""}`, XDG_RUNTIME_DIR: this.folder, ...env },
    });
    let output = "";
    let errors = "";
    child.stdout.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
    child.stderr.on("data", (bytes: Buffer) => {
      errors += bytes.toString();
    });
    child.stdin.on("error", () => {}); // it may be gone
    const ended = once(child, "close").then(([status, signal]: (number | string | null)[]) => status ?? signal ?? "");
    const running = { child, output: () => output, errors: () => errors, ended };
    this.#running.push(running);
    return running;
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/** Waits until it is so; fails when it does not become so. */
export const until = (condition: () => boolean): Promise<void> => patientlyUntil(condition.toString(), condition);

// A system run as a user runs it: `axv-part run` and `axv-part console`, each a process, with a person at the consoles.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { until } from "../patience.ts";

const AXV_PART = join(import.meta.dirname, "../../tools/axv-part");
/** Says nothing of the guest: a machine may be busy, and QEMU emulates four CPUs on it. */

type Process = ChildProcessByStdio<Writable, Readable, Readable>;

const start = (...parameters: readonly string[]): Process =>
  spawn(AXV_PART, parameters, { stdio: ["pipe", "pipe", "pipe"] });

/** One attached console; what was printed before it was attached comes first. */
export class GuestConsole {
  readonly #name: string;
  readonly #process: Process;
  #output = "";

  constructor(name: string, socket: string) {
    this.#name = name;
    this.#process = start("console", name, "--link", socket);
    this.#process.stdout.on("data", (bytes: Buffer) => (this.#output += stripVTControlCharacters(bytes.toString())));
    this.#process.stdout.on("error", () => {});
    this.#process.stdin.on("error", () => {}); // the run may end first
  }

  /** Types a line, and waits for what comes behind it: `answer` has to match in what was printed since. */
  async ask(line: string, answer: RegExp): Promise<string> {
    const before = this.#output.length;
    this.#process.stdin.write(`${line}\r`);
    return this.#wait(answer, before);
  }

  async until(pattern: RegExp): Promise<string> {
    return this.#wait(pattern, 0);
  }

  type(line: string): void {
    this.#process.stdin.write(`${line}\r`);
  }

  close(): void {
    this.#process.kill();
  }

  async #wait(pattern: RegExp, from: number): Promise<string> {
    await seenUntil(`${this.#name}: ${pattern}`, () => pattern.test(this.#output.slice(from)), () => this.#output);
    return this.#output.slice(from);
  }
}

interface PartitionLine {
  readonly type: "partition";
  readonly partition: string;
  readonly state: string;
  readonly restarts: number;
}

interface VcpuLine {
  readonly type: "vcpu";
  readonly partition: string;
  readonly vcpu: number;
  readonly exits: Readonly<Record<string, number>>;
}

interface TextLine {
  readonly type: "console" | "event" | "text" | "note";
  readonly partition?: string;
  readonly text: string;
}

/** What is read here of what tools/run/json-view.ts writes. */
type Line = PartitionLine | VcpuLine | TextLine | { readonly type: "end" };

export class GuestRun {
  readonly #folder = mkdtempSync(join(tmpdir(), "axv-guest-"));
  readonly #socket = join(this.#folder, "run");
  readonly #process: Process;
  readonly #states = new Map<string, PartitionLine>();
  readonly #exits = new Map<string, VcpuLine["exits"]>();
  readonly #consoles: GuestConsole[] = [];
  #said = "";

  /** `name`: of its build/ folder. */
  constructor(name: string, yaml: string) {
    const file = join(this.#folder, `test-${name}.yaml`);
    writeFileSync(file, yaml);
    this.#process = start("run", file, "--json", "--link", this.#socket);
    this.#process.stderr.on("data", (bytes: Buffer) => (this.#said += bytes.toString()));
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#hear(line));
  }

  #hear(line: string): void {
    const record = JSON.parse(line) as Line;
    if (record.type === "partition") this.#states.set(record.partition, record);
    else if (record.type === "vcpu") this.#exits.set(`${record.partition} ${record.vcpu}`, record.exits);
    else if (record.type !== "end") this.#said += `${record.partition ?? "axv"} │ ${record.text}\n`;
  }

  /** Attaches once the hypervisor has spoken: the socket is there by then. */
  async console(partition: string): Promise<GuestConsole> {
    await this.until("the hypervisor", () => this.#states.size > 0);
    const console = new GuestConsole(partition, this.#socket);
    this.#consoles.push(console);
    return console;
  }

  /** As telemetry had it last. */
  state(partition: string): string | undefined {
    return this.#states.get(partition)?.state;
  }

  restarts(partition: string): number | undefined {
    return this.#states.get(partition)?.restarts;
  }

  /** So far, by the name of the cause. */
  exits(partition: string, vcpu: number, cause: string): number | undefined {
    return this.#exits.get(`${partition} ${vcpu}`)?.[cause];
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return seenUntil(what, condition, () => this.#said, this.#process);
  }

  async stop(): Promise<void> {
    for (const console of this.#consoles) console.close();
    if (this.#process.exitCode === null) {
      this.#process.kill("SIGTERM");
      await once(this.#process, "close");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const seenUntil = (what: string, condition: () => boolean, seen: () => string, alive?: Process): Promise<void> =>
  until(what, condition, { isDead: () => alive !== undefined && alive.exitCode !== null, seen: () => seen().slice(-3000) });

// The three Modbus servers that are measured side by side, each a process of its own; and the load on them.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { BenchError } from "../errors.ts";

const HERE = import.meta.dirname;
const COMPILER = "clang-19";
/**
 * Server and client share one CPU: with two, the time of a request is mostly that of waking an idle CPU, which depends on
 * where the scheduler puts whom, and jumps by a factor of three from run to run.
 */
const PINNED = ["taskset", "-c", "0"] as const;
/** Of the times in /proc/PID/stat (proc(5)): always so on Linux. */
const TICKS_PER_SECOND = 100;
/** In /proc/PID/stat, counted behind the name in brackets: time in user mode and in the kernel. */
const USER_TIME = 11;
const KERNEL_TIME = 12;

export const SERVERS = ["axv-part", "libmodbus", "modbus-serial"] as const;
export type ServerName = (typeof SERVERS)[number];

/** Compiles the C programs of this folder. */
export function compilePrograms(scratch: string): void {
  execFileSync(COMPILER, ["-O2", "-o", join(scratch, "load"), join(HERE, "load.c")]);
  execFileSync(COMPILER, ["-O2", "-o", join(scratch, "libmodbus-server"), join(HERE, "libmodbus-server.c"), "-lmodbus"]);
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Of the server's, user mode and kernel. */
  readonly microsecondsOfCpu: number;
  /** The most that the server had at any time. */
  readonly residentBytes: number;
}

export class MeasuredServer {
  readonly name: ServerName;
  readonly #process: ChildProcess;
  readonly #port: number;
  readonly #load: string;

  private constructor(name: ServerName, process: ChildProcess, port: number, load: string) {
    this.name = name;
    this.#process = process;
    this.#port = port;
    this.#load = load;
  }

  static async start(name: ServerName, scratch: string): Promise<MeasuredServer> {
    const [taskset, ...pin] = PINNED;
    const program =
      name === "libmodbus"
        ? [join(scratch, "libmodbus-server")]
        : [process.execPath, join(HERE, name === "axv-part" ? "axv-server.ts" : "modbus-serial-server.ts")];
    const child = spawn(taskset, [...pin, ...program], { stdio: ["ignore", "pipe", "inherit"] });
    const port = await new Promise<number>((resolve, reject) => {
      child.once("exit", (status) => reject(new BenchError("tool-failed", `the server ${name} ended with ${status}`)));
      createInterface(child.stdout).once("line", (line) => resolve(Number(line)));
    });
    return new MeasuredServer(name, child, port, join(scratch, "load"));
  }

  stop(): void {
    this.#process.removeAllListeners("exit");
    this.#process.kill("SIGKILL");
  }

  residentBytes(): number {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#process.pid}/status`, "utf8")) ?? [];
    return Number(kibibytes) * 1024;
  }

  #cpuSeconds(): number {
    const [, fields = ""] = readFileSync(`/proc/${this.#process.pid}/stat`, "utf8").split(") ");
    const times = fields.split(" ");
    return (Number(times[USER_TIME]) + Number(times[KERNEL_TIME])) / TICKS_PER_SECOND;
  }

  async load(connections: number, depth: number, seconds: number): Promise<LoadResult> {
    const [taskset, ...pin] = PINNED;
    let residentBytes = 0;
    const watch = setInterval(() => (residentBytes = Math.max(residentBytes, this.residentBytes())), 50);
    const before = this.#cpuSeconds();
    const { stdout } = await promisify(execFile)(taskset, [
      ...pin,
      this.#load,
      String(this.#port),
      String(connections),
      String(depth),
      String(seconds),
    ]).finally(() => clearInterval(watch));
    const [answers = 0, took = 0] = stdout.trim().split(" ").map(Number);
    return {
      requestsPerSecond: answers / took,
      microsecondsOfCpu: ((this.#cpuSeconds() - before) * 1e6) / answers,
      residentBytes,
    };
  }
}

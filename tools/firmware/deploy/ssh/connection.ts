// One connection of the system's own ssh(1), with the user's configuration, keys and known hosts: the first client keeps it
// (ControlMaster of ssh_config(5)), and each command goes through it. Nobody is asked for anything.
//
// What is run there is `sh -c`, with a script of ours that is always the same, and words behind it: whatever the login shell is.
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { oneLine } from "../../../../partitions/source/text.ts";

/** ssh's own exit status, which is no command's. */
const SSH_FAILED = 255;
/** A silent connection is given up after so many seconds, thrice: a network that is gone says nothing. */
const ALIVE_SECONDS = 10;
const TOLD_MAX = 4096;
/** More is no answer to anything that is asked here in one go. */
const ANSWER_MAX = 0x100_0000;

/** What was to be done there has failed. */
export class RemoteFailure extends Error {
  /** Whether it was the connection. */
  readonly isLost: boolean;
  constructor(why: string, isLost: boolean) {
    super(why);
    this.isLost = isLost;
  }
}

type RemoteProcess = ChildProcessByStdio<Writable, Readable, Readable>;

const WORD = /^[\w./,:+@%=-]+$/;

/** For a login shell. Throws a RangeError where it could be anything but words. */
export function commandOf(script: string, words: readonly (string | number)[]): string {
  const bad = words.find((word) => !WORD.test(String(word)));
  if (bad !== undefined || script.includes("'")) throw new RangeError(`no word of a command: ${String(bad)}`);
  return ["exec sh -c", `'${script}'`, "axv-part", ...words].join(" ");
}

export class SshConnection {
  readonly #host: string;
  readonly #folder: string;
  #keeper: RemoteProcess | undefined;

  private constructor(host: string) {
    this.#host = host;
    this.#folder = mkdtempSync(join(tmpdir(), "axv-ssh-"));
  }

  /** What `use` makes of it. Throws a RemoteFailure where there is none. */
  static async with<T>(host: string, use: (connection: SshConnection) => Promise<T>): Promise<T> {
    const connection = new SshConnection(host);
    const end = (): void => connection.#end();
    const interrupted = (): never => process.exit(INTERRUPTED);
    process.once("exit", end).once("SIGINT", interrupted).once("SIGTERM", interrupted);
    try {
      await connection.#open();
      return await use(connection);
    } finally {
      end();
      process.off("exit", end).off("SIGINT", interrupted).off("SIGTERM", interrupted);
    }
  }

  /** It goes when its standard input does: with us, whatever ends us. */
  async #open(): Promise<void> {
    const keeper = this.#spawn(["-o", "ControlMaster=yes", "-o", "ControlPersist=no"], commandOf(KEEP, []));
    this.#keeper = keeper;
    const told = tellOf(keeper.stderr);
    const [first] = await Promise.race([once(keeper.stdout, "data"), once(keeper, "close")]).catch((error: unknown) => {
      throw new RemoteFailure(error instanceof Error ? error.message : String(error), true); // no ssh is there
    });
    if (!(first instanceof Buffer)) throw new RemoteFailure(told() || "ssh has ended", true);
    keeper.stdout.resume();
  }

  #end(): void {
    this.#keeper?.stdin.destroy();
    this.#keeper?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #parameters(more: readonly string[], command: string): string[] {
    const alive = ["-o", `ServerAliveInterval=${ALIVE_SECONDS}`, "-o", `ConnectTimeout=${ALIVE_SECONDS}`];
    return ["-T", "-S", join(this.#folder, "s"), "-o", "BatchMode=yes", ...alive, ...more, "--", this.#host, command];
  }

  #spawn(more: readonly string[], command: string): RemoteProcess {
    const child: RemoteProcess = spawn("ssh", this.#parameters(more, command), { stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => undefined); // its exit status says more
    return child;
  }

  /** `script` with `input` gives an answer. */
  ask(script: string, words: readonly (string | number)[], input: Uint8Array = new Uint8Array()): Buffer {
    const parameters = this.#parameters(NO_OTHER_WAY, commandOf(script, words));
    const { status, error, stdout, stderr } = spawnSync("ssh", parameters, { input, maxBuffer: ANSWER_MAX });
    if (error !== undefined || status !== 0) throw failureOf(status, error?.message ?? stderr.toString("utf8"));
    return stdout;
  }

  start(script: string, words: readonly (string | number)[]): RemoteRun {
    const child = this.#spawn(NO_OTHER_WAY, commandOf(script, words));
    const told = tellOf(child.stderr);
    const finished = once(child, "close").then(([status]: (number | null)[]) => {
      if (status !== 0) throw failureOf(status ?? null, told());
    });
    finished.catch(() => undefined); // nobody asks how one ended that is not wanted any more
    return { input: child.stdin, output: child.stdout, finished, end: () => void child.kill() };
  }
}

/** A command that runs there. */
export interface RemoteRun {
  readonly input: Writable;
  readonly output: Readable;
  /** Throws a RemoteFailure. */
  readonly finished: Promise<void>;
  end(): void;
}

const INTERRUPTED = 130;
const KEEP = "echo ready; exec cat";
/** Where the first client has gone, the others are not to connect by themselves. */
const NO_OTHER_WAY = ["-o", "ProxyCommand=false"];

/** What has been said there so far. */
function tellOf(stream: Readable): () => string {
  let told = "";
  stream.setEncoding("utf8").on("data", (text: string) => (told = (told + text).slice(-TOLD_MAX)));
  return () => reasonIn(told);
}

function failureOf(status: number | null, told: string): RemoteFailure {
  const isLost = status === SSH_FAILED || status === null;
  return new RemoteFailure(reasonIn(told) || (isLost ? "ssh has ended" : `a command has ended with status ${status}`), isLost);
}

/** The line that says why: dd counts its records below, and ssh adds what it knows besides. */
function reasonIn(told: string): string {
  const lines = told.split(/\r?\n/).filter((line) => line.trim() !== "" && !/^\d+\+\d+ records|^\d+ bytes/.test(line));
  return oneLine(lines.find((line) => /^dd: /.test(line)) ?? lines.at(-1) ?? "").replace(/\.$/, "");
}

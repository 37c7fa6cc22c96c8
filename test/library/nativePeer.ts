// axv.h in a process of its own (native/peer.c), spoken to by two FIFOs: one line there, one line back, waited for.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLANG, runTool } from "../../tools/build/native.ts";
import type { Image, Peer, Received, Strike } from "./peer.ts";

const IMAGE_NONE = "-13";
const IMAGE_BUSY = "-14";
const ANSWER_MAX = 65536;

export class NativePeer implements Peer {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #commands: number;
  readonly #answers: number;
  readonly #buffer = Buffer.alloc(ANSWER_MAX);

  /** `shared`: the file that stands for the channel. */
  constructor(shared: string) {
    this.#folder = mkdtempSync(join(tmpdir(), "axv-peer-"));
    const path = (name: string): string => join(this.#folder, name);
    const flags = [
      "-std=gnu11",
      "-O2",
      "-Wall",
      "-Wextra",
      "-Werror",
      "-fsanitize=undefined",
      "-fsanitize-trap=undefined",
      "-I.",
    ];
    runTool(CLANG, [...flags, "test/library/native/peer.c", "-o", path("peer")]);
    execFileSync("mkfifo", [path("commands"), path("answers")]);
    // setpriv: it ends with this process, however that ends.
    this.#process = spawn("setpriv", ["--pdeathsig", "KILL", "--", path("peer"), path("commands"), path("answers"), shared], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    this.#commands = openSync(path("commands"), "w");
    this.#answers = openSync(path("answers"), "r");
  }

  tell(command: string): void {
    writeSync(this.#commands, `${command}\n`);
  }

  /** The next answer, without its newline. */
  hear(): string {
    let length = 0;
    while (length === 0 || this.#buffer[length - 1] !== 0x0a) {
      const count = readSync(this.#answers, this.#buffer, length, ANSWER_MAX - length, null);
      if (count === 0)
        throw new Error(
          "the native peer has ended: it touched what it must not, did not know a command, " +
            "or waited half a minute for its partner",
        );
      length += count;
    }
    return this.#buffer.toString("latin1", 0, length - 1);
  }

  ask(command: string): string {
    this.tell(command);
    return this.hear();
  }

  begin(): void {
    this.ask("begin");
  }

  producer(ring: number, offset: number, capacity: number): number {
    return Number(this.ask(`producer ${ring} ${offset} ${capacity}`));
  }

  consumer(ring: number, offset: number, capacity: number): number {
    return Number(this.ask(`consumer ${ring} ${offset} ${capacity}`));
  }

  send(ring: number, bytes: Uint8Array): number {
    return Number(this.ask(`send ${ring} ${Buffer.from(bytes).toString("hex")}`));
  }

  receive(ring: number, size: number): Received {
    const [result = "", hex = ""] = this.ask(`receive ${ring} ${size}`).split(" ");
    return { result: Number(result), bytes: new Uint8Array(Buffer.from(hex, "hex")) };
  }

  strike(strikes: readonly Strike[]): void {
    this.ask("peace");
    for (const { offset, value } of strikes) this.ask(`strike ${offset} ${value.toString(16)}`);
  }

  writeImage(sequence: number, image: Image): number {
    return Number(this.ask(`write ${sequence.toString(16)} ${image.join(" ")}`));
  }

  readImage(): Image | "none" | "busy" {
    const [result, scans = "", ...values] = this.ask("read").split(" ");
    if (result === IMAGE_NONE) return "none";
    if (result === IMAGE_BUSY) return "busy";
    return [BigInt(scans), ...values.map(Number)] as unknown as Image;
  }

  stop(): void {
    closeSync(this.#commands);
    closeSync(this.#answers);
    this.#process.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true });
  }
}

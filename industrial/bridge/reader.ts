// A partition's tag images, from the program tag-reader (rtos-guests/linux/tags), which runs beside the bridge or, by ssh,
// elsewhere; and what is written to its tags, by the same program. It is started again whenever it ends.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags } from "../../partitions/tags/table.ts";
import { TAG_WRITES_DONE } from "../../rtos-guests/channel/tagWritesLayout.ts";
import { encodeBatch, isOneBatch } from "../tags/batch.ts";
import type { TagWrite } from "../tags/batch.ts";
import { TagSnapshots } from "../tags/snapshots.ts";

export interface ReaderEvents {
  image: [image: DataView, scan: bigint];
  mismatch: [];
  /** It runs, or why it does not. */
  state: [ended: string | undefined];
}

const RETRY_MS = 1000;
/** Of what it says of its end. */
const WORDS_MAX = 500;
/** The guest answers within a scan or two. */
const ANSWER_MS = 1000;
/** Batches that wait for their answers. */
const WAITING_MAX = 64;
const NUMBERS = 2 ** 32;

/** unreachable: it could not be asked, and nothing has changed. unknown: it was asked and has not answered in time. */
export type WriteResult = "done" | "refused" | "unreachable" | "unknown";

export class TagReader extends EventEmitter<ReaderEvents> {
  readonly #tags: PartitionTags;
  readonly #command: readonly string[];
  #process: ChildProcess | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  #images = 0;
  #skipped = 0;
  /** Numbers begin anywhere: an answer to a batch of a bridge before is none of ours. */
  #number = Math.floor(Math.random() * NUMBERS);
  readonly #waiting = new Map<number, (result: WriteResult) => void>();

  /** `command`: program and arguments. */
  constructor(tags: PartitionTags, command: readonly string[]) {
    super();
    this.#tags = tags;
    this.#command = command;
  }

  start(): void {
    const [program = "", ...parameters] = this.#command;
    const child = spawn(program, parameters, { stdio: ["pipe", "pipe", "pipe"] });
    this.#process = child;
    let words = "";
    let reason: string | undefined;
    child.stderr.on("data", (bytes: Buffer) => (words = (words + bytes.toString()).slice(-WORDS_MAX)));
    child.on(
      "error",
      (error) =>
        (reason =
          "code" in error && error.code === "ENOENT"
            ? `there is no program ${program}: put its folder into PATH`
            : error.message),
    );
    child.stdin.on("error", () => undefined); // its end is told by "close"
    const snapshots = new TagSnapshots(child.stdout, { table: layoutSum(this.#tags), size: this.#tags.size });
    const before = this.#skipped;
    snapshots.on("image", (image, scan) => {
      this.#images++;
      this.#skipped = before + snapshots.skipped;
      this.emit("image", image, scan);
    });
    snapshots.on("mismatch", () => this.emit("mismatch"));
    snapshots.on("answer", (number, result) => this.#waiting.get(number)?.(result === TAG_WRITES_DONE ? "done" : "refused"));
    child.on("spawn", () => this.emit("state", undefined));
    child.on("close", (code, signal) => {
      this.#process = undefined;
      for (const settle of [...this.#waiting.values()]) settle("unknown");
      if (this.#isClosed) return;
      const how = reason ?? (words.trim() || (signal === null ? `status ${code}` : `by ${signal}`));
      this.emit("state", how.replace(/\s+/g, " "));
      this.#retry = setTimeout(() => this.start(), RETRY_MS);
    });
  }

  /**
   * All of them or none; refused, too, if they are more than one batch. Settles when reads show them, or
   * when it is clear that they will not.
   */
  write(writes: readonly TagWrite[]): Promise<WriteResult> {
    if (!isOneBatch(writes)) return Promise.resolve("refused");
    const stdin = this.#process?.stdin;
    if (stdin === undefined || stdin === null || this.#waiting.size >= WAITING_MAX) return Promise.resolve("unreachable");
    const number = this.#number;
    this.#number = (number + 1) % NUMBERS;
    const batch = encodeBatch(number, this.#tags, writes);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(batch.length);
    return new Promise((resolve) => {
      const settle = (result: WriteResult): void => {
        clearTimeout(timer);
        this.#waiting.delete(number);
        resolve(result);
      };
      const timer = setTimeout(() => settle("unknown"), ANSWER_MS);
      this.#waiting.set(number, settle);
      stdin.write(Buffer.concat([length, batch]));
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#process?.kill();
  }

  /** Images that came; bytes that belonged to none. */
  get counts(): { readonly images: number; readonly skipped: number } {
    return { images: this.#images, skipped: this.#skipped };
  }
}

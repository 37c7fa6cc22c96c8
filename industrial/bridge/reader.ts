// A partition's tag images, from the program tag-reader (rtos-guests/linux/tags), which runs beside the bridge or, by ssh, elsewhere. It is
// started again whenever it ends.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags } from "../../partitions/tags/table.ts";
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

export class TagReader extends EventEmitter<ReaderEvents> {
  readonly #tags: PartitionTags;
  readonly #command: readonly string[];
  #process: ChildProcess | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  #images = 0;
  #skipped = 0;

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
    child.on("error", (error) => (reason = error.message));
    child.stdin.on("error", () => undefined); // its end is told by "close"
    const snapshots = new TagSnapshots(child.stdout, { table: layoutSum(this.#tags), size: this.#tags.size });
    const before = this.#skipped;
    snapshots.on("image", (image, scan) => {
      this.#images++;
      this.#skipped = before + snapshots.skipped;
      this.emit("image", image, scan);
    });
    snapshots.on("mismatch", () => this.emit("mismatch"));
    child.on("spawn", () => this.emit("state", undefined));
    child.on("close", (code, signal) => {
      this.#process = undefined;
      if (this.#isClosed) return;
      const how = reason ?? (words.trim() || (signal === null ? `status ${code}` : `by ${signal}`));
      this.emit("state", how.replace(/\s+/g, " "));
      this.#retry = setTimeout(() => this.start(), RETRY_MS);
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

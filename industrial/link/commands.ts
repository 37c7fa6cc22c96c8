// Commands to the hypervisor: start, stop, restart a partition. Each carries a sequence number that its reply repeats.
// A command is never sent twice by itself: a restart that was carried out but whose reply got lost must not happen again.
import * as abi from "../../core/abi.ts";
import { LinkError } from "./errors.ts";
import type { Frame } from "./frame.ts";

export type CommandName = "start" | "stop" | "restart";

const COMMAND_CODES: Readonly<Record<CommandName, number>> = {
  start: abi.COMMAND_START,
  stop: abi.COMMAND_STOP,
  restart: abi.COMMAND_RESTART,
};

const REFUSALS: ReadonlyMap<number, string> = new Map([
  [abi.REPLY_UNKNOWN_COMMAND, "it does not know the command; build the image again with this version of axv-part"],
  [abi.REPLY_NO_SUCH_PARTITION, "there is no such partition in its system"],
  [abi.REPLY_WRONG_STATE, "not in the partition's present state (start needs a stopped partition, stop a running one)"],
]);

const SEQUENCE_NUMBERS = 256; // one byte

export interface Reply {
  readonly sequence: number;
  /** One of REPLY_*. */
  readonly result: number;
}

export function decodeReply(frame: Frame): Reply {
  const [sequence, result] = frame.payload;
  if (frame.payload.length !== 2 || sequence === undefined || result === undefined) {
    throw new LinkError("AXV_TELEMETRY_MALFORMED", `reply frame of ${frame.payload.length} bytes, not 2`);
  }
  return { sequence, result };
}

interface Waiting {
  readonly sequence: number;
  readonly name: CommandName;
  readonly settle: (error?: LinkError) => void;
}

export class Commands {
  readonly #send: (frame: Frame) => void;
  readonly #timeoutMs: number;
  /** Settles, always well, when every command so far has. */
  #idle: Promise<void> = Promise.resolve();
  #waiting: Waiting | undefined;
  #sequence = 0;
  #closed: string | undefined;

  constructor(send: (frame: Frame) => void, timeoutMs: number) {
    this.#send = send;
    this.#timeoutMs = timeoutMs;
  }

  /** Settles when the hypervisor has replied. One command after the other: the core keeps one reply until it is sent. */
  request(partition: number, name: CommandName): Promise<void> {
    const replied = this.#idle.then(() => this.#requestNow(partition, name));
    this.#idle = replied.catch(() => {});
    return replied;
  }

  /** A reply that nobody waits for (any more) is dropped. */
  settle(reply: Reply): void {
    if (this.#waiting === undefined || this.#waiting.sequence !== reply.sequence) return;
    const { name, settle } = this.#waiting;
    if (reply.result === abi.REPLY_OK) settle();
    else settle(new LinkError("AXV_COMMAND_REFUSED", name, REFUSALS.get(reply.result) ?? `reason ${reply.result}`));
  }

  /** The link is gone: nobody will reply. */
  close(why: string): void {
    this.#closed = why;
    this.#waiting?.settle(new LinkError("AXV_LINK_CLOSED", why));
  }

  #requestNow(partition: number, name: CommandName): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(new LinkError("AXV_LINK_CLOSED", this.#closed));
    const sequence = this.#sequence;
    this.#sequence = (this.#sequence + 1) % SEQUENCE_NUMBERS;
    return new Promise((resolve, reject) => {
      const settle = (error?: LinkError): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        if (error) reject(error);
        else resolve();
      };
      const timer = setTimeout(() => settle(new LinkError("AXV_COMMAND_TIMEOUT", name, String(this.#timeoutMs / 1000))), this.#timeoutMs);
      this.#waiting = { sequence, name, settle };
      this.#send({ kind: abi.FRAME_COMMAND, partition, payload: Uint8Array.of(sequence, COMMAND_CODES[name]) });
    });
  }
}

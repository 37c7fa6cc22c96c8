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

interface Pending {
  readonly name: CommandName;
  readonly resolve: () => void;
  readonly reject: (error: LinkError) => void;
  readonly timer: NodeJS.Timeout;
}

export class Commands {
  readonly #send: (frame: Frame) => void;
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, Pending>();
  #next = 0;

  constructor(send: (frame: Frame) => void, timeoutMs: number) {
    this.#send = send;
    this.#timeoutMs = timeoutMs;
  }

  /** Settles when the hypervisor has replied. */
  request(partition: number, name: CommandName): Promise<void> {
    if (this.#pending.size === SEQUENCE_NUMBERS) {
      return Promise.reject(new LinkError("AXV_COMMAND_FLOOD", String(SEQUENCE_NUMBERS)));
    }
    while (this.#pending.has(this.#next)) this.#next = (this.#next + 1) % SEQUENCE_NUMBERS;
    const sequence = this.#next;
    this.#next = (this.#next + 1) % SEQUENCE_NUMBERS;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(sequence);
        reject(new LinkError("AXV_COMMAND_TIMEOUT", name, String(this.#timeoutMs / 1000)));
      }, this.#timeoutMs);
      this.#pending.set(sequence, { name, resolve, reject, timer });
      this.#send({ kind: abi.FRAME_COMMAND, partition, payload: Uint8Array.of(sequence, COMMAND_CODES[name]) });
    });
  }

  /** A reply that nobody waits for (any more) is dropped. */
  settle(reply: Reply): void {
    const pending = this.#take(reply.sequence);
    if (pending === undefined) return;
    if (reply.result === abi.REPLY_OK) {
      pending.resolve();
      return;
    }
    const why = REFUSALS.get(reply.result) ?? `reason ${reply.result}`;
    pending.reject(new LinkError("AXV_COMMAND_REFUSED", pending.name, why));
  }

  /** The link is gone: nobody will reply. */
  close(why: string): void {
    for (const sequence of [...this.#pending.keys()]) this.#take(sequence)?.reject(new LinkError("AXV_LINK_CLOSED", why));
  }

  #take(sequence: number): Pending | undefined {
    const pending = this.#pending.get(sequence);
    this.#pending.delete(sequence);
    clearTimeout(pending?.timer);
    return pending;
  }
}

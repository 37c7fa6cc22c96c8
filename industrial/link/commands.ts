// Commands to the hypervisor: start, stop, restart, pause, resume a partition. Each carries a number that its reply repeats. A
// command is never sent twice by itself: a restart that was carried out, its reply lost, must not happen again.
import * as abi from "../../core/abi.ts";
import { LinkError } from "./errors.ts";
import type { Frame } from "./frame.ts";

export const COMMAND_NAMES = ["start", "stop", "restart", "pause", "resume", "rollback"] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

/** And what no person commands. */
type RequestName = CommandName | "tags" | "healthy" | "commit";

const COMMAND_CODES: Readonly<Record<RequestName, number>> = {
  start: abi.COMMAND_START,
  stop: abi.COMMAND_STOP,
  restart: abi.COMMAND_RESTART,
  pause: abi.COMMAND_PAUSE,
  resume: abi.COMMAND_RESUME,
  rollback: abi.COMMAND_ROLLBACK,
  tags: abi.COMMAND_TAGS,
  healthy: abi.COMMAND_HEALTHY,
  commit: abi.COMMAND_COMMIT,
};

/** What each command needs. */
const NEEDED_STATES: Readonly<Record<RequestName, string>> = {
  start: "start needs a stopped partition",
  stop: "stop needs one that runs or is paused",
  restart: "restart needs one that is not just stopping",
  pause: "pause needs a running partition",
  resume: "resume needs a paused one",
  rollback: "rollback needs one that has had an update, and still has the image before it",
  tags: "it has no tag image that the hypervisor sends",
  healthy: "it is on trial, and not healthy yet",
  commit: "commit needs a system on trial that is healthy",
};

const isOfSystem = (name: RequestName): boolean => name === "healthy" || name === "commit";

function refusal(result: number, name: RequestName): string {
  switch (result) {
    case abi.REPLY_UNKNOWN_COMMAND:
      return "it does not know the command; build the image again with this version of axv-part";
    case abi.REPLY_NO_SUCH_PARTITION:
      return "there is no such partition in its system";
    case abi.REPLY_NOT_ALLOWED:
      return name === "commit"
        ? "system.yaml does not say `commits: true` of this partition"
        : "`controls` in system.yaml does not let this partition command that one";
    case abi.REPLY_WRONG_STATE:
      return `not in the ${isOfSystem(name) ? "system" : "partition"}'s present state (${NEEDED_STATES[name]})`;
    default:
      return `reason ${result}`;
  }
}

/** Of commands, modulo: replies to others are heard, too, so each link begins somewhere. */
const NUMBERS = 2 ** 32;
const NUMBER = 1;
const REPLY_BYTES = 5;

export interface Reply {
  readonly number: number;
  /** One of REPLY_*. */
  readonly result: number;
}

export function decodeReply({ payload }: Frame): Reply {
  const [result] = payload;
  if (payload.length !== REPLY_BYTES || result === undefined) {
    throw new LinkError("AXV_TELEMETRY_MALFORMED", `reply frame of ${payload.length} bytes, not ${REPLY_BYTES}`);
  }
  return { result, number: new DataView(payload.buffer, payload.byteOffset).getUint32(NUMBER, true) };
}

/** COMMAND_*, or REPLY_*, and its number. */
export function numbered(code: number, number: number): Uint8Array {
  const payload = new Uint8Array(REPLY_BYTES);
  payload[0] = code;
  new DataView(payload.buffer).setUint32(NUMBER, number, true);
  return payload;
}

interface Waiting {
  readonly number: number;
  readonly name: RequestName;
  readonly settle: (error?: LinkError) => void;
}

export class Commands {
  readonly #send: (frame: Frame) => void;
  readonly #timeoutMs: number;
  /** Settles, always well, when every command so far has. */
  #idle: Promise<void> = Promise.resolve();
  #waiting: Waiting | undefined;
  #number: number;
  #closed: string | undefined;

  /** `first`: the first one's number. */
  constructor(send: (frame: Frame) => void, timeoutMs: number, first = Math.floor(Math.random() * NUMBERS)) {
    this.#send = send;
    this.#timeoutMs = timeoutMs;
    this.#number = first;
  }

  /** Settles when the hypervisor has replied. One command after the other: the core keeps one reply until it is sent. */
  request(partition: number, name: RequestName): Promise<void> {
    const replied = this.#idle.then(() => this.#requestNow(partition, name));
    this.#idle = replied.catch(() => {});
    return replied;
  }

  /** A reply that nobody waits for (any more) is dropped. */
  settle(reply: Reply): void {
    if (this.#waiting === undefined || this.#waiting.number !== reply.number) return;
    const { name, settle } = this.#waiting;
    if (reply.result === abi.REPLY_OK) settle();
    else settle(new LinkError("AXV_COMMAND_REFUSED", name, refusal(reply.result, name)));
  }

  /** The link is gone: nobody will reply. */
  close(why: string): void {
    this.#closed = why;
    this.#waiting?.settle(new LinkError("AXV_LINK_CLOSED", why));
  }

  #requestNow(partition: number, name: RequestName): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(new LinkError("AXV_LINK_CLOSED", this.#closed));
    const number = this.#number;
    this.#number = (this.#number + 1) % NUMBERS;
    return new Promise((resolve, reject) => {
      const settle = (error?: LinkError): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        if (error) reject(error);
        else resolve();
      };
      const timer = setTimeout(
        () => settle(new LinkError("AXV_COMMAND_TIMEOUT", name, String(this.#timeoutMs / 1000))),
        this.#timeoutMs,
      );
      this.#waiting = { number, name, settle };
      this.#send({ kind: abi.FRAME_COMMAND, partition, payload: numbered(COMMAND_CODES[name], number) });
    });
  }
}

// The link to a running hypervisor over any byte stream: QEMU's chardev socket, TCP, a serial line. Bytes in, typed
// events out; console input and commands the other way. Garbage on the line is reported and survived.
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import * as abi from "../../core/abi.ts";
import { type CommandName, Commands, decodeReply } from "./commands.ts";
import { Demultiplexer } from "./demultiplexer.ts";
import { LinkError } from "./errors.ts";
import { encodeFrame, type Frame, SEQUENCE_NUMBERS } from "./frame.ts";
import { decodeTags } from "./tag-changes.ts";
import type { TagChanges } from "./tag-changes.ts";
import {
  decodeEvent,
  decodePartition,
  decodeSystem,
  decodeVcpu,
  type HypervisorEvent,
  type PartitionTelemetry,
  type SystemTelemetry,
  type VcpuTelemetry,
} from "./telemetry.ts";

export interface LinkEvents {
  /** What a partition printed: raw bytes, may end anywhere, also within a character. */
  console: [partition: number, bytes: Uint8Array];
  partition: [telemetry: PartitionTelemetry];
  vcpu: [telemetry: VcpuTelemetry];
  /** Which slot this is, and what has become of its update. */
  system: [telemetry: SystemTelemetry];
  event: [event: HypervisorEvent];
  /** After askForTags. */
  tags: [changes: TagChanges];
  /** Plain text on the line: the hypervisor's early boot, its panic, or a damaged frame. */
  text: [bytes: Uint8Array];
  /** An intact frame whose content makes no sense. The link goes on. */
  malformed: [error: LinkError];
  /** So many frames of the board did not come, or came damaged, between two that did. */
  lost: [frames: number];
  /** The last event. */
  close: [reason: string];
}

/** Silence after which a frame's beginning is shown as text; see Demultiplexer.flush. */
const IDLE_MS = 500;
const COMMAND_TIMEOUT_MS = 5000; // an emulated board on a busy host can be slow; a real one answers within a tick or two
/** The most console input put into one frame: what a PL011's receive FIFO holds, so that the core need not buffer more. */
const CONSOLE_INPUT_MAX = 32;

export class Link extends EventEmitter<LinkEvents> {
  readonly #stream: Duplex;
  readonly #demultiplexer: Demultiplexer;
  readonly #commands: Commands;
  #idle: NodeJS.Timeout | undefined;
  #closed: string | undefined;
  /** Of the next frame, if none is lost. */
  #expected: number | undefined;

  constructor(stream: Duplex, commandTimeoutMs = COMMAND_TIMEOUT_MS, firstNumber?: number) {
    super();
    this.#stream = stream;
    this.#demultiplexer = new Demultiplexer((item) => {
      if ("text" in item) this.emit("text", item.text);
      else this.#dispatch(item.frame);
    });
    this.#commands = new Commands((frame) => this.#send(frame), commandTimeoutMs, firstNumber);
    stream.on("data", (bytes: Uint8Array) => {
      this.#demultiplexer.push(bytes);
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => this.#demultiplexer.flush(), IDLE_MS);
    });
    stream.on("error", (error) => this.#close(error.message));
    stream.on("end", () => this.#close("the other side hung up"));
    stream.on("close", () => this.#close("the other side hung up"));
  }

  /** Why the link is closed; undefined: it is open. */
  get closed(): string | undefined {
    return this.#closed;
  }

  /** Types bytes into a partition's console. */
  type(partition: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CONSOLE_INPUT_MAX) {
      this.#send({ kind: abi.FRAME_CONSOLE, partition, payload: bytes.subarray(at, at + CONSOLE_INPUT_MAX) });
    }
  }

  /** Starts, stops, restarts, pauses or resumes a partition; settles with the hypervisor's reply. */
  command(partition: number, name: CommandName): Promise<void> {
    return this.#commands.request(partition, name);
  }

  /** All values of a partition's tag image, with its next scan; and what changes in any image, for TAG_LEASE_SECONDS. */
  askForTags(partition: number): Promise<void> {
    return this.#commands.request(partition, "tags");
  }

  /** Whether the system that is on trial is healthy: fails where it is not. */
  askForHealth(): Promise<void> {
    return this.#commands.request(abi.FRAME_HYPERVISOR, "healthy");
  }

  /** Its slot is `good` on the disk: the trial ends. */
  commit(): Promise<void> {
    return this.#commands.request(abi.FRAME_HYPERVISOR, "commit");
  }

  close(): void {
    this.#close("closed by this side");
    this.#stream.destroy();
  }

  #send(frame: Frame): void {
    if (this.#closed === undefined) this.#stream.write(encodeFrame(frame));
  }

  #dispatch(frame: Frame): void {
    const { sequence = 0 } = frame;
    const lost = (sequence - (this.#expected ?? sequence) + SEQUENCE_NUMBERS) % SEQUENCE_NUMBERS;
    this.#expected = (sequence + 1) % SEQUENCE_NUMBERS;
    if (lost > 0) this.emit("lost", lost);
    let deliver: () => void;
    try {
      deliver = this.#decode(frame);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.emit("malformed", error);
      return;
    }
    deliver(); // outside the try: an error of a listener is not the frame's
  }

  #decode(frame: Frame): () => void {
    switch (frame.kind) {
      case abi.FRAME_CONSOLE:
        return () => this.emit("console", frame.partition, frame.payload);
      case abi.FRAME_PARTITION: {
        const telemetry = decodePartition(frame);
        return () => this.emit("partition", telemetry);
      }
      case abi.FRAME_VCPU: {
        const telemetry = decodeVcpu(frame);
        return () => this.emit("vcpu", telemetry);
      }
      case abi.FRAME_SYSTEM: {
        const telemetry = decodeSystem(frame);
        return () => this.emit("system", telemetry);
      }
      case abi.FRAME_EVENT: {
        const event = decodeEvent(frame);
        return () => this.emit("event", event);
      }
      case abi.FRAME_TAGS: {
        const changes = decodeTags(frame);
        return () => this.emit("tags", changes);
      }
      case abi.FRAME_REPLY: {
        const reply = decodeReply(frame);
        return () => this.#commands.settle(reply);
      }
      default:
        throw new LinkError("AXV_TELEMETRY_MALFORMED", `frame of the unknown kind ${frame.kind}`);
    }
  }

  #close(reason: string): void {
    if (this.#closed !== undefined) return;
    clearTimeout(this.#idle);
    this.#demultiplexer.flush();
    this.#closed = reason;
    this.#commands.close(reason);
    this.emit("close", reason);
  }
}

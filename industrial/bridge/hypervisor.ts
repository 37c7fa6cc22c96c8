// The hypervisor, as the bridge has it: its link, opened again whenever it is lost, what it tells of partitions, and
// commands to it.
import { EventEmitter } from "node:events";
import { Backoff } from "../link/backoff.ts";
import type { CommandName } from "../link/commands.ts";
import { LinkError } from "../link/errors.ts";
import type { Link } from "../link/link.ts";
import type { TagChanges } from "../link/tag-changes.ts";
import type { HypervisorEvent, PartitionTelemetry, SystemTelemetry, VcpuTelemetry } from "../link/telemetry.ts";

export interface HypervisorEvents {
  partition: [telemetry: PartitionTelemetry];
  event: [event: HypervisorEvent];
  tags: [changes: TagChanges];
  vcpu: [telemetry: VcpuTelemetry];
  system: [telemetry: SystemTelemetry];
  console: [partition: number, bytes: Uint8Array];
  text: [bytes: Uint8Array];
  lost: [frames: number];
  /** Whole frames that make no sense: with the reason. */
  malformed: [why: string];
  /** The link is there, or why it is not. */
  link: [lost: string | undefined];
}

/** Between two attempts. */
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 10_000;

export class Hypervisor extends EventEmitter<HypervisorEvents> {
  readonly takesCommands: boolean;
  readonly #open: () => Promise<Link>;
  /** By partition and index. */
  readonly #vcpus = new Map<string, VcpuTelemetry>();
  #system: SystemTelemetry | undefined;
  #link: Link | undefined;
  #retry: NodeJS.Timeout | undefined;
  readonly #backoff = new Backoff(RETRY_FIRST_MS, RETRY_MAX_MS);
  #isClosed = false;
  #opened = 0;
  #malformed = 0;
  #lost = 0;

  /** `open`: a link to it, anew each time. `takesCommands`: and not only tells. */
  constructor(open: () => Promise<Link>, takesCommands = true) {
    super();
    this.#open = open;
    this.takesCommands = takesCommands;
  }

  start(): void {
    void this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#link?.close();
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** How often the link was opened; frames that made no sense, and that did not come. */
  get counts(): { readonly opened: number; readonly malformed: number; readonly lost: number } {
    return { opened: this.#opened, malformed: this.#malformed, lost: this.#lost };
  }

  get vcpus(): readonly VcpuTelemetry[] {
    return [...this.#vcpus.values()];
  }

  /** Undefined: firmware does not say which slot it is, or nobody hears from the hypervisor. */
  get system(): SystemTelemetry | undefined {
    return this.#link === undefined ? undefined : this.#system;
  }

  /** Settles with the hypervisor's reply. */
  async command(partition: number, name: CommandName): Promise<void> {
    if (!this.takesCommands) throw new LinkError("AXV_LINK_LISTENS", name);
    if (this.#link === undefined) throw new LinkError("AXV_LINK_CLOSED", "it is not open at the moment");
    await this.#link.command(partition, name);
  }

  async askForTags(partition: number): Promise<void> {
    await this.#link?.askForTags(partition);
  }

  /** What is typed while there is no link is lost, as on a line that nobody holds. */
  type(partition: number, bytes: Uint8Array): void {
    if (this.takesCommands) this.#link?.type(partition, bytes);
  }

  async #connect(): Promise<void> {
    let link: Link;
    try {
      link = await this.#open();
    } catch (error) {
      this.#later(error instanceof Error ? error.message : String(error));
      return;
    }
    if (this.#isClosed) {
      link.close();
      return;
    }
    this.#link = link;
    this.#opened++;
    link.on("partition", (telemetry) => {
      this.#backoff.reset(); // somebody is there: an open port alone says nothing
      this.emit("partition", telemetry);
    });
    link.on("vcpu", (telemetry) => {
      this.#vcpus.set(`${telemetry.partition} ${telemetry.index}`, telemetry);
      this.emit("vcpu", telemetry);
    });
    link.on("system", (telemetry) => {
      this.#system = telemetry;
      this.emit("system", telemetry);
    });
    link.on("console", (partition, bytes) => this.emit("console", partition, bytes));
    link.on("text", (bytes) => this.emit("text", bytes));
    link.on("event", (event) => this.emit("event", event));
    link.on("malformed", ({ message }) => {
      this.#malformed++;
      this.emit("malformed", message);
    });
    link.on("tags", (changes) => this.emit("tags", changes));
    link.on("lost", (frames) => {
      this.#lost += frames;
      this.emit("lost", frames);
    });
    link.on("close", (reason) => {
      this.#link = undefined;
      this.#system = undefined; // what comes next may be another slot's
      this.#later(reason);
    });
    this.emit("link", undefined);
  }

  #later(reason: string): void {
    if (this.#isClosed) return;
    this.emit("link", reason);
    this.#retry = setTimeout(() => void this.#connect(), this.#backoff.next());
  }
}

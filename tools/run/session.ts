// One running system, seen from here: a link, what is known through it, and everybody's output as lines. The views, the
// run socket and the checks all listen to this.
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { FRAME_HYPERVISOR } from "../../core/abi.ts";
import { describeEvent } from "../../industrial/link/events.ts";
import { Link } from "../../industrial/link/link.ts";
import type { HypervisorEvent, PartitionTelemetry, SystemTelemetry, VcpuTelemetry } from "../../industrial/link/telemetry.ts";
import { LineAssembler } from "../../industrial/live/lines.ts";
import { Monitor, type PartitionPlan } from "../../industrial/live/monitor.ts";

export interface Line {
  /** Index of the partition that it is from or about; FRAME_HYPERVISOR: the hypervisor itself. */
  readonly partition: number;
  /** console: printed by the partition. text: plain text on the UART. event: a sentence about an event. warning: ours. */
  readonly kind: "console" | "text" | "event" | "warning";
  /** Raw: may hold colours, or worse. */
  readonly text: string;
}

export interface SessionEvents {
  line: [line: Line];
  /** The very bytes of a partition's console. */
  console: [partition: number, bytes: Uint8Array];
  partition: [telemetry: PartitionTelemetry];
  vcpu: [telemetry: VcpuTelemetry];
  system: [telemetry: SystemTelemetry];
  event: [event: HypervisorEvent];
  /** The last one. */
  close: [reason: string];
}

export class Session extends EventEmitter<SessionEvents> {
  readonly monitor: Monitor;
  readonly link: Link;
  readonly #assemblers = new Map<number, LineAssembler>();

  constructor(uart: Duplex, partitions: readonly PartitionPlan[]) {
    super();
    this.monitor = new Monitor(partitions);
    this.link = new Link(uart);
    this.link.on("console", (partition, bytes) => {
      this.#assembler(partition, "console").push(bytes);
      this.emit("console", partition, bytes);
    });
    this.link.on("text", (bytes) => this.#assembler(FRAME_HYPERVISOR, "text").push(bytes));
    this.link.on("partition", (telemetry) => {
      this.monitor.take(telemetry);
      this.emit("partition", telemetry);
    });
    this.link.on("vcpu", (telemetry) => {
      this.monitor.takeVcpu(telemetry);
      this.emit("vcpu", telemetry);
    });
    this.link.on("system", (telemetry) => {
      this.monitor.takeSystem(telemetry);
      this.emit("system", telemetry);
    });
    this.link.on("event", (event) => {
      this.monitor.takeEvent(event);
      this.#assemblers.get(event.partition)?.flush(); // what it printed before comes before
      this.emit("event", event);
      this.emit("line", { partition: event.partition, kind: "event", text: describeEvent(event) });
    });
    this.link.on("malformed", ({ message }) => {
      this.emit("line", { partition: FRAME_HYPERVISOR, kind: "warning", text: message });
    });
    this.link.on("lost", (frames) => {
      const what = frames === 1 ? "a frame of the hypervisor has" : `${frames} frames of the hypervisor have`;
      const text = `${what} not come: the line is disturbed, or this machine was too slow to read it`;
      this.emit("line", { partition: FRAME_HYPERVISOR, kind: "warning", text });
    });
    this.link.on("close", (reason) => {
      for (const assembler of this.#assemblers.values()) assembler.flush();
      this.emit("close", reason);
    });
  }

  #assembler(partition: number, kind: "console" | "text"): LineAssembler {
    let assembler = this.#assemblers.get(partition);
    if (assembler === undefined) {
      assembler = new LineAssembler((text) => this.emit("line", { partition, kind, text }));
      this.#assemblers.set(partition, assembler);
    }
    return assembler;
  }
}

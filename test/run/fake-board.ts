// A board that speaks the hypervisor's protocol on any stream: the demo's two partitions as the real ones look from
// outside, without a hypervisor. For the tests of what stands on the host's side of the link.
import type { Duplex } from "node:stream";
import { encode } from "cborg";
import * as abi from "../../core/abi.ts";
import { decodeReply, numbered } from "../../industrial/link/commands.ts";
import { Demultiplexer } from "../../industrial/link/demultiplexer.ts";
import { encodeFrame, type Frame } from "../../industrial/link/frame.ts";
import type { PartitionPlan } from "../../industrial/live/monitor.ts";

export const LINUX = 0;
export const PLC = 1;

/** As the profile of the PLC guest names them. */
const plcTags: PartitionPlan["tags"] = [
  { name: "scans", unit: "count" },
  { name: "overruns", unit: "count" },
  ...["cycle", "jitter", "execution"].flatMap((time) =>
    ["min", "avg", "max"].map((which) => ({ name: `${time} ${which}`, unit: "ns" as const })),
  ),
  ...["last", "recent"].flatMap((which) =>
    ["cycle", "jitter", "execution"].map((time) => ({ name: `${time} ${which}`, unit: "ns" as const })),
  ),
];

/** The plan of the demo, as far as the host's tools read it. */
const common = { autostart: true, prints: true, bandwidth: null, ways: [] };
export const demoPartitions: readonly PartitionPlan[] = [
  { name: "linux", guest: "linux", cpus: [0, 1], direct: false, ...common, tags: [] },
  { name: "plc", guest: "plc", cpus: [3], direct: true, ...common, tags: plcTags },
];

/** What is wrong with the board. */
export type Defect =
  | "none"
  | "linux-silent"
  | "no-disk"
  | "plc-held"
  | "plc-stands"
  | "plc-faults"
  | "plc-restarts"
  | "plc-exits"
  | "no-bandwidth"
  | "image-stands"
  | "panics"
  | "dead"
  | "refuses"
  | "dies"
  | "plc-mute"
  | "plc-never-starts";

/** In which states each command is carried out. */
const ALLOWED_STATES: ReadonlyMap<number, readonly number[]> = new Map([
  [abi.COMMAND_START, [abi.STATE_OFF]],
  [abi.COMMAND_STOP, [abi.STATE_RUNNING, abi.STATE_PAUSED]],
  [abi.COMMAND_RESTART, [abi.STATE_OFF, abi.STATE_RUNNING, abi.STATE_PAUSED]],
  [abi.COMMAND_PAUSE, [abi.STATE_RUNNING]],
  [abi.COMMAND_RESUME, [abi.STATE_PAUSED]],
]);

const SECOND_NS = 1_000_000_000n;
const utf8 = new TextEncoder();

export class FakeBoard {
  readonly #stream: Duplex;
  readonly #defect: Defect;
  #sent = 0;
  /** Periods of telemetry since the start. */
  #periods = 0n;
  #restarts = [0, 0];
  #states = [abi.STATE_RUNNING, abi.STATE_RUNNING];
  readonly received: Frame[] = [];
  /** One of UPDATE_*. */
  update = abi.UPDATE_NONE as number;
  /** What was typed into each partition. */
  readonly typed: [string, string] = ["", ""];

  constructor(stream: Duplex, defect: Defect = "none") {
    this.#stream = stream;
    this.#defect = defect;
    const demultiplexer = new Demultiplexer((item) => {
      if ("frame" in item) this.#receive(item.frame);
    });
    stream.on("data", (bytes: Uint8Array) => demultiplexer.push(bytes));
  }

  boot(): void {
    if (this.#defect === "dead") return;
    this.text("axv: image at 0x0000000040200000\r\n");
    if (this.#defect === "refuses") {
      this.text("axv: pCPU 0x0000000000000000: PA bits: planned 0x0000000000000028, found 0x0000000000000024\r\n");
      return;
    }
    this.event(abi.FRAME_HYPERVISOR, abi.EVENT_BOOT, 0x40200000n, 412_000n, 2n);
    if (this.#defect === "no-bandwidth") this.event(LINUX, abi.EVENT_UNAVAILABLE, BigInt(abi.FEATURE_BANDWIDTH), 0x410fd034n);
    this.event(LINUX, abi.EVENT_STARTED, 0x60000000n, 0n);
    if (this.#defect === "plc-never-starts") this.#states[PLC] = abi.STATE_OFF;
    else this.event(PLC, abi.EVENT_STARTED, 0x40000000n, 0n);
    this.print(PLC, "plc: started, 1000 scans a second\r\n");
    this.print(LINUX, "\u001b[1mBooting Linux\u001b[0m on physical CPU 0x0000000000 [0x410fd034]\r\n");
  }

  /** One period of telemetry, a second of the board's time, and a line of each partition. */
  tick(): void {
    this.#periods += 1n;
    const n = this.#periods;
    if (this.#defect === "dead" || this.#defect === "refuses" || (this.#defect === "dies" && n > 2n)) return;
    if (n === 2n && this.#defect !== "linux-silent") {
      this.print(LINUX, `axv: linux=6.1.0 cpus=2 disk=${this.#defect === "no-disk" ? "absent" : "ok"} net=ok channel=ok\r\n`);
    }
    const scans = this.#defect === "plc-stands" ? 7n : n * 1000n;
    if (n > 2n && this.#defect !== "linux-silent") {
      this.print(LINUX, `process image: scans=${this.#defect === "image-stands" ? 5 : scans} in=0x1 out=0x0 setpoint=50.000\r\n`);
    }
    if (n === 2n && this.#defect === "plc-faults") this.event(PLC, abi.EVENT_FAULT, 0x92000045n, 0x9000000n, 0x40001000n);
    if (n === 2n && this.#defect === "plc-restarts") this.#restart(PLC, abi.STOP_COMMAND);
    if (n === 2n && this.#defect === "panics") {
      this.text("\r\naxv: PANIC in the hypervisor on pCPU 0x0\r\n");
      this.event(LINUX, abi.EVENT_PANIC, 0x96000005n, 0x4000100000n, 0x40201234n);
    }
    this.print(PLC, `plc: scans=${scans} overruns=0 cycle=999/1000/1001 us\r\n`);
    this.#telemetry(n, scans);
  }

  text(text: string): void {
    this.#stream.write(utf8.encode(text));
  }

  print(partition: number, text: string): void {
    if (partition === PLC && (this.#defect === "plc-mute" || this.#defect === "plc-never-starts")) return;
    this.send({ kind: abi.FRAME_CONSOLE, partition, payload: utf8.encode(text) });
  }

  event(partition: number, code: number, a = 0n, b = 0n, c = 0n): void {
    const time = this.#periods * SECOND_NS + 1n;
    this.send({
      kind: abi.FRAME_EVENT,
      partition,
      payload: encode(new Map([time, BigInt(code), a, b, c].map((value, key) => [key, value]))),
    });
  }

  /** Which slot it is; `update`: one of UPDATE_*. */
  system(slot: "a" | "b", update: number): void {
    const values = [this.#periods * SECOND_NS, slot.charCodeAt(0), update];
    const payload = encode(new Map(values.map((value, key) => [key, value])));
    this.send({ kind: abi.FRAME_SYSTEM, partition: abi.FRAME_HYPERVISOR, payload });
  }

  send(frame: Frame): void {
    if (this.#stream.writable) this.#stream.write(encodeFrame({ ...frame, sequence: this.#sent++ & 0xff }));
  }

  #telemetry(n: bigint, scans: bigint): void {
    const time = n * SECOND_NS;
    const plcTags = new Map(
      [
        scans,
        0n,
        998_100n,
        1_000_000n,
        1_002_400n,
        100n,
        900n,
        12_300n,
        2_100n,
        2_400n,
        9_900n,
        1_000_100n,
        800n,
        2_300n,
        1_001_000n,
        5_000n,
        3_000n,
      ].map((value, tag) => [tag, value]),
    );
    for (const partition of [LINUX, PLC]) {
      const restarts = this.#restarts[partition] ?? 0;
      const values = [time, this.#states[partition], time, restarts, 0, 0, partition === PLC ? plcTags : new Map(), 0];
      this.send({ kind: abi.FRAME_PARTITION, partition, payload: encode(new Map(values.map((value, key) => [key, value]))) });
    }
    const linuxExits = [250, 40, 80, 0, 3, 1, 12, 60, 700, 2, 0, 0, 0];
    // While it starts it sets up its interrupt controller and asks for its mailbox, and then never again.
    const plcExits = [0, 0, 0, 0, this.#defect === "plc-exits" ? 2 + Number(n) : 2, 0, 30, 0, 0, 0, 0, 0, 0];
    for (const [partition, index, pcpu] of [[LINUX, 0, 0], [LINUX, 1, 1], [PLC, 0, 3]] as const) {
      const exits = partition === LINUX ? linuxExits.map((count) => count * Number(n)) : plcExits;
      const held = partition === PLC && this.#defect === "plc-held" ? 5_000 : 0;
      this.send({
        kind: abi.FRAME_VCPU,
        partition,
        payload: encode(new Map([index, pcpu, abi.VCPU_ON, exits, held, time, 0].map((value, key) => [key, value]))),
      });
    }
  }

  #receive(frame: Frame): void {
    this.received.push(frame);
    if (frame.kind === abi.FRAME_CONSOLE && (frame.partition === LINUX || frame.partition === PLC)) {
      const text = new TextDecoder().decode(frame.payload);
      this.typed[frame.partition] += text;
      this.print(frame.partition, text.replaceAll("\r", "\r\n")); // as a terminal driver echoes
    }
    if (frame.kind !== abi.FRAME_COMMAND) return;
    const { result: command, number } = decodeReply(frame); // commands are made as replies are
    this.send({
      kind: abi.FRAME_REPLY,
      partition: frame.partition,
      payload: numbered(this.#command(frame.partition, command), number),
    });
  }

  #command(partition: number, command: number): number {
    if (partition === abi.FRAME_HYPERVISOR) return this.#answerTrial(command);
    const state = this.#states[partition];
    if (state === undefined) return abi.REPLY_NO_SUCH_PARTITION;
    if (!ALLOWED_STATES.get(command)?.includes(state)) return abi.REPLY_WRONG_STATE;
    if (command === abi.COMMAND_RESTART) this.#restart(partition, abi.STOP_COMMAND);
    else if (command === abi.COMMAND_STOP) this.#stop(partition, abi.STOP_COMMAND);
    else if (command === abi.COMMAND_START) this.#start(partition);
    else this.#states[partition] = command === abi.COMMAND_PAUSE ? abi.STATE_PAUSED : abi.STATE_RUNNING;
    return abi.REPLY_OK;
  }

  /** As core/trial.ts does. */
  #answerTrial(command: number): number {
    const isHealthy = this.update === abi.UPDATE_HEALTHY;
    const isFine = command === abi.COMMAND_HEALTHY ? isHealthy || this.update < abi.UPDATE_PENDING : isHealthy;
    if (isFine && command === abi.COMMAND_COMMIT) this.update = abi.UPDATE_COMMITTED;
    return isFine ? abi.REPLY_OK : abi.REPLY_WRONG_STATE;
  }

  #stop(partition: number, reason: number): void {
    this.#states[partition] = abi.STATE_OFF;
    this.event(partition, abi.EVENT_STOPPED, BigInt(reason));
  }

  #start(partition: number): void {
    this.#states[partition] = abi.STATE_RUNNING;
    this.event(partition, abi.EVENT_STARTED, 0x40000000n, BigInt(this.#restarts[partition] ?? 0));
  }

  #restart(partition: number, reason: number): void {
    this.#stop(partition, reason);
    this.#restarts[partition] = (this.#restarts[partition] ?? 0) + 1;
    this.#start(partition);
  }
}

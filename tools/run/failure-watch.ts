// When a run has failed for certain, so that it ends at once and says why, instead of showing a dead board until somebody
// loses patience:
//
//   refused       plain text of the hypervisor that begins with "axv: ", before its first frame: it starts nothing
//   panicked      its plain text says so, or an event does
//   silent        no frame for three periods of its telemetry
//   mute          a guest of a kind that prints as it starts has run for 20 s, and has printed nothing
//   not started   the start limit is over
//
// Time is the host's where the board is silent, and the board's where it speaks. A slow emulator is no dead board: three
// periods are as long as they take there, by the frames that have come. And what this process itself slept through, stopped
// or starved, does not count, nor what the emulator had to wait for a CPU.
import * as abi from "../../core/abi.ts";
import { describeEvent } from "../../industrial/link/events.ts";
import type { PartitionTelemetry } from "../../industrial/link/telemetry.ts";
import { hasStarted } from "./checks.ts";
import { RunError } from "./errors.ts";
import { printable } from "../../industrial/live/lines.ts";
import type { PartitionRecord } from "../../industrial/live/monitor.ts";
import type { Session } from "./session.ts";
import { type Delays, heldUp } from "./threadDelays.ts";

export interface WatchOptions {
  /** The hypervisor's period of telemetry. */
  readonly telemetryMs: number;
  /** Everybody who starts by himself has to; otherwise anybody will do. */
  readonly everybody: boolean;
  /** The board's time goes as fast as instructions are executed (QEMU's -icount): a period of it may take long. */
  readonly ownTime: boolean;
  /** How long each of the emulator's threads had to wait so far. */
  readonly delays: () => Delays;
}

const POLL_MS = 200;
/** More than this between two polls is time that this process has slept. */
const POLL_MAX_MS = POLL_MS + 50;
const SILENT_PERIODS = 3;
export const START_LIMIT_MS = 60_000;
const MUTE_LIMIT_NS = 20_000_000_000n;
/** The hypervisor says why in more than one line, and they take their time on the UART. */
const LAST_WORDS_MS = 500;
const NS_PER_MS = 1e6;

/**
 * Its plain text that is no refusal: where it is, and a pCPU that is not there (its partition then is not started). And
 * boot.scr's, in front of it, as long as that has a slot to try.
 */
const INFORMATION = /^axv: (image at 0x|firmware does not start pCPU |slot [ab] |no slot state |the slot state )/;
const OWN_TEXT = /^axv: /;
const PANIC = /^axv: PANIC/;

export class FailureWatch {
  /** Settles when the run has failed; never, when it does not. */
  readonly failed: Promise<RunError>;
  readonly #session: Session;
  readonly #options: WatchOptions;
  #fail: (error: RunError) => void = () => {};
  readonly #poll: NodeJS.Timeout;
  #lastWords: NodeJS.Timeout | undefined;
  #polledAt = performance.now();
  #delays: Delays;
  /** Host's milliseconds, as far as this process was awake and the emulator had a CPU when it could use one. */
  #awake = 0;
  #heardAt: number | undefined;
  /** The last frame that says how late it is on the board. */
  #clock = { awake: 0, board: 0 };
  /** Host's milliseconds for one of the board's, at its slowest; at least 1. undefined: not known yet. */
  #slowness: number | undefined;
  readonly #printed = new Set<number>();
  /** The board's time. */
  readonly #firstStart = new Map<number, bigint>();

  constructor(session: Session, options: WatchOptions) {
    this.#session = session;
    this.#options = options;
    this.#delays = options.delays();
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    session.on("line", ({ kind, text }) => {
      if (kind === "text") this.#onText(printable(text, false));
    });
    session.on("console", (partition) => {
      this.#printed.add(partition);
      this.#hear();
    });
    session.on("event", (event) => {
      this.#hear();
      if (event.code !== abi.EVENT_PANIC) return;
      this.#onLastWords("AXV_RUN_PANIC", `${session.monitor.nameOf(event.partition)}: ${describeEvent(event)}`);
    });
    session.on("vcpu", () => this.#hear());
    session.on("partition", (telemetry) => {
      this.#hear();
      this.#onTelemetry(telemetry);
    });
    session.on("close", () => this.stop());
    this.#poll = setInterval(() => this.#onPoll(), POLL_MS);
  }

  stop(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#lastWords);
  }

  #hear(): void {
    this.#heardAt = this.#awake;
  }

  #onText(line: string): void {
    if (PANIC.test(line)) this.#onLastWords("AXV_RUN_PANIC", line);
    else if (OWN_TEXT.test(line) && !INFORMATION.test(line) && this.#heardAt === undefined)
      this.#onLastWords("AXV_RUN_REFUSED", line);
  }

  #onLastWords(code: "AXV_RUN_PANIC" | "AXV_RUN_REFUSED", first: string): void {
    if (this.#lastWords !== undefined) return;
    const said = [first];
    const onLine = ({ kind, text }: { readonly kind: string; readonly text: string }): void => {
      if (kind === "text" && text.trim() !== "") said.push(printable(text, false));
    };
    this.#session.on("line", onLine); // hears the next line, not the one that is being told just now
    this.#lastWords = setTimeout(() => {
      this.#session.off("line", onLine);
      this.#fail(new RunError(code, said.map((line) => `  ${line}`).join("\n")));
    }, LAST_WORDS_MS);
  }

  #onTelemetry({ partition, time, state, uptime }: PartitionTelemetry): void {
    const board = Number(time) / NS_PER_MS;
    const passed = board - this.#clock.board;
    if (passed * 2 >= this.#options.telemetryMs) {
      this.#slowness = Math.max(this.#slowness ?? 1, (this.#awake - this.#clock.awake) / passed);
      this.#clock = { awake: this.#awake, board };
    }
    const record = this.#session.monitor.partitions[partition];
    if (record === undefined || !record.plan.prints || state !== "running" || this.#printed.has(partition)) return;
    const began = this.#firstStart.get(partition) ?? time - uptime;
    this.#firstStart.set(partition, began);
    if (time - began < MUTE_LIMIT_NS) return;
    this.#fail(new RunError("AXV_RUN_MUTE", record.name, seconds(Number(time - began) / NS_PER_MS), record.plan.guest));
  }

  #onPoll(): void {
    const now = performance.now();
    const delays = this.#options.delays();
    this.#awake += Math.max(0, Math.min(now - this.#polledAt, POLL_MAX_MS) - heldUp(this.#delays, delays));
    this.#polledAt = now;
    this.#delays = delays;
    this.#checkSilence();
    this.#checkStart();
  }

  #checkSilence(): void {
    if (this.#heardAt === undefined) return;
    const { telemetryMs, ownTime } = this.#options;
    const limit = SILENT_PERIODS * telemetryMs * (this.#slowness ?? 1);
    const silent = this.#awake - this.#heardAt;
    // While it idles, time that goes by instructions is fast, and says nothing of how slow it will be when it works.
    if (silent < (ownTime ? Math.max(limit, START_LIMIT_MS) : limit)) return;
    const usual = `, and speaks every ${seconds(telemetryMs)} s as long as it lives`;
    this.#fail(new RunError("AXV_RUN_SILENT", seconds(silent), usual));
  }

  #checkStart(): void {
    if (this.#awake < START_LIMIT_MS) return;
    if (this.#heardAt === undefined) this.#fail(new RunError("AXV_RUN_SILENT", seconds(START_LIMIT_MS), " from its start on"));
    const expected = this.#session.monitor.partitions.filter(({ plan }) => plan.autostart);
    const missing = expected.filter((partition) => !hasStarted(partition));
    if (missing.length === 0 || (missing.length < expected.length && !this.#options.everybody)) return;
    this.#fail(new RunError("AXV_RUN_NOT_STARTED", sentenceOf(missing), seconds(START_LIMIT_MS)));
  }
}

const seconds = (milliseconds: number): string => String(Math.round(milliseconds / 100) / 10);

/** "linux and plc have" */
function sentenceOf(partitions: readonly PartitionRecord[]): string {
  return `${partitions.map(({ name }) => name).join(" and ")} ${partitions.length === 1 ? "has" : "have"}`;
}

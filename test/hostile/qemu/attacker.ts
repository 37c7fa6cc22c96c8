// The hostile guest in QEMU, made to carry out its steps, and what came of them: by what it says itself, and by what the
// hypervisor says of it when it says nothing any more.
import * as abi from "../../../core/abi.ts";
import type { BootedSystem } from "../../system/bootedSystem.ts";
import type { Answer } from "../aarch64/answers.ts";
import { survives } from "../aarch64/answers.ts";
import { answerInQemu } from "../aarch64/encode.ts";
import type { Step } from "../aarch64/attempt.ts";
import { describe } from "../aarch64/operations.ts";
import type { Operation } from "../aarch64/operations.ts";

/** Not from the beginning of a line: what is left of a flood may stand before it. */
const READY = /hostile: ready/;
const REPORT = /hostile: (\d+) (\d+) (\d+) (\S+) ([0-9a-f]+) (\d+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)\s/g;
const PANIC = /hostile: panic.*/;
/** Characters of its console in a message. */
const SHOWN = 200;
const EC_SHIFT = 26n;
/** Of a fault status code: what kind it is, and a translation fault of any level. */
const FSC_TYPE = 0x3cn;
const FSC_TRANSLATION = 0x04n;
const PAGE = 4096;

export class Attacker {
  private readonly booted: BootedSystem;
  private readonly name: string;
  private readonly steps: readonly Step[];
  /** Events of the partition so far, of each code: the monitor keeps the latest only. */
  private readonly counts = new Map<number, number>();

  constructor(booted: BootedSystem, name: string, steps: readonly Step[]) {
    this.booted = booted;
    this.name = name;
    this.steps = steps;
    booted.session.on("event", ({ partition, code }) => {
      if (partition === this.partition.index) this.counts.set(code, this.events(code) + 1);
    });
  }

  private get partition() {
    return this.booted.partition(this.name);
  }

  /** All that it has printed: events come in the middle of its lines. */
  private get printed(): string {
    return this.booted.printed(this.name);
  }

  /** It waits for its first command. */
  async ready(): Promise<void> {
    await this.booted.line(this.name, READY);
  }

  /** A new life of it, whatever it is doing; nothing of an old one is left. */
  async refresh(): Promise<void> {
    const life = this.life();
    await this.command("restart");
    await this.reborn(life);
  }

  /** As BootedSystem.until; what is not to be had in time is told with the state that the guest is in. */
  private async until(what: string, condition: () => boolean): Promise<void> {
    try {
      await this.booted.until(what, condition);
    } catch (error) {
      const { telemetry, exits, events } = this.partition;
      const last = events.slice(-3).map(
        ({ code, a, b, c }) => `event ${code}: 0x${a.toString(16)} 0x${b.toString(16)} 0x${c.toString(16)}`
      );
      throw new Error(
        `${this.name} is ${telemetry?.state ?? "silent"}, exits ${exits.join()}; ${last.join(", ")}; printed: ` +
          `${JSON.stringify(this.printed.slice(-SHOWN))}`,
        { cause: error },
      );
    }
  }

  private life(): { readonly printed: number; readonly starts: number } {
    return { printed: this.printed.length, starts: this.events(abi.EVENT_STARTED) };
  }

  /** It has started since then, and waits for its first command. Its console and its events come out in any order. */
  private async reborn({ printed, starts }: { readonly printed: number; readonly starts: number }): Promise<void> {
    await this.until(
      `${this.name} started, and ready`, () => this.events(abi.EVENT_STARTED) > starts && READY.test(this.printed.slice(printed)),
    );
  }

  /** Carries out steps `first` to `last`; throws what was not answered as it should be. */
  async run(first: number, last: number): Promise<void> {
    for (let n = first; n <= last;) {
      const until = this.lastOfGroup(n, last);
      if (this.survives(n)) await this.survivors(n, until);
      else await this.end(n);
      n = until + 1;
    }
  }

  /** Digest of what steps gave back. */
  async digest(first: number, last: number): Promise<string> {
    return (await this.report(first, last))[9] ?? "";
  }

  /** The steps from n on that the guest lives through go together; any other one goes alone. */
  private lastOfGroup(n: number, last: number): number {
    if (!this.survives(n)) return n;
    let until = n;
    while (until < last && this.survives(until + 1)) until++;
    return until;
  }

  private answer(n: number): Answer {
    const step = this.steps[n];
    if (step === undefined) throw new RangeError(`there is no step ${n}`);
    return answerInQemu(step);
  }

  private survives(n: number): boolean {
    return survives(this.answer(n));
  }

  private what(n: number): string {
    const step = this.steps[n];
    return step === undefined ? `step ${n}` : describe(step.operation);
  }

  private async survivors(first: number, last: number): Promise<void> {
    const [, , , wrong, step, x0, exceptions, syndrome, fault] = await this.report(first, last);
    if (wrong === "0") return;
    throw new Error(
      `${wrong} of ${last - first + 1} steps were answered wrongly; the first: ${this.what(Number(step))}: x0 0x${x0}, ` +
        `${exceptions} exceptions, ESR_EL1 0x${syndrome}, FAR_EL1 0x${fault}; expected ${explain(this.answer(Number(step)))}`,
    );
  }

  private async report(first: number, last: number): Promise<RegExpExecArray> {
    const after = this.printed.length;
    const deaths = this.events(abi.EVENT_STOPPED);
    this.booted.type(this.name, `${first} ${last}\n`);
    const find = (): RegExpExecArray | undefined =>
      [...this.printed.slice(after).matchAll(REPORT)].find((found) => Number(found[1]) === first && Number(found[2]) === last);
    const panic = (): string | undefined => PANIC.exec(this.printed.slice(after))?.[0];
    await this.until(
      `${this.name}: an answer to steps ${first} to ${last} (${this.what(first)} …)`,
      () => find() !== undefined || panic() !== undefined || this.events(abi.EVENT_STOPPED) > deaths,
    );
    const found = find();
    if (found !== undefined) return found;
    const last25 = this.partition.events.slice(-1).map(
      ({ code, a, b, c }) => `event ${code}: 0x${a.toString(16)} 0x${b.toString(16)} 0x${c.toString(16)}`
    );
    throw new Error(
      `${this.name} did not come back from steps ${first} to ${last} (${this.what(first)} …): ${panic() ?? last25.join()}`
    );
  }

  private async end(n: number): Promise<void> {
    const answer = this.answer(n);
    const life = this.life();
    const [faults, watchdogs, stops] = [abi.EVENT_FAULT, abi.EVENT_WATCHDOG, abi.EVENT_STOPPED].map((code) => this.events(code));
    this.booted.type(this.name, `${n} ${n}\n`);
    const back = (): string | undefined =>
      [REPORT, PANIC].map((pattern) => this.printed.slice(life.printed).match(pattern)?.[0]).find((found) => found !== undefined);
    const gone = (): boolean => this.events(abi.EVENT_STOPPED) > (stops ?? 0);
    if (answer.kind === "endless" && answer.ended === "by the host") {
      await this.standsStill();
      await this.command("restart");
    }
    await this.until(`the end of ${this.name} by: ${this.what(n)}`, () => gone() || back() !== undefined);
    const said = back();
    if (said !== undefined && answer.kind === "fails or lives") return;
    if (said !== undefined) throw new Error(`it came back (${said}) from: ${this.what(n)}; expected ${explain(answer)}`);
    if (answer.kind === "fails" || answer.kind === "fails or lives") this.checkFault(n, faults ?? 0, answer);
    if (answer.kind === "endless" && answer.ended === "by its watchdog" && this.events(abi.EVENT_WATCHDOG) === watchdogs) {
      throw new Error("its watchdog has not noticed");
    }
    if (answer.kind === "stops" && answer.then === "off") {
      await this.until(`${this.name} off`, () => this.partition.telemetry?.state === "off");
      await this.command("start");
    }
    await this.reborn(life);
  }

  private checkFault(n: number, before: number, answer: Answer): void {
    const fault = this.partition.events.findLast(({ code }) => code === abi.EVENT_FAULT);
    if (fault === undefined || this.events(abi.EVENT_FAULT) === before) {
      throw new Error(`it stopped without a fault by: ${this.what(n)}`);
    }
    const ec = Number((fault.a >> EC_SHIFT) & 0x3fn);
    if (answer.kind === "fails" && ec !== answer.ec) {
      throw new Error(`it failed with EC 0x${ec.toString(16)}, not 0x${answer.ec.toString(16)}, by: ${this.what(n)}`);
    }
    const operation = this.steps[n]?.operation;
    const expected = operation === undefined ? [] : reachesFor(operation).map((address) => Math.floor(address / PAGE));
    const page = Math.floor(Number(fault.b) / PAGE);
    if ((fault.a & FSC_TYPE) === FSC_TRANSLATION && !expected.includes(page)) {
      throw new Error(`it failed at 0x${fault.b.toString(16)} by: ${this.what(n)}`);
    }
  }

  /** It makes no exits any more: it has read its command, and is in its endless loop. */
  private async standsStill(): Promise<void> {
    const sample = () => ({ time: this.partition.vcpus[0]?.time ?? 0n, exits: this.partition.exits.join() });
    let last = sample();
    await this.until(`${this.name} in its endless loop`, () => {
      const now = sample();
      if (now.time === last.time) return false;
      const still = now.exits === last.exits;
      last = now;
      return still;
    });
  }

  private async command(name: "restart" | "start"): Promise<void> {
    await this.booted.session.link.command(this.partition.index, name);
  }

  private events(code: number): number {
    return this.counts.get(code) ?? 0;
  }
}

/** IPAs that an operation may fail by. */
function reachesFor(operation: Operation): number[] {
  if (operation.kind === "walk") return [operation.table];
  if (!("at" in operation)) return [];
  return "access" in operation ? [operation.at, operation.at + operation.bytes - 1] : [operation.at];
}

const explain = (answer: Answer): string =>
  JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? `0x${value.toString(16)}` : value));

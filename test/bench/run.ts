// Runs guests in QEMU, under the hypervisor or without, until one has said its last line.
import type { VcpuTelemetry } from "../../industrial/link/telemetry.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { LineAssembler, printable } from "../../industrial/live/lines.ts";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import type { Emulator } from "../../tools/build/targets/target.ts";
import { type Machine, startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import { whenOver } from "../patience.ts";
import { BenchError } from "./errors.ts";
import { startPiped } from "./piped.ts";

/** What the hypervisor says of a guest that will say no more, or as its last word. */
const STOPPED = /^stopped/;
const PANIC = /PANIC/;
/** Real time in which what the guest printed before that comes behind it. */
const GRACE_MS = 5000;
/** Lines of output that an error quotes. */
const QUOTED = 15;

export interface GuestRun {
  readonly machineArguments: readonly string[];
  /** The hypervisor's plan; undefined: the UART is the guest's own. */
  readonly plan: Plan | undefined;
  readonly lastLine: RegExp;
  /** Left out: AArch64's. */
  readonly emulator?: Emulator;
  /** So much is printed that virtual time would depend on who reads it (piped.ts). */
  readonly isPiped?: boolean;
  /** A guest is stopped and started again on the way. */
  readonly restarts?: boolean;
  /** Wait for telemetry from after the last line too. */
  readonly withExits?: boolean;
}

/** What guests printed, and, with a hypervisor, what that said of them: in the order in which it came. */
export class Transcript {
  readonly lines: string[] = [];
  readonly #exits: { readonly after: number; readonly vcpu: VcpuTelemetry }[] = [];

  add(vcpu: VcpuTelemetry): void {
    this.#exits.push({ after: this.lines.length, vcpu });
  }

  /** Exits of a partition, which has one vCPU, by cause: as soon as they were known after the first line that matches. */
  exits(partition: number, line: RegExp): readonly number[] | undefined {
    const at = this.lines.findIndex((text) => line.test(text));
    return at < 0 ? undefined : this.#exits.find(({ after, vcpu }) => after > at && vcpu.partition === partition)?.vcpu.exits;
  }
}

const startInSocket = (machineArguments: readonly string[], emulator: Emulator): Promise<Machine> =>
  startQemu(machineArguments, undefined, emulator);

export async function runGuest({
  machineArguments,
  plan,
  lastLine,
  emulator = AARCH64.emulator,
  isPiped = false,
  restarts = false,
  withExits = false,
}: GuestRun): Promise<Transcript> {
  const start = isPiped ? startPiped : startInSocket;
  const machine = await start(machineArguments, emulator);
  const transcript = new Transcript();
  const { lines } = transcript;
  let stopWaiting = (): void => {};
  let ended: NodeJS.Timeout | undefined;
  const said = new Promise<void>((resolve, reject) => {
    const failed = (code: BenchError["code"], what: string): void =>
      reject(new BenchError(code, `${what}; its last lines:\n${lines.slice(-QUOTED).join("\n")}`));
    const isComplete = (): boolean =>
      !withExits || plan === undefined || plan.partitions.every((_, index) => transcript.exits(index, lastLine) !== undefined);
    const take = (text: string): void => {
      lines.push(printable(text, false));
      if (lastLine.test(text) && isComplete()) resolve();
    };
    if (plan === undefined) {
      const assembler = new LineAssembler(take);
      machine.uart.on("data", (bytes: Buffer) => assembler.push(bytes));
      machine.uart.on("end", () => assembler.flush());
    } else {
      const session = new Session(machine.uart, plan.partitions);
      // A line is taken when its end is there: the session shows it in pieces where an event comes between.
      const consoles = plan.partitions.map(() => new LineAssembler(take));
      session.on("console", (partition, bytes) => consoles[partition]?.push(bytes));
      session.on("line", ({ kind, text }) => {
        if (kind !== "console") take(text);
        if (kind !== "console" && (PANIC.test(text) || (STOPPED.test(text) && !restarts)))
          ended ??= setTimeout(() => failed("guest-failed", "the guest was stopped too early"), GRACE_MS);
      });
      session.on("vcpu", (vcpu) => {
        transcript.add(vcpu);
        if (isComplete() && lines.some((text) => lastLine.test(text))) resolve();
      });
    }
    stopWaiting = whenOver(() => failed("guest-silent", "the guest does not end"));
    void machine.died.then(({ message }) => failed("guest-failed", message)); // by then all output has been read
  });
  try {
    await said;
    return transcript;
  } finally {
    stopWaiting();
    clearTimeout(ended);
    await machine.stop();
  }
}

// Runs a guest in QEMU, under the hypervisor or without, until it has said its last line.
import type { Plan } from "../../partitions/plan/plan.ts";
import { LineAssembler, printable } from "../../tools/run/lines.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { Session } from "../../tools/run/session.ts";
import { BenchError } from "./errors.ts";

/** Real time; a busy host emulates slowly. */
const PATIENCE_MS = 300_000;
/** What the hypervisor says of a guest that will say no more, or as its last word. */
const ENDED = /^stopped|PANIC/;
/** Real time in which what the guest printed before that comes behind it. */
const GRACE_MS = 5000;
/** Lines of a guest's output that an error quotes. */
const QUOTED = 15;

export interface GuestRun {
  readonly machineArguments: readonly string[];
  /** The hypervisor's plan; undefined: the UART is the guest's own. */
  readonly plan: Plan | undefined;
  readonly lastLine: RegExp;
}

/** The lines that the guest printed, and, with a hypervisor, what that said of it. */
export async function runGuest({ machineArguments, plan, lastLine }: GuestRun): Promise<string[]> {
  const machine = await startQemu(machineArguments);
  const lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let ended: NodeJS.Timeout | undefined;
  const said = new Promise<void>((resolve, reject) => {
    const failed = (code: BenchError["code"], what: string): void =>
      reject(new BenchError(code, `${what}; its last lines:\n${lines.slice(-QUOTED).join("\n")}`));
    const take = (text: string): void => {
      lines.push(printable(text, false));
      if (lastLine.test(text)) resolve();
    };
    if (plan === undefined) {
      const assembler = new LineAssembler(take);
      machine.uart.on("data", (bytes: Buffer) => assembler.push(bytes));
      machine.uart.on("end", () => assembler.flush());
    } else {
      const session = new Session(machine.uart, plan.partitions);
      session.on("line", ({ kind, text }) => {
        take(text);
        if (ENDED.test(text) && kind !== "console") ended ??= setTimeout(() => failed("guest-failed", "the guest was stopped too early"), GRACE_MS);
      });
    }
    timer = setTimeout(() => failed("guest-silent", `the guest did not end within ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
    void machine.died.then(({ message }) => failed("guest-failed", message)); // by then all output has been read
  });
  try {
    await said;
    return lines;
  } finally {
    clearTimeout(timer);
    clearTimeout(ended);
    await machine.stop();
  }
}

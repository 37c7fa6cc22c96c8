// The QEMU Machine Protocol, as much of it as is needed to end a machine in order: JSON lines, a greeting first
// (QEMU documentation, "QEMU Machine Protocol Specification").
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import * as z from "zod";

const Message = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ desc: z.string() }) }),
  z.object({ event: z.string() }),
]);

export class Qmp {
  readonly #stream: Duplex;
  readonly #waiting: ((error?: Error) => void)[] = [];
  /** Settles with the greeting: the machine is set up. Never, when QEMU dies before it. */
  readonly greeted: Promise<void>;

  constructor(stream: Duplex) {
    this.#stream = stream;
    const lines = createInterface({ input: stream });
    lines.on("error", () => {}); // QEMU is gone: its exit says so
    this.greeted = new Promise((resolve) => {
      lines.on("line", (line) => {
        const message = parse(line);
        if (message === undefined) return;
        if ("QMP" in message) resolve();
        else if ("return" in message) this.#waiting.shift()?.();
        else if ("error" in message) this.#waiting.shift()?.(new Error(message.error.desc));
        // Events are not waited for.
      });
    });
  }

  /** Settles with QEMU's answer; never, when QEMU dies before it. */
  execute(command: "qmp_capabilities" | "quit"): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push((error) => (error ? reject(error) : resolve()));
      this.#stream.write(`${JSON.stringify({ execute: command })}\n`);
    });
  }
}

/** undefined: not what QEMU says. Then the greeting never comes, and the start times out. */
function parse(line: string): z.infer<typeof Message> | undefined {
  try {
    return Message.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

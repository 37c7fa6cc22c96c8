// This process's terminal, or its pipes, connected to the console of a partition.
import { Duplex } from "node:stream";
import type { Link } from "../../industrial/link/link.ts";

/** Ctrl-], as telnet and virsh have it. */
const ESCAPE = 0x1d;

/** So long a console may take for what was typed last. */
const LEAVE_MS = 500;

export const LEAVE_HINT = "Ctrl-] leaves";

/**
 * Settles when the console hangs up, or its user does: by Ctrl-] on a terminal, or by closing the pipe that is written to.
 * A terminal is raw meanwhile: Ctrl-C and the like belong to the partition. The end of piped input ends nothing: the answer
 * is still to come.
 */
export function attachTerminal(
  console: Duplex,
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WritableStream,
): Promise<"left" | "hung up"> {
  const raw = stdin.isTTY;
  return new Promise((resolve) => {
    let how: "left" | "hung up" = "hung up";
    const end = (): void => {
      if (raw) stdin.setRawMode(false);
      stdin.off("data", onInput);
      stdin.pause();
      console.destroy();
      resolve(how);
    };
    const onInput = (bytes: Buffer): void => {
      const escape = raw ? bytes.indexOf(ESCAPE) : -1;
      if (escape < 0) {
        console.write(bytes);
        return;
      }
      // What was typed before it still gets there: hanging up at once would lose it when the other end writes just then, and
      // finds the connection gone. But an end that does not take it does not keep the user from leaving.
      how = "left";
      stdin.off("data", onInput);
      console.end(bytes.subarray(0, escape));
      setTimeout(end, LEAVE_MS).unref();
    };
    if (raw) stdin.setRawMode(true);
    stdin.on("data", onInput);
    stdout.on("error", () => {
      how = "left"; // EPIPE: who read has gone
      end();
    });
    console.on("data", (bytes: Buffer) => stdout.write(bytes));
    console.on("close", end);
  });
}

/** The console of a partition on a link that is ours alone: a board's serial line. Its plain text is shown too. */
export function consoleOf(link: Link, partition: number): Duplex {
  const stream = new Duplex({
    read: () => {},
    write: (bytes: Buffer, _, done) => {
      link.type(partition, bytes);
      done();
    },
    final: (done) => {
      done();
      stream.destroy(); // what the board still says, such as an echo of that, nobody hears
    },
    destroy: (error, done) => {
      link.close();
      done(error);
    },
  });
  link.on("console", (from, bytes) => {
    if (from === partition) stream.push(bytes);
  });
  link.on("text", (bytes) => stream.push(bytes));
  link.on("close", () => stream.destroy());
  return stream;
}

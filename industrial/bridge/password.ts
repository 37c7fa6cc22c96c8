// Reads a password: from a terminal without showing it, twice; from anything else one line.
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { ReadStream } from "node:tty";
import { BridgeError } from "./errors.ts";

/** Shorter ones are guessed. */
export const PASSWORD_LEAST = 8;

export async function readPassword(
  input: NodeJS.ReadableStream & Partial<Pick<ReadStream, "isTTY">>,
  prompts: NodeJS.WritableStream,
): Promise<string> {
  const isTerminal = input.isTTY === true;
  // The terminal's own echo is off while readline reads; what readline would echo goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: isTerminal });
  try {
    const ask = async (prompt: string): Promise<string> => {
      if (isTerminal) prompts.write(prompt);
      const line = await Promise.race([
        lines.question(""),
        new Promise<string>((resolve) => lines.once("close", () => resolve(""))),
      ]);
      if (isTerminal) prompts.write("\n");
      return line;
    };
    const password = await ask("password: ");
    if (password.length < PASSWORD_LEAST)
      throw new BridgeError(
        "AXV_BRIDGE_PASSWORD",
        password === "" ? "nothing came" : `it has fewer than ${PASSWORD_LEAST} characters`,
      );
    if (isTerminal && (await ask("again: ")) !== password) throw new BridgeError("AXV_BRIDGE_PASSWORD", "the two are different");
    return password;
  } finally {
    lines.close();
  }
}

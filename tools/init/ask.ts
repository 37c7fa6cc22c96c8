// Questions at a terminal, or of lines that come from anywhere: until an answer will do. What is secret is not shown.
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { InitError } from "./errors.ts";

/** Asks until the answer is one that `accept` takes: it gives back its value, or says what is wrong with it. */
export type Ask = <T>(question: string, standard: string, accept: (answer: string) => T | string) => Promise<T>;

export interface Asking {
  readonly ask: Ask;
  /** Not shown, and asked for twice at a terminal. `wrong`: what is the matter with it; undefined: nothing. */
  secret(question: string, wrong: (answer: string) => string | undefined): Promise<string>;
  close(): void;
}

type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };

export function asking(input: Input, output: NodeJS.WritableStream): Asking {
  const isTerminal = input.isTTY === true;
  let isShown = false;
  // The terminal's own echo is off while readline reads; what readline would echo comes by here. What is typed before its
  // question is asked may be the answer to a secret one.
  const echo = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (isShown) output.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input, output: echo, terminal: isTerminal });
  lines.on("line", () => (isShown = false));
  // A line that comes before its question is asked would be lost by `question`.
  const answers = lines[Symbol.asyncIterator]();
  const next = async (prompt: string): Promise<string> => {
    output.write(prompt);
    const { done, value } = await answers.next();
    if (done === true) throw new InitError("AXV_INIT_ENDED");
    return value;
  };
  const nextSecret = async (prompt: string): Promise<string> => {
    const answer = await next(`${prompt}: `);
    if (isTerminal) output.write("\n");
    return answer;
  };
  const ask: Ask = async (question, standard, accept) => {
    for (;;) {
      isShown = true;
      const line = (await next(`${question}${standard === "" ? "" : ` [${standard}]`}: `)).trim();
      const accepted = accept(line === "" ? standard : line);
      if (typeof accepted !== "string") return accepted;
      output.write(`  ${accepted}\n`);
    }
  };
  const secret = async (question: string, wrong: (answer: string) => string | undefined): Promise<string> => {
    for (;;) {
      const answer = await nextSecret(question);
      const why = wrong(answer) ?? (isTerminal && (await nextSecret("again")) !== answer ? "the two are different" : undefined);
      if (why === undefined) return answer;
      output.write(`  ${why}\n`);
    }
  };
  return { ask, secret, close: () => lines.close() };
}

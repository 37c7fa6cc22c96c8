// What the library has to say belongs in the log, not on the terminal. Anybody who can send packets makes it speak, and
// then it shows what came: whole requests, with the token that stands for a session. So its words are kept, but not what
// was sent; and only so many of them in a while.
import { format } from "node:util";
import { setErrorLogger, setWarningLogger } from "node-opcua-debug";
import type { Log } from "./target.ts";

/** The library warns that a certificate does not have the machine's own name: it has the names that the settings give. */
const NOT_WANTED = "[NODE-OPCUA-W26]";
/** How it shows a request, or a header of one that it could not read to its end. */
const REQUEST = /\s*(?:\{ \/\*|\S*(?:authenticationToken|requestHeader)\b).*$/s;
/** A node ID of bytes or of a GUID: it may stand for a session. */
const TOKEN = /\b(?:ns=\d+;)?[bg]=[\w+/=-]+/g;
/** Nonces, thumbprints, bytes of a packet. */
const BYTES = /\b(?:0x)?[0-9a-f]{24,}\b|(?:\b[0-9a-f]{2} ){8,}[0-9a-f]{2}\b/gi;
const SENTENCE_MAX = 200;

/** Undefined: there is nothing in it for anybody. The library begins with where it is said. */
export function sentenceOf([, ...parts]: readonly unknown[]): string | undefined {
  const said = format(...parts);
  if (said.includes(NOT_WANTED)) return undefined;
  const words = said.replace(REQUEST, "").replace(TOKEN, "…").replace(BYTES, "…").replace(/\s+/g, " ").trim();
  if (words === "") return undefined;
  return `OPC UA: ${words.length > SENTENCE_MAX ? `${words.slice(0, SENTENCE_MAX)}…` : words}`;
}

/** So many in each while; what was left out is counted, and told with the first one of the next. */
const MOST = 20;
const WHILE_MS = 10_000;

export class Ration {
  readonly #now: () => number;
  #from = Number.NEGATIVE_INFINITY;
  #said = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Says it, or counts it. */
  take(say: (message: string) => void, message: string): void {
    if (this.#now() - this.#from >= WHILE_MS) {
      if (this.#said > MOST) say(`OPC UA: ${this.#said - MOST} more of that kind were left out`);
      this.#from = this.#now();
      this.#said = 0;
    }
    this.#said++;
    if (this.#said <= MOST) say(message);
  }
}

export function intoLog(log: Log): void {
  const ration = new Ration();
  const to = (say: (message: string) => void) => (...parts: unknown[]) => {
    const sentence = sentenceOf(parts);
    if (sentence !== undefined) ration.take(say, sentence);
  };
  setWarningLogger(to((message) => log.warn(message)));
  setErrorLogger(to((message) => log.error(message)));
}

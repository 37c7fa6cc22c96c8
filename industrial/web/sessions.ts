// Who has logged in: by a random token in a cookie. What is kept of it is its hash, so that neither the time that a
// comparison takes nor what is in memory tells anything of it.
import { createHash, randomBytes } from "node:crypto";
import type { Role } from "../opcua/target.ts";

const TOKEN_BYTES = 32;
/** The oldest goes when there are more. */
const SESSIONS_MAX = 64;
/** A shift, and a little more: then whoever sits there logs in again. */
const LIFE_MS = 12 * 3600 * 1000;

export interface WebUser {
  readonly name: string;
  readonly role: Role;
}

interface Session {
  readonly user: WebUser;
  readonly until: number;
}

const hashOf = (token: string): string => createHash("sha256").update(token).digest("base64");

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The token. */
  open(user: WebUser): string {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    this.#sessions.set(hashOf(token), { user, until: this.#now() + LIFE_MS });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest);
    return token;
  }

  find(token: string | undefined): WebUser | undefined {
    if (token === undefined) return undefined;
    const hash = hashOf(token);
    const found = this.#sessions.get(hash);
    if (found === undefined) return undefined;
    if (found.until > this.#now()) return found.user;
    this.#sessions.delete(hash);
    return undefined;
  }

  close(token: string | undefined): void {
    if (token !== undefined) this.#sessions.delete(hashOf(token));
  }
}

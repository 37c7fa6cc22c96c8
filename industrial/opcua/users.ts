// Users and their passwords. What is kept of a password is its scrypt hash (RFC 7914), as text:
//
//     scrypt$16384$8$1$<salt, base64url>$<hash, base64url>
//
// Who fails waits: after FREE_FAILURES each further one doubles the time in which nothing is even looked
// at, for that user from that address, and for that address whatever the user. What is remembered of
// failures is bounded: the oldest go first.
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { OpcUaUser, Role } from "./target.ts";

const COST = 16_384;
const BLOCK = 8;
const PARALLEL = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const PATTERN = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([A-Za-z0-9_-]+)\$([A-Za-z0-9_-]+)$/;
/** scrypt takes 128 × cost × block bytes: a hash from a file may not ask for all there is. */
const MEMORY_MAX = 128 * 1024 * 1024;
/** Longer ones are nobody's, and cost time. */
const PASSWORD_MAX = 1024;

interface Hash {
  readonly cost: number;
  readonly block: number;
  readonly parallel: number;
  readonly salt: Buffer;
  readonly bytes: Buffer;
}

function derive(password: string, { cost, block, parallel, salt, bytes }: Hash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: cost, r: block, p: parallel, maxmem: MEMORY_MAX };
    scrypt(password.normalize("NFC"), salt, bytes.length, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

const newHash = (): Hash => ({
  cost: COST,
  block: BLOCK,
  parallel: PARALLEL,
  salt: randomBytes(SALT_BYTES),
  bytes: Buffer.alloc(HASH_BYTES),
});

export async function hashPassword(password: string): Promise<string> {
  const hash = newHash();
  const bytes = await derive(password, hash);
  return ["scrypt", COST, BLOCK, PARALLEL, hash.salt.toString("base64url"), bytes.toString("base64url")].join("$");
}

/** Undefined: it is none, or asks for too much. */
export function parseHash(text: string): Hash | undefined {
  const [, cost, block, parallel, salt = "", bytes = ""] = PATTERN.exec(text) ?? [];
  if (cost === undefined || block === undefined || parallel === undefined) return undefined;
  const hash = {
    cost: Number(cost),
    block: Number(block),
    parallel: Number(parallel),
    salt: Buffer.from(salt, "base64url"),
    bytes: Buffer.from(bytes, "base64url"),
  };
  const isPower = hash.cost > 1 && Number.isInteger(Math.log2(hash.cost));
  return isPower &&
    hash.block > 0 &&
    hash.parallel > 0 &&
    128 * hash.cost * hash.block * hash.parallel < MEMORY_MAX &&
    hash.bytes.length === HASH_BYTES
    ? hash
    : undefined;
}

const FREE_FAILURES = 3;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 300_000;
const REMEMBERED = 1024;

interface Failures {
  readonly count: number;
  readonly until: number;
}

/** Who has failed how often, by any name. */
export class BackOff {
  readonly #failures = new Map<string, Failures>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get size(): number {
    return this.#failures.size;
  }

  mustWait(key: string): boolean {
    return (this.#failures.get(key)?.until ?? 0) > this.#now();
  }

  fail(key: string): void {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    const wait = count < FREE_FAILURES ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (count - FREE_FAILURES), LONGEST_WAIT_MS);
    this.#failures.delete(key); // to the end: the oldest are first
    this.#failures.set(key, { count, until: this.#now() + wait });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > REMEMBERED && oldest !== undefined) this.#failures.delete(oldest);
  }

  succeed(key: string): void {
    this.#failures.delete(key);
  }
}

export type Verdict = "right" | "wrong" | "must wait";

export class Users {
  readonly #users: ReadonlyMap<string, { readonly role: Role; readonly hash: Hash | undefined }>;
  readonly #byUser: BackOff;
  /** Apart, so that a flood of names does not drive out what is known of the address it comes from. */
  readonly #byAddress: BackOff;
  /** By address: when what came from there last has been looked at. */
  readonly #turns = new Map<string, Promise<void>>();
  /** Of whoever there is not: to find that out takes as long as a wrong password. */
  readonly #nobody = newHash();

  constructor(users: readonly OpcUaUser[], now?: () => number) {
    this.#users = new Map(users.map(({ name, role, password }) => [name, { role, hash: parseHash(password) }]));
    this.#byUser = new BackOff(now);
    this.#byAddress = new BackOff(now);
  }

  roleOf(name: string): Role | undefined {
    return this.#users.get(name)?.role;
  }

  /**
   * One after the other for each address: many at once are no way around the wait, and none of them waits for what another
   * did right.
   */
  check(name: string, password: string, address: string): Promise<Verdict> {
    const turn = (this.#turns.get(address) ?? Promise.resolve()).then(() => this.#check(name, password, address));
    const done = turn.then(() => {}, () => {}).then(() => {
      if (this.#turns.get(address) === done) this.#turns.delete(address);
    });
    this.#turns.set(address, done);
    return turn;
  }

  async #check(name: string, password: string, address: string): Promise<Verdict> {
    const key = `${address} ${name.slice(0, PASSWORD_MAX)}`;
    if (this.#byUser.mustWait(key) || this.#byAddress.mustWait(address)) return "must wait";
    const hash = this.#users.get(name)?.hash;
    const isShort = password.length <= PASSWORD_MAX;
    const expected = hash ?? this.#nobody;
    const found = await derive(isShort ? password : "", expected);
    if (hash === undefined || !isShort || !timingSafeEqual(found, expected.bytes)) {
      this.#byUser.fail(key);
      this.#byAddress.fail(address);
      return "wrong";
    }
    this.#byUser.succeed(key);
    this.#byAddress.succeed(address);
    return "right";
  }
}

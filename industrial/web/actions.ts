// What a page asks for by POST: to log in and out, to command a partition, to type into its console. Each is put on record,
// allowed or not.
import type { IncomingMessage, ServerResponse } from "node:http";
import { COMMAND_NAMES } from "../link/commands.ts";
import type { CommandName } from "../link/commands.ts";
import { mayAct } from "../opcua/target.ts";
import type { OpcUaUser } from "../opcua/target.ts";
import { Users } from "../opcua/users.ts";
import { answerJson, Status } from "./answers.ts";
import type { Live } from "./live.ts";
import { CLEAR_MAXIMA, CREDENTIAL_MAX, PATHS, TYPED_MAX } from "./protocol.ts";
import type { Refusal, SessionShown, WebCommand } from "./protocol.ts";
import { addressOf, bodyOf, cookieOf } from "./requests.ts";
import type { Body } from "./requests.ts";
import { Sessions } from "./sessions.ts";
import type { WebUser } from "./sessions.ts";

/** Logins that are looked at, or wait for that, at once: each takes time and memory. */
const LOGINS_MAX = 8;

export interface WebRecord {
  readonly what: "login" | "logout" | "command" | "type";
  readonly user: string;
  readonly from: string;
  /** The partition; of a login nothing. */
  readonly object: string;
  /** The command; how much was typed, for what may be a password. */
  readonly detail: string;
  readonly allowed: boolean;
  readonly result: string;
}

/** What stands behind the page: it does what was allowed here. */
export interface WebDoors {
  /** Nothing is done that could not be put on record. */
  canRecord(): boolean;
  record(entry: WebRecord): void;
  /** Settles when it is done; undefined: there is no hypervisor to command. */
  readonly command: ((partition: number, command: CommandName) => Promise<void>) | undefined;
  readonly type: ((partition: number, bytes: Uint8Array) => void) | undefined;
}

export interface ActionOptions {
  readonly live: Live;
  readonly users: readonly OpcUaUser[];
  readonly isOpen: boolean;
  readonly tls?: unknown;
  readonly doors: WebDoors;
}

const isCommand = (text: unknown): text is WebCommand => text === CLEAR_MAXIMA || COMMAND_NAMES.some((name) => name === text);

/** Who asks, of what, and with what. */
interface Asked {
  readonly user: WebUser;
  readonly from: string;
  readonly partition: number;
  readonly name: string;
  readonly body: Body;
}

export class Actions {
  readonly #options: ActionOptions;
  readonly #users: Users;
  readonly #sessions = new Sessions();
  readonly #cookie: string;
  readonly #left: () => void;
  #logins = 0;

  /** `port`: browsers keep no cookies apart by it. `left`: called when somebody has logged out. */
  constructor(options: ActionOptions, port: number, left: () => void) {
    this.#options = options;
    this.#users = new Users(options.users);
    this.#cookie = `axv-${port}`;
    this.#left = left;
  }

  mayLook(request: IncomingMessage): boolean {
    return this.#options.isOpen || this.#userOf(request) !== undefined;
  }

  sessionOf(request: IncomingMessage): SessionShown {
    return this.#shown(this.#userOf(request));
  }

  async post(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body === undefined)
      return refuse(response, Status.badRequest, "BODY", "this has to be a JSON object, and not a long one");
    if (path === PATHS.login) return this.#login(body, request, response);
    if (path === PATHS.logout) return this.#logout(request, response);
    if (path !== PATHS.command && path !== PATHS.type) return refuse(response, Status.notFound, "PATH", "nothing is asked there");
    const what = path === PATHS.command ? "command" : "type";
    const user = this.#userOf(request);
    const partition = this.#options.live.monitor.partitions.find(({ name }) => name === body["partition"]);
    if (user === undefined) return refuse(response, Status.unauthorized, "LOGIN", "log in first");
    if (partition === undefined) return refuse(response, Status.notFound, "PARTITION", "there is no such partition");
    const asked: Asked = { user, from: addressOf(request.socket), partition: partition.index, name: partition.name, body };
    if (!mayAct(user.role)) {
      this.#record(what, asked, String(body["command"] ?? ""), false, "not allowed");
      return refuse(response, Status.forbidden, "ROLE", `${user.name} may look, and nothing else`);
    }
    if (!this.#options.doors.canRecord())
      return refuse(response, Status.unavailable, "RECORD", "this cannot be put on record, so it is not done");
    return what === "command" ? this.#command(asked, response) : this.#type(asked, response);
  }

  #userOf(request: IncomingMessage): WebUser | undefined {
    return this.#sessions.find(cookieOf(request, this.#cookie));
  }

  #shown(user: WebUser | undefined): SessionShown {
    const { users, isOpen } = this.#options;
    return {
      user: user?.name ?? null,
      role: user?.role ?? null,
      hasUsers: users.length > 0,
      mayLook: isOpen || user !== undefined,
      mayAct: mayAct(user?.role),
    };
  }

  async #login({ user: name, password }: Body, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (
      typeof name !== "string" ||
      typeof password !== "string" ||
      name.length > CREDENTIAL_MAX ||
      password.length > CREDENTIAL_MAX
    )
      return refuse(response, Status.badRequest, "BODY", "a user and a password");
    if (this.#logins >= LOGINS_MAX)
      return refuse(response, Status.tooManyRequests, "WAIT", "too many log in just now: try again");
    const from = addressOf(request.socket);
    this.#logins++;
    const verdict = await this.#users.check(name, password, from).finally(() => this.#logins--);
    this.#options.doors.record({
      what: "login",
      user: name,
      from,
      object: "",
      detail: "",
      allowed: verdict === "right",
      result: verdict,
    });
    const role = this.#users.roleOf(name);
    if (verdict === "must wait")
      return refuse(response, Status.tooManyRequests, "WAIT", "too many failures: wait a while, then try again");
    if (verdict === "wrong" || role === undefined)
      return refuse(response, Status.unauthorized, "WRONG", "wrong name or password");
    this.#sessions.close(cookieOf(request, this.#cookie));
    const user = { name, role };
    this.#setCookie(response, this.#sessions.open(user), "");
    answerJson(response, Status.ok, this.#shown(user));
  }

  #logout(request: IncomingMessage, response: ServerResponse): void {
    const user = this.#userOf(request);
    this.#sessions.close(cookieOf(request, this.#cookie));
    this.#setCookie(response, "", "; Max-Age=0");
    if (user !== undefined)
      this.#options.doors.record({
        what: "logout",
        user: user.name,
        from: addressOf(request.socket),
        object: "",
        detail: "",
        allowed: true,
        result: "done",
      });
    answerJson(response, Status.ok, this.#shown(undefined));
    this.#left();
  }

  /** Scripts do not see it, and no other site's page sends it along. */
  #setCookie(response: ServerResponse, token: string, more: string): void {
    const secure = this.#options.tls === undefined ? "" : "; Secure";
    response.setHeader("Set-Cookie", `${this.#cookie}=${token}; HttpOnly; SameSite=Strict; Path=/${secure}${more}`);
  }

  async #command(asked: Asked, response: ServerResponse): Promise<void> {
    const { live, doors } = this.#options;
    const { body, partition, name } = asked;
    const { command } = body;
    if (!isCommand(command))
      return refuse(response, Status.badRequest, "COMMAND", `${COMMAND_NAMES.join(", ")} or ${CLEAR_MAXIMA}`);
    const failed = await this.#carryOut(partition, command).then(
      () => undefined,
      (error: unknown) => error,
    );
    const result = failed === undefined ? "done" : failed instanceof Error ? failed.message : String(failed);
    this.#record("command", asked, command, true, result);
    live.note("command", partition, `${command} ${name}, by ${asked.user.name}: ${result}`);
    if (failed === undefined) answerJson(response, Status.ok, {});
    else refuse(response, doors.command === undefined ? Status.unavailable : Status.conflict, codeOf(failed), result);
  }

  async #carryOut(partition: number, command: WebCommand): Promise<void> {
    const { live, doors } = this.#options;
    if (command !== CLEAR_MAXIMA) {
      if (doors.command === undefined) throw new Error("there is no link to the hypervisor");
      await doors.command(partition, command);
    } else if (!live.clear(partition)) throw new Error("its guest publishes nothing that has maxima");
  }

  #type(asked: Asked, response: ServerResponse): void {
    const { text } = asked.body;
    const bytes = Buffer.from(typeof text === "string" ? text : "");
    const { type } = this.#options.doors;
    if (bytes.length === 0 || bytes.length > TYPED_MAX)
      return refuse(response, Status.badRequest, "TEXT", `1 to ${TYPED_MAX} bytes`);
    if (type === undefined) return refuse(response, Status.unavailable, "LINK", "there is no link to the hypervisor");
    type(asked.partition, bytes);
    this.#record("type", asked, `${bytes.length} bytes`, true, "done");
    answerJson(response, Status.ok, {});
  }

  #record(what: "command" | "type", { user, from, name }: Asked, detail: string, allowed: boolean, result: string): void {
    this.#options.doors.record({
      what,
      user: user.name,
      from,
      object: name,
      detail: detail.slice(0, CREDENTIAL_MAX),
      allowed,
      result,
    });
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "REFUSED");

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  const refusal: Refusal = { code, message };
  answerJson(response, status, refusal);
}

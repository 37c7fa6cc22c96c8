// Lets users in: by name and password, as what they may, and not all of them at once.
import type { OPCUAServer, ServerSession } from "node-opcua-server";
import { UAUserManagerBase } from "node-opcua-server";
import { makeNodeId } from "node-opcua-nodeid";
import type { NodeId } from "node-opcua-nodeid";
import { StatusCodes } from "node-opcua-status-code";
import type { StatusCode } from "node-opcua-status-code";
import { AnonymousIdentityToken, UserNameIdentityToken } from "node-opcua-types";
import { ROLE_IDS } from "./access.ts";
import { addressOf } from "./clients.ts";
import type { Log, OpcUaAudit } from "./target.ts";
import type { Users } from "./users.ts";

export class UserManager extends UAUserManagerBase {
  readonly #users: Users;
  readonly #log: Log;
  readonly #audit: OpcUaAudit;

  constructor(users: Users, log: Log, audit: OpcUaAudit) {
    super();
    this.#users = users;
    this.#log = log;
    this.#audit = audit;
  }

  override getUserRoles(user: string): NodeId[] {
    const role = this.#users.roleOf(user);
    return role === undefined ? [] : [makeNodeId(ROLE_IDS[role])];
  }

  override async isValidUser(session: ServerSession, user: string, password: string): Promise<boolean> {
    const address = addressOf(session);
    const verdict = await this.#users.check(user, password, address);
    const who = { user, role: this.#users.roleOf(user), address, application: session.clientDescription?.applicationUri ?? "" };
    const allowed = verdict === "right";
    if (!allowed)
      this.#log.warn(
        `OPC UA: ${JSON.stringify(user)} at ${address} is not let in: ` +
          `${verdict === "wrong" ? "wrong name or password" : "too many failures, it has to wait"}`,
      );
    this.#audit.record({
      protocol: "opc-ua",
      who,
      action: "login",
      object: "",
      detail: verdict,
      allowed,
      result: allowed ? "Good" : "BadUserAccessDenied",
    });
    return allowed;
  }
}

type Answer = (error: Error | null, isAuthorized?: boolean, status?: StatusCode) => void;
type Authorize = (channel: object, session: ServerSession, token: object, answer: Answer) => void;

/** The library's step between a session's token and its being let in. */
const AUTHORIZE = "isUserAuthorized";

/** One session is kept for an engineer; and no certificate stands for a user. */
export function keepOneForEngineer(server: OPCUAServer, users: Users, sessions: number): void {
  const authorize = Reflect.get(server, AUTHORIZE) as Authorize;
  const isEngineer = (token: object | undefined): boolean =>
    token instanceof UserNameIdentityToken && users.roleOf(token.userName ?? "") === "engineer";
  const others = new Set<ServerSession>();
  server.on("session_closed", (session: ServerSession) => others.delete(session));
  const wrapped: Authorize = (channel, session, token, answer) => {
    if (!(token instanceof UserNameIdentityToken || token instanceof AnonymousIdentityToken))
      return answer(null, false, StatusCodes.BadIdentityTokenRejected);
    authorize.call(server, channel, session, token, (error, isAuthorized, status) => {
      if (error !== null || isAuthorized !== true || isEngineer(token)) {
        if (isAuthorized === true) others.delete(session);
        return answer(error, isAuthorized, status);
      }
      if (!others.has(session) && others.size >= sessions - 1) return answer(null, false, StatusCodes.BadTooManySessions);
      others.add(session);
      return answer(null, true, status);
    });
  };
  Reflect.set(server, AUTHORIZE, wrapped);
}

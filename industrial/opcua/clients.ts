// Who is behind a session.
import { isIP } from "node:net";
import type { ISessionContext, ISessionBase } from "node-opcua-address-space";
import { UserNameIdentityToken } from "node-opcua-types";
import type { OpcUaClient } from "./target.ts";
import type { Users } from "./users.ts";

const MAPPED = "::ffff:";

/** IPv4 as such, also where it came through an IPv6 socket. */
export function plainAddress(address: string): string {
  const plain = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
  return isIP(plain) === 0 ? "" : plain;
}

export function addressOf(session: ISessionBase | undefined): string {
  const channel: object | undefined = session?.channel;
  const address: unknown = channel === undefined ? undefined : Reflect.get(channel, "remoteAddress");
  return typeof address === "string" ? plainAddress(address) : "";
}

export function clientOf(context: ISessionContext, users: Users): OpcUaClient {
  const token = context.session?.userIdentityToken;
  const user = token instanceof UserNameIdentityToken ? (token.userName ?? "") : "";
  return { user, role: users.roleOf(user), address: addressOf(context.session), application: context.clientApplicationUri ?? "" };
}

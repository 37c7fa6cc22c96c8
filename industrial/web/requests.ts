// What is looked at in every request before anything is done for it.
//
// Host: a page of somebody else's whose name suddenly leads to this machine (DNS rebinding) says that name here. Only names
// are a danger: who says an address has come to that address.
// Origin: a page of somebody else's that asks ours says where it is from. What our own page asks comes from where it was
// served.
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { Socket } from "node:net";

/** Of a body. */
const BODY_MAX = 8 * 1024;

/** IPv4 as such, also where it came through an IPv6 socket. */
const plain = (address = ""): string =>
  address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
export const addressOf = ({ remoteAddress }: Socket): string => plain(remoteAddress);
const isLoopback = (address: string): boolean => address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
/** Whether nobody but this machine gets to a server there. */
export const isOwnAddress = (host: string): boolean => host === "localhost" || isLoopback(host);

/** Host of a Host header, without brackets; undefined: it is none. */
function hostnameOf(host: string): string | undefined {
  const [, inBrackets, name] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::\d{1,5})?$/.exec(host) ?? [];
  return (inBrackets ?? name)?.toLowerCase();
}

/** `names`: by which this machine may be called besides its addresses. */
export function isOurHost({ headers, socket }: IncomingMessage, names: ReadonlySet<string>): boolean {
  const hostname = hostnameOf(headers.host ?? "");
  if (hostname === undefined) return false;
  const own = plain(socket.localAddress);
  return hostname === own || names.has(hostname) || (isLoopback(own) && isOwnAddress(hostname));
}

/** Whether our own page asks. */
export function isOurOrigin({ headers }: IncomingMessage, isEncrypted: boolean): boolean {
  const own = `${isEncrypted ? "https" : "http"}://${headers.host ?? ""}`.toLowerCase();
  return headers.origin?.toLowerCase() === own;
}

export function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  for (const each of (headers.cookie ?? "").split(";")) {
    const equals = each.indexOf("=");
    if (equals >= 0 && each.slice(0, equals).trim() === name) return each.slice(equals + 1).trim();
  }
  return undefined;
}

export type Body = Readonly<Record<string, unknown>>;

/** The JSON object of a body; undefined: it is none, or too long. */
export async function bodyOf(request: IncomingMessage): Promise<Body | undefined> {
  if (request.headers["content-type"]?.split(";")[0]?.trim() !== "application/json") return undefined;
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > BODY_MAX) return undefined;
      parts.push(part);
    }
    const body: unknown = JSON.parse(Buffer.concat(parts).toString());
    return typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Body) : undefined;
  } catch {
    return undefined; // it was cut off, or is no JSON
  }
}

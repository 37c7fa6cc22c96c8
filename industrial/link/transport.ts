// Opens the byte stream that a link runs over: a unix socket, TCP, or a serial device.
import { execFile } from "node:child_process";
import { constants, open, stat } from "node:fs";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ReadStream } from "node:tty";
import { promisify } from "node:util";
import { LinkError } from "./errors.ts";
import { socketPathProblem } from "./socket-path.ts";

export const DEFAULT_BAUD = 115200; // what U-Boot and Linux use on nearly every board

const TCP_PREFIX = "tcp:";

/** "tcp:host:port", the path of a unix socket, or the path of a serial device. */
export async function openTransport(address: string, baud = DEFAULT_BAUD): Promise<Duplex> {
  if (address.startsWith(TCP_PREFIX)) {
    const colon = address.lastIndexOf(":");
    const host = address.slice(TCP_PREFIX.length, colon).replace(/^\[(.*)\]$/, "$1"); // [::1] as in a URL
    const port = Number(address.slice(colon + 1));
    if (host === "" || !Number.isInteger(port) || port < 1 || port > 0xffff) {
      throw new LinkError("AXV_LINK_ADDRESS", address);
    }
    return connected(address, { host, port });
  }
  const info = await promisify(stat)(address).catch((error: Error) => {
    throw new LinkError("AXV_LINK_UNREACHABLE", address, error.message);
  });
  const problem = info.isSocket() ? socketPathProblem(address) : undefined;
  if (problem !== undefined) throw new LinkError("AXV_LINK_UNREACHABLE", address, problem);
  if (info.isSocket()) return connected(address, { path: address });
  if (info.isCharacterDevice()) return openSerial(address, baud);
  throw new LinkError("AXV_LINK_ADDRESS", address);
}

function connected(address: string, target: NetConnectOpts): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(target);
    const failed = (error: Error): void => reject(new LinkError("AXV_LINK_UNREACHABLE", address, error.message));
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      resolve(socket);
    });
  });
}

/**
 * By stty and Node's own tty, not by serialport: that is a native add-on (version 13 brings one for each of 9 machines),
 * which the archive for the PLC would have to hold; and a tty is what there is on both sides, USB here and a PL011 there.
 */
async function openSerial(device: string, baud: number): Promise<Duplex> {
  // Raw: no line editing, no echo, no CR/LF translation, no flow control; 8N1; modem lines ignored (three-wire cables).
  const settings = [String(baud), "raw", "-echo", "cs8", "-cstopb", "-parenb", "-ixon", "-ixoff", "-crtscts", "clocal", "cread"];
  await promisify(execFile)("stty", ["-F", device, ...settings]).catch((error: Error & { stderr?: string }) => {
    throw new LinkError("AXV_SERIAL_SETUP", device, (error.stderr ?? "").trim() || error.message);
  });
  // O_NOCTTY: a ^C on the line must not become our signal. A ReadStream of a terminal is a socket: it writes as well.
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  const descriptor = await promisify(open)(device, flags).catch((error: Error) => {
    throw new LinkError("AXV_SERIAL_SETUP", device, error.message);
  });
  return new ReadStream(descriptor);
}

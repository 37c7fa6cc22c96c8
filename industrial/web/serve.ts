// The live page, as those serve it who know a running system: where it listens, who may do what, and what stands behind it.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { createSecureContext } from "node:tls";
import { projectVersion } from "../../partitions/project.ts";
import type { CommandName } from "../link/commands.ts";
import type { OpcUaUser } from "../opcua/target.ts";
import { hashPassword } from "../opcua/users.ts";
import type { WebRecord } from "./actions.ts";
import { WebError } from "./errors.ts";
import { Live } from "./live.ts";
import type { Heard, LiveOptions } from "./live.ts";
import { pageFiles } from "./page-files.ts";
import { isOwnAddress } from "./requests.ts";
import { WebServer } from "./server.ts";

export interface WebSettings {
  readonly host: string;
  readonly port: number;
  readonly names: readonly string[];
  readonly users: readonly OpcUaUser[];
  /** Whether everybody may look; undefined: where only this machine gets there. */
  readonly anonymous: boolean | undefined;
  /** Files, PEM. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
}

/** A link, or whoever keeps one open. */
export interface Board extends Heard {
  command(partition: number, name: CommandName): Promise<void>;
  type(partition: number, bytes: Uint8Array): void;
}

export interface ServedParts extends Omit<LiveOptions, "version" | "hasCommands"> {
  readonly board: Board | undefined;
  /** Whether nobody else tells the monitor of what the board says. */
  readonly tellsMonitor: boolean;
  readonly canRecord: () => boolean;
  readonly record: (entry: WebRecord) => void;
}

export interface Served {
  readonly live: Live;
  readonly server: WebServer;
  /** Reads certificate and key again; throws if they are none, and goes on with those that it has. */
  readonly renew: () => void;
  readonly close: () => Promise<void>;
}

export async function serveLive(settings: WebSettings, parts: ServedParts): Promise<Served> {
  const { host, port, names, users, anonymous, tls } = settings;
  const { board, canRecord, record, tellsMonitor, ...options } = parts;
  const isOpen = anonymous ?? isOwnAddress(host);
  if (!isOwnAddress(host) && users.length === 0) throw new WebError("AXV_WEB_NO_LOGIN", `${host}:${port}`);
  const live = new Live({ ...options, version: projectVersion(), hasCommands: board !== undefined });
  const doors = {
    canRecord,
    record,
    command: board && ((partition: number, name: CommandName) => board.command(partition, name)),
    type: board && ((partition: number, bytes: Uint8Array) => board.type(partition, bytes)),
  };
  if (board !== undefined) live.hear(board, tellsMonitor); // before anything is waited for: a board that boots says so once
  let server: WebServer;
  try {
    const files = await pageFiles();
    server = await WebServer.listen({
      live,
      host,
      port,
      names: [...names, hostname()],
      users,
      isOpen,
      tls: tls && readTls(tls),
      doors,
      files,
    });
  } catch (error) {
    live.close();
    throw error;
  }
  const close = async (): Promise<void> => {
    live.close();
    await server.close();
  };
  const renew = (): void => {
    if (tls !== undefined) server.renew(readTls(tls));
  };
  return { live, server, renew, close };
}

function readTls({ certificate, key }: NonNullable<WebSettings["tls"]>): { readonly cert: Buffer; readonly key: Buffer } {
  try {
    const read = { cert: readFileSync(certificate), key: readFileSync(key) };
    createSecureContext(read); // throws if they do not fit one another
    return read;
  } catch (error) {
    throw new WebError(
      "AXV_WEB_CERTIFICATE",
      `${certificate} and ${key}`,
      error instanceof Error ? error.message : String(error),
    );
  }
}

const PASSWORD_BYTES = 10;

/** Somebody who may act as long as this runs: for whoever started it, and reads its terminal. */
export async function userForNow(): Promise<{ readonly user: OpcUaUser; readonly password: string }> {
  const password = randomBytes(PASSWORD_BYTES).toString("base64url");
  return { user: { name: "operator", role: "operator", password: await hashPassword(password) }, password };
}

// axv-part bridge init: a first bridge.yaml, with its users, its certificate and its audit folder, from flags
// or by questions. Nothing is written over.
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { certificatesIn } from "../../../industrial/bridge/pki.ts";
import { readerPlace } from "../../../industrial/bridge/places.ts";
import { checkAgainst, readBridge } from "../../../industrial/bridge/settings.ts";
import type { BridgeSystem } from "../../../industrial/bridge/system.ts";
import { asking } from "../../init/ask.ts";
import { InitError } from "../../init/errors.ts";
import { claim } from "../../output/places.ts";
import { showDiagnostics } from "../../plan/show.ts";
import type { SystemOf } from "../commands.ts";
import { AUDIT_FOLDER, composeBridge } from "./compose.ts";
import { byQuestions, fromFlags } from "./wanted.ts";
import type { BridgeFlags } from "./wanted.ts";

export interface InitOptions extends BridgeFlags {
  readonly output?: string;
}

const STANDARD_FILE = "bridge.yaml";
/** It has a hash of every password in it. */
const OWNER_ONLY = 0o600;
const OWNER_FOLDER = 0o700;

/** Whose tags a channel carries. */
const carried = ({ plan, tags }: BridgeSystem): string[] =>
  tags.table.filter((table) => readerPlace(plan, table.partition, table) !== undefined).map(({ partition }) => partition);

export async function initBridge(systemFile: string, options: InitOptions, systemOf: SystemOf): Promise<void> {
  const { output = join(dirname(systemFile), STANDARD_FILE) } = options;
  const [file = output] = claim([{ path: output, what: "the bridge's file" }], [systemFile]);
  if (existsSync(file)) throw new InitError("AXV_INIT_EXISTS", output);
  const system = systemOf(systemFile);
  const questions = asking(process.stdin, process.stderr);
  const isAsked =
    options.yes !== true && [options.serve, options.user, options.link, options.values].every((each) => each === undefined);
  try {
    const wanted = await (isAsked ? byQuestions(carried(system), questions) : fromFlags(options, carried(system), questions));
    const folder = dirname(file);
    writeFileSync(
      file,
      composeBridge(relative(folder, resolve(systemFile)), hostname().replace(/[^A-Za-z0-9._-]/g, "-"), wanted),
      { flag: "wx", mode: OWNER_ONLY },
    );
    await finish(file, output, system);
  } finally {
    questions.close();
  }
}

async function finish(file: string, shown: string, system: BridgeSystem): Promise<void> {
  const read = readBridge(file);
  const diagnostics = read.settings === undefined ? read.diagnostics : checkAgainst(read, system);
  const { settings, source } = read;
  if (settings === undefined || diagnostics.some(({ severity }) => severity === "error")) {
    rmSync(file);
    showDiagnostics({ diagnostics, source });
    throw new InitError("AXV_INIT_UNSOUND", shown);
  }
  mkdirSync(join(dirname(file), AUDIT_FOLDER), { recursive: true, mode: OWNER_FOLDER });
  console.log(`${shown}: made, for its owner to read; ${AUDIT_FOLDER}/ will hold who wrote what`);
  if (settings.opcua !== undefined) {
    const { makePki } = await import("../../../industrial/bridge/opcua.ts"); // half a second, for those who want it
    await makePki(settings.opcua);
    const own = certificatesIn(settings.opcua.pki).find(({ standing }) => standing === "own");
    if (own !== undefined)
      console.log(
        `the OPC UA server's certificate: ${own.file}, thumbprint ${own.thumbprint}, ` +
          `until ${own.validTo.toISOString().slice(0, 10)}; give it to the clients`,
      );
  }
  console.log(`Next: axv-part bridge ${shown}`);
  if (settings.opcua !== undefined)
    console.log(
      `then let each client knock once, and trust it: axv-part bridge certs ${shown}, axv-part bridge trust ${shown} THUMBPRINT`,
    );
}

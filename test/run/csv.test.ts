import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";
import { recordCsv } from "../../tools/run/csv.ts";
import { Session } from "../../tools/run/session.ts";
import { demoPartitions, FakeBoard } from "./fake-board.ts";
import { pair } from "./pair.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-csv-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function recorded(path: string, partitions = demoPartitions): Promise<string[]> {
  const [host, end] = pair();
  const session = new Session(host, partitions);
  const warnings: string[] = [];
  recordCsv(session, path, (text) => warnings.push(text));
  const board = new FakeBoard(end);
  board.boot();
  for (let period = 0; period < 3; period++) board.tick();
  await new Promise((resolve) => setTimeout(resolve, 20));
  session.link.close();
  return warnings;
}

test("a row for each tag in each frame, with its name", async () => {
  const path = join(folder, "run.csv");
  expect(await recorded(path)).toEqual([]);
  const rows = readFileSync(path, "utf8").split("\r\n");
  expect(rows.slice(0, 3)).toEqual([
    "time_ns,partition,state,restarts,tag,value",
    "1000000000,plc,running,0,scans,1000",
    "1000000000,plc,running,0,overruns,0",
  ]);
  expect(rows).toContain("3000000000,plc,running,0,jitter recent,5000");
  expect(rows).toHaveLength(1 + 3 * 17 + 1); // the last row ends as all do
});

test("names with the table's own signs are quoted; a tag without a name is its index", async () => {
  const path = join(folder, "run.csv");
  await recorded(path, demoPartitions.map((plan) => ({ ...plan, tags: [{ name: 'a "b", c', unit: "count" as const }] })));
  const text = readFileSync(path, "utf8");
  expect(text).toContain('1000000000,plc,running,0,"a ""b"", c",1000\r\n');
  expect(text).toContain("1000000000,plc,running,0,1,0\r\n");
});

test("a disk that is full is said once, and the run goes on; a file that cannot be opened is an error", async () => {
  expect(await recorded("/dev/full")).toEqual([
    expect.stringMatching(/^cannot write \/dev\/full: no space left on device: what comes/),
  ]);
  const [host] = pair();
  expect(() => recordCsv(new Session(host, demoPartitions), folder, () => undefined)).toThrow(
    /cannot write .*: illegal operation on a directory/,
  );
});

function refuses(path: string, ...command: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [BUNDLE, ...command, "--csv", path], { encoding: "utf8" });
  expect({ status, said: stderr.trim().split("\n").at(-1) }, path).toEqual({
    status: 1,
    said: expect.stringContaining("is read for it: choose another place") as string,
  });
}

test("of a board that is watched is refused on what describes it, or who may log in", () => {
  const system = join(folder, "system.yaml");
  writeFileSync(system, readFileSync("partitions/examples/demo.yaml"));
  writeFileSync(join(folder, "users.yaml"), "");
  const profile = join(folder, "guests/plc.yaml");
  mkdirSync(join(folder, "guests"));
  writeFileSync(profile, "extends: plc\n");
  for (const path of [system, profile, join(folder, "users.yaml")])
    refuses(path, "monitor", system, "--link", join(folder, "none.sock"), "--web", "--users", join(folder, "users.yaml"));
});

test("is refused, before anything is built, on what the run reads or writes itself", () => {
  const system = join(folder, "system.yaml");
  writeFileSync(system, readFileSync("partitions/examples/demo.yaml"));
  const others = ["system.yaml", "build/system/image.bin", "build/system/plan.json", "system.tags.json"].map((name) =>
    join(folder, name),
  );
  for (const path of [...others, "build/plc/plc.bin"]) {
    refuses(path, "run", system, "--for", "1s");
  }
  expect(existsSync(join(folder, "build/system/image.bin"))).toBe(false);
});

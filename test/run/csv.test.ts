import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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

test.each([
  ["a,b", '"a,b"'],
  ['a"b"c', '"a""b""c"'],
  ["a\rb", '"a\rb"'],
  ["a\nb", '"a\nb"'],
  ["a;b c", "a;b c"],
])("the name %j is written as %s", async (name, written) => {
  const path = join(folder, "run.csv");
  await recorded(path, demoPartitions.map((plan) => ({ ...plan, tags: [{ name, unit: "count" as const }] })));
  expect(readFileSync(path, "utf8")).toContain(`\r\n1000000000,plc,running,0,${written},1000\r\n`);
});

test("a partition that is not in the plan, and its tags, go by their numbers", () => {
  const path = join(folder, "run.csv");
  const [host] = pair();
  const session = new Session(host, demoPartitions);
  recordCsv(session, path, () => undefined);
  session.emit("partition", {
    partition: 7, time: 5n, state: "paused", uptime: 1n, restarts: 2, consoleDropped: 0, watchdogExpired: 0, doorbells: 0,
    tags: new Map([[3, 4n]]),
  });
  session.link.close();
  expect(readFileSync(path, "utf8")).toBe("time_ns,partition,state,restarts,tag,value\r\n5,#7,paused,2,3,4\r\n");
});

test("the file is closed with the session, and what comes then is not in it", () => {
  const path = join(folder, "run.csv");
  const [host] = pair();
  const session = new Session(host, demoPartitions);
  const isOpen = (): boolean =>
    readdirSync("/proc/self/fd").some((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false; // the folder's own, closed by now
      }
    });
  const warnings: string[] = [];
  recordCsv(session, path, (text) => warnings.push(text));
  expect(isOpen()).toBe(true);
  session.link.close();
  expect(isOpen()).toBe(false);
  const written = readFileSync(path, "utf8");
  session.emit("partition", {
    partition: 1, time: 5n, state: "paused", uptime: 1n, restarts: 2, consoleDropped: 0, watchdogExpired: 0, doorbells: 0,
    tags: new Map([[3, 4n]]),
  });
  session.emit("close", "again");
  expect([readFileSync(path, "utf8"), warnings]).toEqual([written, []]);
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
    "cannot write /dev/full: no space left on device: what comes from now on is not in it",
  ]);
  const [host] = pair();
  expect(() => recordCsv(new Session(host, demoPartitions), folder, () => undefined)).toThrow(
    `cannot write ${folder}: illegal operation on a directory`,
  );
});


import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { judgeHealth } from "../../tools/run/checks.ts";
import { judgeAll, judgeLimits, parseLimit } from "../../tools/run/limits.ts";
import type { PartitionPlan } from "../../industrial/live/monitor.ts";
import { prepare } from "../../tools/run/prepare.ts";
import { Session } from "../../tools/run/session.ts";
import { demoPartitions, FakeBoard } from "./fake-board.ts";
import { pair } from "./pair.ts";

const TAGS = ["scans", "overruns", "cycle min", "cycle avg", "cycle max", "jitter min", "jitter avg", "jitter max"];
const partitions: readonly PartitionPlan[] = demoPartitions.map((plan) =>
  plan.name === "plc"
    ? { ...plan, tags: TAGS.map((name, index) => ({ name, unit: index < 2 ? ("count" as const) : ("ns" as const) })) }
    : plan,
);

describe("a limit", () => {
  test("names a tag, or its maximum, of all partitions or of one", () => {
    expect(parseLimit("jitter=50us", partitions)).toEqual([
      { partition: 1, tag: 7, name: "plc: jitter max", unit: "ns", most: 50_000n },
    ]);
    expect(parseLimit("plc.cycle min=0.9ms", partitions)).toMatchObject([{ tag: 2, most: 900_000n }]);
    expect(parseLimit("overruns=0", partitions)).toMatchObject([{ tag: 1, unit: "count", most: 0n }]);
    const two = [...partitions, { ...partitions[1], name: "other" } as PartitionPlan];
    expect(parseLimit("jitter=1s", two).map(({ name }) => name)).toEqual(["plc: jitter max", "other: jitter max"]);
    expect(parseLimit("other.jitter=1s", two).map(({ partition }) => partition)).toEqual([2]);
  });

  test.each([
    "jitter",
    "jitter=",
    "jitter=-1us",
    "jiter=5us",
    "linux.jitter=5us",
    "=5us",
    "constructor=1",
    "jitter=5us,cycle=3us",
    "jitter=5us;",
    "jitter=5.us",
    "jitter=.5us",
    "PLC.jitter=5us",
    "other.plc.jitter=5us",
  ])("not %s: it says which names there are", (text) => {
    expect(() => parseLimit(text, partitions)).toThrow(
      /is no limit: write NAME=VALUE .*Names: scans, overruns, cycle min, cycle avg, cycle, jitter min, jitter avg, jitter$/,
    );
  });

  test.each([
    ["jitter=50", "a time, such as 50us"],
    ["overruns=5us", "a plain number"],
  ])("%s has the wrong unit", (text, wanted) => {
    expect(() => parseLimit(text, partitions)).toThrow(`"${text}" is no limit: its value is to be ${wanted}`);
  });

  test.each([
    ["jitter=5ns", 5n], ["jitter=5us", 5000n], ["jitter=5µs", 5000n], ["jitter=5ms", 5_000_000n], ["jitter=5s", 5_000_000_000n],
    ["jitter=1.25us", 1250n], ["jitter=0.4ns", 0n], ["jitter=0.5ns", 1n], [" jitter=5ns ", 5n], ["overruns=12", 12n],
  ])("%s is at most %i", (text, most) => expect(parseLimit(text, partitions)[0]?.most).toBe(most));

  test("of a tag and of its maximum the tag itself is meant; a name without a partition is each one's that has it", () => {
    const tags = [{ name: "a max", unit: "ns" as const }, { name: "a", unit: "count" as const }];
    const both = partitions.map((plan) => ({ ...plan, tags }));
    expect(parseLimit("a=1", both)).toEqual([
      { partition: 0, tag: 1, name: "linux: a", unit: "count", most: 1n },
      { partition: 1, tag: 1, name: "plc: a", unit: "count", most: 1n },
    ]);
    expect(parseLimit("a max=1us", both)).toHaveLength(2);
    expect(parseLimit("plc.a=1", both)).toEqual([{ partition: 1, tag: 1, name: "plc: a", unit: "count", most: 1n }]);
  });

  test("names are told once each; where nobody publishes any, that is told", () => {
    const twice = partitions.map((plan) => ({ ...plan, tags: [{ name: "a max", unit: "ns" as const }] }));
    expect(() => parseLimit("b=1", twice)).toThrow(/Names: a$/);
    expect(() => parseLimit("b=1", partitions.map((plan) => ({ ...plan, tags: [] })))).toThrow(
      '"b=1" is no limit: write NAME=VALUE or PARTITION.NAME=VALUE, such as jitter=50us. Names: no partition publishes any',
    );
  });
});

async function judged(limits: readonly string[], periods: number): Promise<string[]> {
  const [host, end] = pair();
  const session = new Session(host, partitions);
  const checks = judgeAll(judgeHealth, judgeLimits(limits.flatMap((text) => parseLimit(text, partitions))))(session);
  const board = new FakeBoard(end);
  board.boot();
  for (let period = 0; period < periods; period++) board.tick();
  await new Promise((resolve) => setTimeout(resolve, 20));
  session.link.close();
  return checks()
    .filter(({ name }) => name.includes("at most"))
    .map(({ name, verdict, detail }) => `${name}: ${verdict}, ${detail}`);
}

test("is kept or not by what was published, and says what that was", async () => {
  // The fake board publishes 100 ns, 900 ns and 12.3 µs of jitter.
  expect(await judged(["jitter=12300ns", "jitter=12299ns", "overruns=0"], 3)).toEqual([
    "plc: jitter max at most 12.3 µs: passed, 12.3 µs",
    "plc: jitter max at most 12.3 µs: failed, 12.3 µs, which is 1 ns more",
    "plc: overruns at most 0: passed, 0",
  ]);
  expect(await judged(["jitter=1us"], 3)).toEqual(["plc: jitter max at most 1.0 µs: failed, 12.3 µs, which is 11.3 µs more"]);
});

test("is of its own partition, and of the largest of all that was published", () => {
  const [host] = pair();
  const session = new Session(host, partitions);
  const checks = judgeLimits(parseLimit("overruns=5", partitions))(session);
  const publish = (partition: number, value: bigint): unknown =>
    session.emit("partition", {
      partition, time: 1n, state: "running", uptime: 1n, restarts: 0, consoleDropped: 0, watchdogExpired: 0, doorbells: 0,
      tags: new Map([[1, value]]),
    });
  const details = (): string[] => checks().map(({ verdict, detail }) => `${verdict}: ${detail}`);
  publish(0, 99n);
  expect(details()).toEqual(["pending: it has published none"]);
  publish(1, 0n);
  expect(details()).toEqual(["passed: 0"]);
  publish(1, 5n);
  publish(1, 3n);
  expect(details()).toEqual(["passed: 5"]);
  publish(1, 7n);
  publish(1, 6n);
  expect(details()).toEqual(["failed: 7, which is 2 more"]);
  session.link.close();
});

test("of what was never published is not kept", async () => {
  expect(await judged(["jitter=1s"], 0)).toEqual(["plc: jitter max at most 1.0 s: pending, it has published none"]);
});

test("one that nobody can keep is said before anything is built or written", async () => {
  const folder = mkdtempSync(join(tmpdir(), "axv-limits-"));
  const said: string[] = [];
  const image = join(folder, "made", "image.bin");
  const inspect = ({ partitions: planned }: { readonly partitions: readonly PartitionPlan[] }): unknown =>
    parseLimit("jiter=5us", planned);
  try {
    await expect(prepare("partitions/examples/demo.yaml", (line) => said.push(line), image, inspect)).rejects.toThrow(
      /"jiter=5us" is no limit/,
    );
    expect(said).toEqual([]);
    expect(existsSync(join(folder, "made"))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

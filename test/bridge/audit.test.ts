// The audit log: what is in it can be proven, whatever happens to the bridge, the disk, or the files afterwards.
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AuditLog, verify } from "../../industrial/bridge/audit.ts";
import type { AuditOptions } from "../../industrial/bridge/audit.ts";

let folder: string;
let options: AuditOptions;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-audit-"));
  options = { folder, size: 1_000_000, files: 100 };
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (index: number): string => join(folder, `audit-${String(index).padStart(8, "0")}.jsonl`);
const clock = (): Date => new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
function write(...entries: unknown[]): void {
  const log = new AuditLog(options, clock);
  for (const entry of entries) expect(log.append(entry)).toBe(true);
  log.close();
}
const ENTRIES = [
  { what: "start" },
  { what: "write", values: { Setpoint: 20, Name: 'a "quoted" ö\n' } },
  { what: "write", values: {} },
];

test("entries are lines that stand one behind the other, each with its number, its time and what it says", () => {
  write(...ENTRIES);
  const lines = readFileSync(file(1), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ number, time, entry }) => ({ number, time, entry }))).toEqual(
    ENTRIES.map((entry, n) => ({ number: n + 1, time: "2026-01-02T03:04:05.000Z", entry })),
  );
  expect(verify(folder)).toMatchObject({ entries: 3, first: 1, head: { number: 3, hash: lines[2]?.["hash"] } });
});

test("a new life goes on where the last one has ended", () => {
  write(...ENTRIES);
  write({ what: "start" });
  expect(verify(folder)).toMatchObject({ entries: 4, head: { number: 4 } });
});

describe("a log that somebody has changed", () => {
  beforeEach(() => write(...ENTRIES, { what: "write", values: { Setpoint: 21 } }));
  const lines = (): string[] => readFileSync(file(1), "utf8").trimEnd().split("\n");
  const put = (all: readonly string[]): void => writeFileSync(file(1), `${all.join("\n")}\n`);
  const wrong = (line: number, why: RegExp): void => {
    expect(() => verify(folder)).toThrow(expect.objectContaining({ code: "AXV_AUDIT_BROKEN" }));
    expect(() => verify(folder)).toThrow(why);
    expect(() => verify(folder)).toThrow(`${file(1)}:${line}: `);
  };

  test("any character of any line", () => {
    const all = lines();
    for (const [at, line] of all.entries()) {
      for (let k = 0; k < line.length; k += 3) {
        const changed = line.slice(0, k) + (line[k] === "1" ? "2" : "1") + line.slice(k + 1);
        put(all.with(at, changed));
        expect(() => verify(folder), `line ${at}, character ${k}`).toThrow(expect.objectContaining({ code: "AXV_AUDIT_BROKEN" }));
      }
    }
  });
  test("a line is missing", () => {
    put(lines().toSpliced(1, 1));
    wrong(2, /does not follow/);
  });
  test("two lines have changed places", () => {
    const [a = "", b = "", c = "", d = ""] = lines();
    put([a, c, b, d]);
    wrong(2, /does not follow/);
  });
  test("a line stands twice", () => {
    const all = lines();
    put([...all, all[3] ?? ""]);
    wrong(5, /does not follow/);
  });
  test("the first line is missing", () => {
    put(lines().slice(1));
    wrong(1, /does not follow/);
  });
  test("something that is no entry stands between", () => {
    put(lines().toSpliced(2, 0, "nothing happened here"));
    wrong(3, /no entry/);
  });
});

describe("files", () => {
  test("a file that is full is followed by the next one, and the oldest ones go; the chain holds across them", () => {
    options = { ...options, size: 300, files: 3 };
    write(...Array.from({ length: 20 }, (_, n) => ({ what: "write", n })));
    const names = readdirSync(folder).sort();
    expect(names).toHaveLength(3);
    expect(names).not.toContain("audit-00000001.jsonl");
    const { entries, first, head } = verify(folder);
    expect(head.number).toBe(20);
    expect(entries).toBe(20 - first + 1);
    expect(first).toBeGreaterThan(1);
  });

  test("one of them is missing", () => {
    options = { ...options, size: 300 };
    write(...Array.from({ length: 20 }, (_, n) => ({ what: "write", n })));
    rmSync(file(4));
    expect(() => verify(folder)).toThrow(/audit-00000005.jsonl:1: it does not follow/);
  });

  test("none is there", () => {
    expect(() => verify(folder)).toThrow(expect.objectContaining({ code: "AXV_AUDIT_NONE" }));
    expect(() => verify(join(folder, "nowhere"))).toThrow(expect.objectContaining({ code: "AXV_AUDIT_NONE" }));
  });
});

test("a line that a crash has cut off anywhere is ended, and the log goes on behind it", () => {
  write(...ENTRIES);
  const whole = readFileSync(file(1), "utf8");
  const last = whole.trimEnd().lastIndexOf("\n") + 1;
  for (let cut = last + 1; cut < whole.length - 1; cut += 7) {
    writeFileSync(file(1), whole.slice(0, cut));
    write({ what: "start" });
    expect(verify(folder), `cut at ${cut - last}`).toMatchObject({ entries: 3, head: { number: 3 } });
  }
  // All of it but the end of the line: it was written, and stays.
  writeFileSync(file(1), whole.trimEnd());
  write({ what: "start" });
  expect(verify(folder)).toMatchObject({ entries: 4 });
});

test("what cannot be written is said, and waits; the log stays whole", () => {
  const log = new AuditLog({ ...options, size: 1 }, clock); // a file each
  expect(log.append({ n: 1 })).toBe(true);
  mkdirSync(file(2)); // a folder in the place of the next file
  expect(log.append({ n: 2 })).toBe(false);
  expect(log.failed).toMatch(/EISDIR/);
  renameSync(file(2), join(folder, "elsewhere"));
  expect(log.append({ n: 3 })).toBe(true);
  expect(log.failed).toBeUndefined();
  log.close();
  expect(verify(folder)).toMatchObject({ entries: 3 });
  expect(() => new AuditLog({ ...options, folder: file(1) })).toThrow(expect.objectContaining({ code: "AXV_AUDIT_UNUSABLE" }));
  appendFileSync(file(1), "");
});

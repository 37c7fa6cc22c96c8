// Sizes, durations and addresses to the last unit: partitions/units.ts; and how the project's own files are called: project.ts.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { displayPath, inProject, PROJECT_ROOT, projectVersion } from "../../partitions/project.ts";
import {
  alignDown, alignUp, common, contains, end, formatDuration, formatNumbers, formatSize, formatSpan, GIB, gapsOf, hex, KIB, MIB,
  overlaps, PAGE, pagesOf, parseDuration, parseSize, TIB,
} from "../../partitions/units.ts";

test("units are of 1024", () => expect([KIB, MIB, GIB, TIB]).toEqual([2 ** 10, 2 ** 20, 2 ** 30, 2 ** 40]));

test.each([
  [1023, "1023 bytes"], [1024, "1K"], [1025, "1025 bytes"], [MIB - KIB, "1023K"], [MIB, "1M"], [MIB + KIB, "1025K"],
  [GIB - MIB, "1023M"], [GIB, "1G"], [1.5 * GIB, "1536M"], [TIB, "1024G"],
])("%i bytes are %s", (bytes, text) => expect(formatSize(bytes)).toBe(text));

test.each([
  [0, "0s"], [1, "1us"], [999, "999us"], [1000, "1ms"], [1001, "1001us"], [999_000, "999ms"], [1_000_000, "1s"],
  [1_001_000, "1001ms"], [1_000_001, "1000001us"],
])("%i µs are %s", (microseconds, text) => expect(formatDuration(microseconds)).toBe(text));

test.each([["x1K", undefined], ["1Kx", undefined], ["K", undefined], ["10M", 10 * MIB], ["", undefined]])(
  "the size %j is %s", (text, bytes) => expect(parseSize(text)).toBe(bytes));
test.each([["x1s", undefined], ["1sx", undefined], ["s", undefined], ["10ms", 10_000], ["us", undefined]])(
  "the duration %j is %s", (text, microseconds) => expect(parseDuration(text)).toBe(microseconds));

test.each([
  [[], ""], [[5], "5"], [[0, 1], "0-1"], [[0, 2], "0, 2"], [[0, 1, 3, 4, 5, 9], "0-1, 3-5, 9"],
])("the numbers %j are %j", (numbers, text) => expect(formatNumbers(numbers)).toBe(text));

test("addresses have eight digits, or more", () => {
  expect([0, 0x9000000, 0xffff_ffff, 0x1_0000_0000].map(hex)).toEqual(["0x00000000", "0x09000000", "0xffffffff", "0x100000000"]);
  expect(formatSpan({ base: 0x1000, size: 0x1000 })).toBe("0x00001000…0x00002000");
});

test("what is aligned stays", () => {
  expect([0, 1, 15, 16, 17].map((value) => alignUp(value, 16))).toEqual([0, 16, 16, 16, 32]);
  expect([0, 1, 15, 16, 17].map((value) => alignDown(value, 16))).toEqual([0, 0, 0, 16, 16]);
});

describe("two spans", () => {
  const span = (base: number, to: number) => ({ base, size: to - base });
  test.each<[string, [number, number], [number, number], boolean, boolean, [number, number] | undefined]>([
    // do they overlap, is the second in the first, what both have
    ["the same", [4, 8], [4, 8], true, true, [4, 8]],
    ["one in the other", [4, 8], [5, 7], true, true, [5, 7]],
    ["one around the other", [5, 7], [4, 8], true, false, [5, 7]],
    ["the second later", [4, 8], [6, 9], true, false, [6, 8]],
    ["the second earlier", [4, 8], [3, 5], true, false, [4, 5]],
    ["touching above", [4, 8], [8, 9], false, false, undefined],
    ["touching below", [4, 8], [3, 4], false, false, undefined],
    ["apart above", [4, 8], [9, 10], false, false, undefined],
    ["apart below", [4, 8], [1, 2], false, false, undefined],
    ["as long as the first, from its start", [4, 8], [4, 6], true, true, [4, 6]],
    ["to its end", [4, 8], [6, 8], true, true, [6, 8]],
    ["one beyond its end", [4, 8], [6, 9], true, false, [6, 8]],
  ])("%s", (_, a, b, overlap, inside, both) => {
    const [first, second] = [span(...a), span(...b)];
    expect([overlaps(first, second), overlaps(second, first), contains(first, second)]).toEqual([overlap, overlap, inside]);
    expect(common(first, second)).toEqual(both === undefined ? [] : [span(...both)]);
    expect(end(first)).toBe(a[1]);
  });

  test("pages that one touches", () => {
    expect(pagesOf(span(0, PAGE))).toEqual(span(0, PAGE));
    expect(pagesOf(span(PAGE - 1, PAGE + 1))).toEqual(span(0, 2 * PAGE));
    expect(pagesOf(span(PAGE, PAGE + 1))).toEqual(span(PAGE, 2 * PAGE));
  });

  test("what nobody has taken of several", () => {
    const gaps = (spans: [number, number][], taken: [number, number][]) =>
      gapsOf(spans.map((each) => span(...each)), taken.map((each) => span(...each))).map(({ base, size }) => [base, base + size]);
    expect(gaps([[20, 30], [0, 10]], [])).toEqual([[0, 10], [20, 30]]);
    expect(gaps([[0, 10], [20, 30]], [[5, 25]])).toEqual([[0, 5], [25, 30]]);
    expect(gaps([[0, 10]], [[3, 4], [6, 7]])).toEqual([[0, 3], [4, 6], [7, 10]]);
    expect(gaps([[0, 10]], [[10, 12]])).toEqual([[0, 10]]);
    expect(gaps([[0, 10]], [[0, 10]])).toEqual([]);
    const given = [span(20, 30), span(0, 10)];
    gapsOf(given, []);
    expect(given, "what was given stays").toEqual([span(20, 30), span(0, 10)]);
  });
});

describe("the project's own files", () => {
  test("are in its folder, and it has the version of its package.json", () => {
    expect(PROJECT_ROOT).toBe(resolve(import.meta.dirname, "../.."));
    expect([inProject("boards"), inProject("/etc")]).toEqual([join(PROJECT_ROOT, "boards"), "/etc"]);
    expect(readFileSync("package.json", "utf8")).toContain(`"version": "${projectVersion()}"`);
    expect(projectVersion()).toMatch(/^\d+\.\d+\.\d+/);
  });

  test("are called as from here, unless that would go up three folders", () => {
    const here = process.cwd();
    const up = (folders: number): string => resolve(here, ...Array<string>(folders).fill(".."), "x");
    expect(displayPath(join(here, "a/b"))).toBe("a/b");
    expect(displayPath(here)).toBe(".");
    expect(displayPath(up(2))).toBe("../../x");
    const far = up(3);
    expect(displayPath(far)).toBe(here.split("/").length > 3 ? far : displayPath(far));
  });
});

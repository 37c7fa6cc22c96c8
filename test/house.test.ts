// House rules that a program can look after: modules of the tools import one another in one direction.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const IMPORTING = ["boards", "industrial", "partitions", "rtos-guests/profiles", "tools"];
const FOLDERS = ["boards", "industrial", "partitions", "rtos-guests", "test", "tools"];

const files = IMPORTING.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|yaml)$/.test(name))
    .map((name) => join(folder, name)),
);
const texts = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));

const importsOf = (file: string): string[] =>
  [...(texts.get(file) ?? "").matchAll(/^(?:import|export)\b[^;]*? from "(\.[^"]+)"/gm)].map(([, path = ""]) =>
    normalize(join(dirname(file), path)),
  );

/** From a module back to itself. */
function circleFrom(start: string): string[] | undefined {
  const trail = [[start]];
  const seen = new Set<string>();
  for (let path = trail.pop(); path !== undefined; path = trail.pop()) {
    for (const next of importsOf(path.at(-1) ?? "")) {
      if (next === start) return [...path, start];
      if (texts.has(next) && !seen.has(next)) trail.push([...path, next]);
      seen.add(next);
    }
  }
  return undefined;
}

test("no import leads back to where it comes from", () => {
  expect(files.length).toBeGreaterThan(150);
  expect(files.flatMap((file) => circleFrom(file)?.join(" → ") ?? [])).toEqual([]);
});

/** Characters, not bytes: comments are drawn with some that have three. */
const COLUMNS = 130;
/** Files that are wrong, some of them by their length. */
const DATA = "test/partitions/bad/";
/** A regular expression, which is one literal: no line break may stand in it. */
const isUnbreakable = (line: string): boolean => /^\s*\/[^/*].*\/[a-z]*[,;]$/.test(line);

test("lines have 130 columns at most, so that two files stand beside one another", () => {
  const held = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((name) => !name.startsWith(DATA) && /\.(ts|S|c|h|ld|yaml|css|html)$/.test(name)),
  );
  expect(held.length).toBeGreaterThan(100);
  const long = held.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, at) => ([...line].length > COLUMNS && !isUnbreakable(line) ? [`${file}:${at + 1}`] : [])),
  );
  expect(long).toEqual([]);
});

test("boards know nothing of partitions", () => {
  expect(
    files.filter((file) => file.startsWith("boards/") && importsOf(file).some((path) => path.startsWith("partitions/"))),
  ).toEqual([]);
});

// House rules that a program can look after: modules of the tools import one another in one direction.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const FOLDERS = ["boards", "industrial", "partitions", "rtos-guests/profiles", "tools"];

const files = FOLDERS.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|yaml)$/.test(name))
    .map((name) => join(folder, name)),
);
const texts = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));

const importsOf = (file: string): string[] =>
  [...(texts.get(file) ?? "").matchAll(/^(?:import|export)\b[^;]*? from "(\.[^"]+)"/gm)].map(([, path = ""]) => normalize(join(dirname(file), path)));

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

test("boards know nothing of partitions", () => {
  expect(files.filter((file) => file.startsWith("boards/") && importsOf(file).some((path) => path.startsWith("partitions/")))).toEqual([]);
});

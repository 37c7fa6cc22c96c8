// axv-part codes lists every code that there is, and no other, each with the severity that it has.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CODES } from "../../partitions/diagnostics/codes.table.ts";
import { allCodes } from "../../tools/codes.ts";

const sources = ["partitions", "tools", "industrial"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith("codes.table.ts") && !file.endsWith("tools/codes.ts"))
    .map((file) => readFileSync(`${folder}/${file}`, "utf8")),
);

describe("axv-part codes", () => {
  const listed = allCodes();

  test("lists every code that a source names", () => {
    const named = sources.flatMap((text) => [
      ...(text.match(/AXV-P\d{3}/g) ?? []),
      // Errors are made with their codes: new RunError("AXV_…"), or have them as a constant.
      ...[...text.matchAll(/(?:Error\(\s*|code = |UNEXPECTED = )"([A-Za-z][A-Za-z_-]+)"/g)].flatMap(([, code = ""]) =>
        /^AXV_|^[a-z]+-[a-z-]+$/.test(code) ? [code] : [],
      ),
    ]);
    const known = new Set(listed.map(({ code }) => code));
    expect([...new Set(named)].filter((code) => !known.has(code) && !code.startsWith("AXV_PART"))).toEqual([]);
    expect(new Set(named).size).toBeGreaterThan(120);
  });

  test("lists no code that no source has", () => {
    expect(listed.map(({ code }) => code).filter((code) => !sources.some((text) => text.includes(code)))).toEqual([]);
    expect(listed.filter(({ meaning }) => meaning.length < 10 || meaning.includes("undefined"))).toEqual([]);
  });

  test("has the severities of the catalogue", () => {
    const catalogue = readFileSync("partitions/diagnostics/catalogue.ts", "utf8");
    const found = [...catalogue.matchAll(/(error|warning)\(\s*"(AXV-P\d{3})"/g)].map(
      ([, severity, code = ""]) => [code, severity] as const,
    );
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(CODES).map(([code, { severity }]) => [code, severity])),
    );
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { displayWidth, fit, layOut } from "../../tools/run/columns.ts";

interface Row {
  readonly name: string;
  readonly count: string;
}
const columns = [
  { title: "NAME", align: "left" as const, cell: (row: Row) => row.name },
  { title: "N", align: "right" as const, width: 4, cell: (row: Row) => row.count },
  { title: "END", align: "left" as const, cell: () => "x" },
];

test("columns are as wide as their widest cell, or their least width; colours take no room", () => {
  expect(layOut(columns, [{ name: "linux", count: "7" }, { name: "\u001b[32mp\u001b[0m", count: "12345" }])).toEqual([
    "NAME       N  END",
    "linux      7  x",
    "\u001b[32mp\u001b[0m      12345  x",
  ]);
});

test("no rows: titles alone", () => expect(layOut(columns, [])).toEqual(["NAME     N  END"]));

describe("fit", () => {
  test("cuts, and says so", () => expect(fit("0123456789", 5)).toBe("0123…"));
  test("leaves what fits", () => expect(fit("01234", 5)).toBe("01234"));
  test("keeps colours behind the cut: they switch themselves off", () => {
    expect(fit("\u001b[1m0123456789\u001b[22m", 5)).toBe("\u001b[1m0123…\u001b[22m");
  });
  test("never is wider than asked for", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii", maxLength: 40 }), fc.integer({ min: 1, max: 30 }), (text, width) => {
        expect(displayWidth(fit(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

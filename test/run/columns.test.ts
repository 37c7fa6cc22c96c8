import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Column, displayWidth, fit, layOut, layOutFolded } from "../../tools/run/columns.ts";

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

test.each([
  ["", 0], ["abc", 3], ["\u001b[31mab\u001b[0m", 2], ["系统", 4], ["e\u0301", 1], ["\u200b", 0], ["\u1100", 2], ["\uac00", 2],
  ["\uff21", 2], ["\uff61", 1], ["😀", 2], ["🚀", 2], ["🤖", 2], ["\u{20000}", 2], ["ä–…│", 4],
])("%j takes %i columns", (text, width) => expect(displayWidth(text)).toBe(width));

test.each([
  ["abc", 0, ""],
  ["abc", 1, "…"],
  ["abc", 2, "a…"],
  ["abc", 3, "abc"],
  ["", 0, ""],
  ["系统", 3, "系…"],
  ["系统", 2, "…"],
  ["a系统", 3, "a…"],
  ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
  ["\u001b[1mabc\u001b[22md\u001b[0m", 2, "\u001b[1ma…\u001b[22m\u001b[0m"],
  ["\u001b[38;5;1mabc", 0, "\u001b[38;5;1m"],
])("%j in %i columns is %j", (text, width, cut) => expect(fit(text, width)).toBe(cut));

describe("tables that are folded", () => {
  const named = (...titles: string[]): Column<string>[] => titles.map((title) => ({ title, align: "left", cell: (row) => row }));

  test("as few as fit, each with the first column; at the very width they fit", () => {
    const columns = named("A", "BB", "CC", "DD");
    expect(layOutFolded(columns, ["x"], 13)).toEqual([["A  BB  CC  DD", "x  x   x   x"]]);
    expect(layOutFolded(columns, ["x"], 12)).toEqual([["A  BB  CC", "x  x   x"], ["A  DD", "x  x"]]);
    expect(layOutFolded(columns, ["x"], 9)).toEqual([["A  BB  CC", "x  x   x"], ["A  DD", "x  x"]]);
    expect(layOutFolded(columns, ["x"], 8)).toEqual([["A  BB", "x  x"], ["A  CC", "x  x"], ["A  DD", "x  x"]]);
    expect(layOutFolded(columns, ["x"], 1)).toEqual([["A  BB", "x  x"], ["A  CC", "x  x"], ["A  DD", "x  x"]]);
  });

  test("of one column, of none, and of no rows", () => {
    expect(layOutFolded(named("A"), ["x"], 1)).toEqual([["A", "x"]]);
    expect(layOutFolded([], ["x"], 80)).toEqual([]);
    expect(layOutFolded(named("A", "B"), [], 80)).toEqual([["A  B"]]);
  });
});

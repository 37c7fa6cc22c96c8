// Reading what binaryen prints, naming things in C, telling debuggers where they come from.
import { describe, expect, test } from "vitest";
import { withLineDirectives } from "../../tools/build/translate/lines.ts";
import { isIdentifier, Names, sourceName } from "../../tools/build/translate/names.ts";
import { decodeString, parseText, type List } from "../../tools/build/translate/text.ts";

const at = (line: number, file = "core/a.ts") => ({ file, line, column: 1 });

/** Head and line of every list, in order. */
const linesOf = (list: List): [unknown, number | undefined][] => [
  [list.items[0], list.at?.line],
  ...list.items.flatMap((item) => (typeof item === "string" ? [] : linesOf(item))),
];

describe("WebAssembly text", () => {
  test("a location holds until the next one; an empty one means there is none", () => {
    const text = `(module
      (func $f
        ;;@ core/a.ts:3:4
        (call $g
          (local.get $0)
          ;;@ core/a.ts:4:0
          (local.get $1))
        ;;@
        (drop (i32.const 1)))
      (func $g
        (nop)))`;
    expect(linesOf(parseText(text))).toEqual([
      ["module", undefined],
      ["func", undefined],
      ["call", 3],
      ["local.get", 3],
      ["local.get", 4],
      ["drop", undefined],
      ["i32.const", undefined],
      ["func", undefined],
      ["nop", undefined],
    ]);
    expect(parseText("(a\n;;@ core/b.ts:7:9\n(b))").items[1]).toMatchObject({ at: { file: "core/b.ts", line: 7, column: 10 } });
  });

  test("strings and quoted names may hold parentheses, semicolons and escapes", () => {
    expect(parseText('(data $"a (b); c" "x\\"(;;" (; (comment) ;) $end)').items).toEqual([
      "data",
      '$"a (b); c"',
      '"x\\"(;;"',
      "$end",
    ]);
    expect(decodeString('"a\\00\\ff\\t\\n\\r\\"\\\'\\\\ä"')).toEqual(
      Uint8Array.of(0x61, 0, 255, 9, 10, 13, 34, 39, 92, 0xc3, 0xa4),
    );
    expect(sourceName('$"a (b); c"')).toBe("a (b); c");
  });

  test("text that ends too soon is refused", () => {
    expect(() => parseText("(module (func")).toThrow(SyntaxError);
  });
});

describe("names", () => {
  test("are C's, and no two alike", () => {
    const names = new Names(["boot"]);
    expect(["core/vgic/inject", "core-vgic-inject", "boot", "switch", "u32", "7", ""].map((name) => names.claim(name))).toEqual([
      "core_vgic_inject", "core_vgic_inject_2", "boot_2", "switch_2", "u32_2", "_7", "_",
    ]);
  });

  test("of exports must be C's as they are", () => {
    expect(["trapSync", "_a1"].every(isIdentifier)).toBe(true);
    expect(["", "1a", "a-b", "a b", "return", "LINEAR"].some(isIdentifier)).toBe(false);
  });
});

describe("#line", () => {
  test("stands where C's own count is wrong, and nowhere else", () => {
    const lines = [
      { text: "a;", at: at(5) },
      { text: "b;", at: at(6) },
      { text: "}", at: undefined },
      { text: "c;", at: at(7) },
      { text: "d;", at: at(9, "~lib/rt.ts") },
    ];
    expect(withLineDirectives(lines)).toEqual([
      '#line 5 "core/a.ts"',
      "a;",
      "b;",
      "}",
      '#line 7 "core/a.ts"',
      "c;",
      '#line 9 "node_modules/assemblyscript/std/assembly/rt.ts"',
      "d;",
    ]);
  });
});

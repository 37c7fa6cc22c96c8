// A YAML file as it is read: its mistakes, whole, and where something stands in it: partitions/source/yaml.ts, keys.ts,
// mistakes.ts, text.ts.
import { describe, expect, test } from "vitest";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { decodeUtf8, lines, oneLine, pictured } from "../../partitions/source/text.ts";

const told = ({ diagnostics }: YamlSource): string[] =>
  diagnostics.map(({ line, column, code, message, remedy }) => `${line}:${column} ${code} ${message}: ${remedy}`);

const of = (text: string): YamlSource => new YamlSource("a.yaml", text);

describe("mistakes", () => {
  const INVALID = "AXV-P002 this is no valid YAML:";
  test.each<[string, string, readonly string[]]>([
    ["nothing is none", "", []],
    ["an indentation", "a:\n - b\n c: 1\n",
      [`3:1 ${INVALID} All mapping items must start at the same column: mind indentation, quotes and brackets up to this point`]],
    ["a tag that nobody knows", "a: !mine b\n", [`1:4 ${INVALID} Unresolved tag: !mine: remove the tag: values here need none`]],
    ["two documents", "a: 1\n---\nb: 1\n",
      [`2:1 ${INVALID} a second document begins here: remove one of the two, and the --- between them`]],
    ["another version", "%YAML 1.1\n---\na: 1\n",
      ["1:1 AXV-P092 %YAML 1.1: files here are YAML 1.2, and another version would give other numbers and truth values: remove " +
        "the line"]],
    ["another directive", "# a comment\n%FOO bar\r\n---\n",
      ["2:1 AXV-P092 %FOO bar: files here know no such directive: remove the line"]],
    ["an alias of nothing", "a: *b\n",
      [`1:4 ${INVALID} *b stands for nothing that was named before: write &b in front of the value that it is to stand for, or ` +
        "write the value itself"]],
    ["one of several", "a: &a 1\nb: [*a, *c]\n",
      [`2:9 ${INVALID} *c stands for nothing that was named before: write &c in front of the value that it is to stand for, or ` +
        "write the value itself"]],
    ["a key twice", "a: 1\nb: 2\na: 3\n",
      ['3:1 AXV-P003 "a" stands here a second time: give it another name, or remove one of the two']],
    ["a key twice, deep in a list", "x:\n  - a: 1\n    a: 2\n",
      ['3:5 AXV-P003 "a" stands here a second time: give it another name, or remove one of the two']],
    ["a key as a number and as a text", "1: a\n'1': b\n",
      ['2:1 AXV-P003 "1" stands here a second time: give it another name, or remove one of the two']],
    ["a list as a key", "[a]: 1\n",
      ["1:1 AXV-P009 a list cannot stand in front of a colon: write a plain name there, another one"]],
    ["a mapping as a key", "{ a: b }: 1\n",
      ["1:1 AXV-P009 a mapping cannot stand in front of a colon: write a plain name there, another one"]],
    ["an alias as a key", "a: &x b\n*x : 1\n",
      ["2:1 AXV-P009 the alias *x cannot stand in front of a colon: write a plain name there, another one"]],
    ["a key that is none in JavaScript", "__proto__: 1\n",
      ['1:1 AXV-P009 "__proto__" cannot stand in front of a colon: write a plain name there, another one']],
  ])("%s", (_, text, expected) => expect(told(of(text))).toEqual(expected));

  test.each([["brackets", "["], ["lists", "- "]])("%s in one another too deeply are one mistake", (_, open) => {
    expect(told(of(open.repeat(20_000))).map((text) => text.replace(/^1:\d+ /, ""))).toEqual([
      `${INVALID} lists and mappings are in one another too deeply: close each bracket that is open, or put fewer of them in ` +
        "one another",
    ]);
  });

  test("too many aliases, at the first of them", () => {
    const laughs = Array.from({ length: 9 }, (_, at) => `x${at + 1}: &x${at + 1} [${`*x${at}, `.repeat(9)}]\n`).join("");
    expect(told(of(`x0: &x0 [1]\n${laughs}`))).toEqual([
      `2:10 ${INVALID} the aliases from here on stand for too much: write out values in place of some of them`,
    ]);
  });

  test("a value that is wrong by its keys alone can be read besides; one that is no YAML means nothing", () => {
    const keys = of("a: 1\n[b]: 2\na: 3\n: 4\n__proto__: 5\nc: { __proto__: 1 }\n");
    expect([keys.broken, keys.value]).toEqual([false, { "a": 3, "": 4, "c": {} }]);
    const broken = of("a: [\n");
    expect([broken.broken, broken.value]).toEqual([true, undefined]);
    const alias = of("a: *b\n");
    expect([alias.broken, alias.value]).toEqual([true, undefined]);
  });

  test("a file that cannot be read, or is no UTF-8, has that mistake alone", () => {
    const unreadable = YamlSource.unreadable("a.yaml", "it is a folder");
    expect(told(unreadable)).toEqual([
      "1:1 AXV-P001 a.yaml cannot be read: it is a folder: give the path of a file that is there and readable",
    ]);
    expect([unreadable.text, unreadable.value, unreadable.broken, unreadable.diagnostics[0]?.file]).toEqual([
      "", undefined, true, "a.yaml",
    ]);
    const latin = YamlSource.of("a.yaml", Buffer.from("a: [\nb: \xe9\n", "latin1"));
    expect(told(latin)).toEqual(["2:4 AXV-P091 the byte 0xe9 here is no UTF-8: save the file as UTF-8"]);
    expect([latin.broken, latin.value, latin.text]).toEqual([true, undefined, "a: [\nb: \ufffd\n"]);
    expect(YamlSource.of("a.yaml", Buffer.from("a: é\n")).value).toEqual({ a: "é" });
  });
});

describe("where something stands", () => {
  const source = of(
    "top: 1\nlist:\n  - first\n  - name: x\n    empty:\nmap: { a: &anchor { b: 2 }, c: *anchor, d: }\n" +
      "nothing:\nlast: [[1, 2], ]\n",
  );
  test.each<[readonly (string | number)[], string, string]>([
    [[], "1:1", "1:1"],
    [["top"], "1:1", "1:6"],
    [["top", "inner"], "1:6", "1:6"],
    [["list"], "2:1", "3:3"],
    [["list", 0], "3:5", "3:5"],
    [["list", 0, "inner"], "3:5", "3:5"],
    [["list", 1, "name"], "4:5", "4:11"],
    [["list", 1, "empty"], "5:5", "5:5"],
    [["list", 1, "empty", "inner"], "5:5", "5:5"],
    [["list", 1, "none"], "4:5", "4:5"],
    [["list", 9], "2:1", "2:1"],
    [["list", "name"], "3:3", "3:3"],
    [["map", "a"], "6:8", "6:19"],
    [["map", "a", "b"], "6:21", "6:24"],
    [["map", "c"], "6:29", "6:32"],
    [["map", "c", "b"], "6:21", "6:24"],
    [["map", "c", "b", "z"], "6:24", "6:24"],
    [["map", "d"], "6:41", "6:41"],
    [["nothing"], "7:1", "7:1"],
    [["nothing", "inner"], "7:1", "7:1"],
    [["last", 0, 1], "8:12", "8:12"],
    [["none"], "1:1", "1:1"],
    [["none", "inner"], "1:1", "1:1"],
  ])("%j: its key at %s, its value at %s", (path, key, value) => {
    const at = (part: "key" | "value"): string => {
      const { line, column } = source.locate(path, part);
      return `${line}:${column}`;
    };
    expect([at("key"), at("value")]).toEqual([key, value]);
  });

  test("in an empty file, and of a key that stands twice, the last one", () => {
    expect(of("").locate(["a"], "value")).toEqual({ line: 1, column: 1 });
    expect(of("\n\n").locate([], "value")).toEqual({ line: 1, column: 1 });
    expect(of("a: 1\na:   2\n").locate(["a"], "value")).toEqual({ line: 2, column: 6 });
    expect(of("1: a\n").locate([1], "value")).toEqual({ line: 1, column: 4 });
  });
});

describe("text of others", () => {
  test("is shown whole up to 600 characters, and beyond that without its middle", () => {
    expect(oneLine("x".repeat(600))).toBe("x".repeat(600));
    expect(oneLine(`${"a".repeat(300)}-${"b".repeat(300)}`)).toBe(`${"a".repeat(300)} … ${"b".repeat(300)}`);
  });

  test.each([
    ["\0", "\\u0000", "\u2400"],
    ["\u001b", "\\u001b", "\u241b"],
    ["\u001f", "\\u001f", "\u241f"],
    ["\u007f", "\\u007f", "\ufffd"],
    ["\u009f", "\\u009f", "\ufffd"],
    ["\u00ad", "\\u00ad", "\ufffd"],
    ["\u202e", "\\u202e", "\ufffd"],
    ["\ufeff", "\\ufeff", "\ufffd"],
    ["\ud83d", "\\ud83d", "\ufffd"],
    ["\ude00", "\\ude00", "\ufffd"],
    ["\n", "\\u000a", "\u240a"],
    ["\t", "\\u0009", "\t"],
  ])("what cannot be shown is written out in a sentence, and one character wide in a line: %j", (text, written, drawn) => {
    expect([oneLine(`a${text}b${text}`), pictured(`a${text}b${text}`)]).toEqual([
      `a${written}b${written}`, `a${drawn}b${drawn}`,
    ]);
  });

  test("what can be shown stays: a space, a tilde, letters of others, whole pairs", () => {
    for (const text of [" ", "~", "\u00a0", "é", "😀😀", "\u200a", "\u2010", "\u2070"])
      expect([oneLine(text), pictured(text)]).toEqual([text, text]);
  });

  test("lines stay lines, each by itself", () => {
    expect(lines("a\nb\u0007\n")).toBe("a\nb\\u0007\n");
    expect(lines(`${"x".repeat(601)}\ny`)).toBe(`${"x".repeat(300)} … ${"x".repeat(300)}\ny`);
  });

  test("what is no UTF-8 is found where it is, with what could be read", () => {
    expect(decodeUtf8(Buffer.from("\ufeffaé"))).toEqual({ text: "aé", wrong: undefined });
    expect(decodeUtf8(Uint8Array.of(0x61, 0xff, 0x62))).toEqual({
      text: "a\ufffdb", wrong: { line: 1, column: 2, byte: 0xff },
    });
    expect(decodeUtf8(Uint8Array.of(0x0a, 0x0a, 0xff)).wrong).toEqual({ line: 3, column: 1, byte: 0xff });
    expect(decodeUtf8(Uint8Array.of(0x0a, 0x62, 0xc3)).wrong).toEqual({ line: 2, column: 2, byte: 0xc3 });
    expect(decodeUtf8(new Uint8Array())).toEqual({ text: "", wrong: undefined });
  });
});

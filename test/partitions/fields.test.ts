// What is wrong with what a person wrote, in their words, and where: partitions/source/fields.ts and words.ts.
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { own, readFields, readWhole, shown } from "../../partitions/source/fields.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";

const told = (findings: Findings): string[] =>
  findings.sorted.map(({ line, column, code, message, remedy }) => `${line}:${column} ${code} ${message}: ${remedy}`);

/** What is told of a text by a schema, and what is read. */
function read(schema: z.ZodType, text: string): { told: string[]; value: unknown } {
  const source = new YamlSource("file.yaml", text);
  const findings = new Findings(source);
  const value = readWhole(schema, source.value, findings);
  return { told: told(findings), value };
}

describe("what was written, in a message", () => {
  test.each<[unknown, string]>([
    [null, "nothing"],
    [undefined, "nothing"],
    [[], "a list"],
    [[1], "a list"],
    [{}, "a mapping"],
    [Number.NaN, ".nan"],
    [Number.POSITIVE_INFINITY, ".inf"],
    [Number.NEGATIVE_INFINITY, "-.inf"],
    [5, "5"],
    [-0.5, "-0.5"],
    ["text", '"text"'],
    [true, "true"],
  ])("%s: %s", (value, text) => expect(shown(value)).toBe(text));
});

describe("the value of a key", () => {
  test.each<[unknown, PropertyKey, unknown]>([
    [{ a: 1 }, "a", 1],
    [{ a: 1 }, "b", undefined],
    [{}, "constructor", undefined],
    [[7], 0, 7],
    [[7], "length", 1],
    [null, "a", undefined],
    ["text", "length", undefined],
    [undefined, "a", undefined],
  ])("of %j, %s: %s", (mapping, key, value) => expect(own(mapping, key)).toEqual(value));
});

describe("a mapping, key by key", () => {
  const SHAPE = { name: z.string(), count: z.int().optional(), flag: z.boolean().default(true) };
  const fields = (text: string, path: readonly (string | number)[] = []): { told: string[]; value: unknown } => {
    const source = new YamlSource("file.yaml", text);
    const findings = new Findings(source);
    const raw = path.reduce<unknown>((outer, step) => own(outer, step), source.value);
    const value = readFields(SHAPE, raw, path, findings);
    return { told: told(findings), value };
  };

  test("what is right is read, also beside what is wrong", () => {
    expect(fields("name: a\ncount: 3\nflag: false\n")).toEqual({ told: [], value: { name: "a", count: 3, flag: false } });
    expect(fields("name: a\n")).toEqual({ told: [], value: { name: "a", flag: true } });
    expect(fields("name: 5\ncount: many\nflag: false\nmore: 1\n")).toEqual({
      told: [
        "1:7 AXV-P006 name cannot be 5: write text",
        '2:8 AXV-P006 count cannot be "many": write a number',
        '4:1 AXV-P004 "more" is no key of the file: write one of: name, count, flag',
      ],
      value: { flag: false },
    });
  });

  test("a key that is missing is told where it should be", () => {
    expect(fields("count: 1\n").told).toEqual(['1:1 AXV-P005 the file has no "name": add "name:"']);
    expect(fields("a:\n  - b:\n      count: 1\n", ["a", 0, "b"]).told).toEqual([
      '2:5 AXV-P005 a[0].b has no "name": add "name:"',
    ]);
  });

  test.each([
    ["5", "1:1 AXV-P006 the file cannot be 5: write a mapping of keys and values"],
    ["[1]", "1:1 AXV-P006 the file cannot be a list: write a mapping of keys and values"],
    ["", "1:1 AXV-P006 the file cannot be nothing: write a mapping of keys and values"],
  ])("%j is none", (text, message) => expect(fields(text)).toEqual({ told: [message], value: {} }));
});

describe("a whole value", () => {
  const inner = z.strictObject({ size: z.int() });

  test.each<[string, z.ZodType, string, string[]]>([
    ["a key too many, deep in it", z.strictObject({ a: z.array(inner) }), "a: [{ size: 1, sise: 2 }]",
      ['1:16 AXV-P004 "sise" is no key of a[0]: did you mean "size"?']],
    ["in what may be left out", z.strictObject({ a: inner.optional() }), "a: { size: 1, x: 2 }",
      ['1:15 AXV-P004 "x" is no key of a: write one of: size']],
    ["in what has a default", z.strictObject({ a: inner.default({ size: 1 }) }), "a: { size: 1, x: 2 }",
      ['1:15 AXV-P004 "x" is no key of a: write one of: size']],
    ["in what is read only", z.strictObject({ a: inner.readonly() }), "a: { size: 1, x: 2 }",
      ['1:15 AXV-P004 "x" is no key of a: write one of: size']],
    ["in what is changed", z.strictObject({ a: inner.transform(({ size }) => size) }), "a: { size: 1, x: 2 }",
      ['1:15 AXV-P004 "x" is no key of a: write one of: size']],
    ["in a mapping by names", z.record(z.string(), inner), "a: { size: 1, x: 2 }",
      ['1:15 AXV-P004 "x" is no key of a: write one of: size']],
    ["in one of several", z.strictObject({ a: z.union([z.int(), inner]) }), "a: { size: 1, x: 2 }",
      ['1:15 AXV-P004 "x" is no key of a: write one of: size']],
    ["of none at all", z.strictObject({ a: z.strictObject({}) }), "a: { x: 2 }", ['1:6 AXV-P004 "x" is no key of a: remove it']],
    ["two of them", inner, "size: 1\nx: 2\ny: 3\n",
      ["x", "y"].map((key, at) => `${at + 2}:1 AXV-P004 "${key}" is no key of the file: write one of: size`)],
    ["one that is missing", z.strictObject({ a: inner }), "a: {}", ['1:1 AXV-P005 a has no "size": add "size:"']],
    ["one that is missing in a list", z.strictObject({ a: z.array(inner) }), "a: [{}]",
      ['1:5 AXV-P005 a[0] has no "size": add "size:"']],
    ["a key that may not be one", z.strictObject({ a: z.record(z.string().regex(/^b$/, { error: "b" }), z.int()) }),
      "a: { c: 1 }", ['1:6 AXV-P006 a key of a cannot be "c": write b']],
    ["one of them deep in it",
      z.strictObject({ a: z.strictObject({ d: z.record(z.string().regex(/^b$/, { error: "b" }), z.int()) }) }),
      "a: { d: { c: 1 } }", ['1:11 AXV-P006 a key of a.d cannot be "c": write b']],
    ["a key of none of several", z.strictObject({ a: z.union([
      z.strictObject({ p: z.int().optional() }), z.strictObject({ q: z.int().optional() }),
    ], { error: "p or q" }) }), "a: { xyz: 1 }", ['1:6 AXV-P004 "xyz" is no key of a: write one of: p, q']],
    ["another type", z.strictObject({ a: z.int() }), "a: x", ['1:4 AXV-P006 a cannot be "x": write a number']],
    ["a list where one value is meant", z.union([z.int(), z.string()], { error: "a number or a text" }), "[1]",
      ["1:1 AXV-P006 the file cannot be a list: write a number or a text"]],
    ["of several, the one for a list",
      z.union([z.string(), z.array(z.int({ error: "numbers" }))], { error: "a text or numbers" }), "[1, a]",
      ['1:5 AXV-P006 [1] cannot be "a": write numbers']],
    ["a combination", z.strictObject({ a: z.int().optional(), b: z.int().optional() }).refine(() => false, { error: "one" }),
      "a: 1\nb: 2\n", ["1:1 AXV-P006 the file cannot be a mapping of a and b: write one"]],
    ["no combination", z.strictObject({ a: z.int().optional() }).refine(() => false, { error: "one" }), "{}",
      ["1:1 AXV-P006 the file cannot be empty: write one"]],
    ["a value by itself", z.strictObject({ a: z.int().refine(() => false, { error: "another one" }) }), "a: 1",
      ["1:4 AXV-P006 a cannot be 1: write another one"]],
    ["too small, and no multiple", z.strictObject({ a: z.int().min(8, { error: "a multiple of 4 from 8 on" }).multipleOf(4, {
      error: "a multiple of 4 from 8 on" }) }), "a: 3", ["1:4 AXV-P006 a cannot be 3: write a multiple of 4 from 8 on"]],
  ])("%s", (_, schema, text, expected) => expect(read(schema, text).told).toEqual(expected));

  test("that is right is given back, and nothing is told", () => {
    expect(read(inner, "size: 1")).toEqual({ told: [], value: { size: 1 } });
    expect(read(inner, "size: a").value).toBeUndefined();
  });
});

describe("how many a list has", () => {
  const list = (message: string): z.ZodType =>
    z.strictObject({ a: z.array(z.int()).min(1, { error: message }).max(3, { error: message }) });

  test.each([
    ["numbers", "a: []", "1:4 AXV-P006 a cannot be a list of 0: write numbers: at least 1"],
    ["numbers", "a: [1, 2, 3, 4]", "1:4 AXV-P006 a cannot be a list of 4: write numbers: at most 3"],
    ["numbers, at most 3", "a: [1, 2, 3, 4]", "1:4 AXV-P006 a cannot be a list of 4: write numbers, at most 3"],
    ["1 to 3 numbers", "a: [1, 2, 3, 4]", "1:4 AXV-P006 a cannot be a list of 4: write 1 to 3 numbers"],
    ["1 to 3 numbers", "a: []", "1:4 AXV-P006 a cannot be a list of 0: write 1 to 3 numbers"],
    ["at least 1 number", "a: []", "1:4 AXV-P006 a cannot be a list of 0: write at least 1 number"],
    ["at most 31", "a: [1, 2, 3, 4]", "1:4 AXV-P006 a cannot be a list of 4: write at most 31: at most 3"],
    ["11 to 33", "a: []", "1:4 AXV-P006 a cannot be a list of 0: write 11 to 33: at least 1"],
  ])("%s: %s", (message, text, expected) => expect(read(list(message), text).told).toEqual([expected]));

  test("that may be something else", () => {
    const either = z.union([z.string(), z.array(z.int()).max(1, { error: "numbers" })], { error: "a text, or numbers" });
    expect(read(z.strictObject({ a: either }), "a: [1, 2]").told).toEqual([
      "1:4 AXV-P006 a cannot be a list of 2: write numbers: at most 1",
    ]);
  });

  test("one that is no number of entries is told as it is", () => {
    expect(read(z.strictObject({ a: z.int().max(3, { error: "a number" }) }), "a: 4").told).toEqual([
      "1:4 AXV-P006 a cannot be 4: write a number",
    ]);
  });
});

describe("what a schema expects that does not say it itself", () => {
  test.each<[z.ZodType, string, string]>([
    [z.string(), "5", "text"],
    [z.int(), "a", "a number"],
    [z.int(), "1.5", "a whole number"],
    [z.number(), "a", "a number"],
    [z.boolean(), "5", "true or false"],
    [z.array(z.int()), "5", "a list"],
    [z.tuple([z.int()]), "5", "a list"],
    [z.strictObject({}), "5", "a mapping of keys and values"],
    [z.record(z.string(), z.int()), "5", "a mapping of keys and values"],
    [z.enum(["a"]), "5", "a"],
    [z.enum(["a", "b"]), "5", "a or b"],
    [z.enum(["a", "b", "c"]), "5", "a, b or c"],
    [z.literal(7), "5", "7"],
    [z.array(z.int()).min(2), "[1]", "a list of at least 2"],
    [z.array(z.int()).max(1), "[1, 2]", "a list of at most 1"],
    [z.tuple([z.int()]), "[1, 2]", "a list of at most 1"],
    [z.string().min(2), "a", "text of at least 2 characters"],
    [z.string().max(1), "ab", "text of at most 1 characters"],
    [z.int().min(2), "1", "a whole number, at least 2"],
    [z.int().max(1), "2", "a whole number, at most 1"],
  ])("%#: %s is no %s", (schema, text, expected) => {
    expect(read(z.strictObject({ a: schema }), `a: ${text}`).told).toEqual([
      expect.stringMatching(new RegExp(`^1:4 AXV-P006 a cannot be .*: write ${expected}$`)),
    ]);
  });

  test("of what nobody has words for, zod's own are told", () => {
    const { told: [only = ""] } = read(z.strictObject({ a: z.string().regex(/^b$/) }), "a: c");
    expect(only).toMatch(/^1:4 AXV-P006 a cannot be "c": write Invalid string/);
  });
});

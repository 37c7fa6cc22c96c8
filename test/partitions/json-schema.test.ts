// system.schema.json and the tool say the same of thousands of files that are mutations of good ones. Of the tool's
// mistakes those are counted that are about the file itself (AXV-P003 to P009, P032, P063): that a pCPU is given away
// twice, or that there is no such board, no JSON Schema can say.
import { readFileSync } from "node:fs";
import { Validator } from "@cfworker/json-schema";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { readRequest } from "../../partitions/request.ts";
import { boards, profiles } from "../../partitions/shelf.ts";
import type { Shelf } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { Random } from "../hostile/random.ts";

type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

const GOOD = [
  "partitions/examples/demo.yaml",
  "partitions/examples/demo-riscv64.yaml",
  "partitions/examples/coloured.yaml",
  "test/partitions/golden/system.yaml",
  "test/partitions/golden/shares.yaml",
];

/** Every key there is. */
const EVERYTHING = `
board: qemu-aarch64
version: 1.4.0
partitions:
  a:
    { guest: linux, cpus: [0, 1], memory: { size: 512M, at: 0x60000000, ipa: identity }, image: Image, load: 0x40080000,
      entry: 0x40080004, initrd: initrd.gz, cmdline: console=ttyAMA0, devices: [virtio0, rtc],
      spis: [40, { spi: 41, trigger: edge }],
      interrupts: injected, trust: [sgi], cache: { ways: 0-1 },
      bandwidth: { budget: 64K, period: 1ms }, mailbox: { ipa: 0x7ffff000 }, accepts: [dma], watchdog: 50ms, on_failure: restart,
      autostart: false, pmu: true, clock: own,
      init: [{ reg: 0xfdd20000, value: 1, mask: 0xffff }, { reg: 4, value: 0 }],
      tags: [{ name: A.b, type: { C: f32, D: "u8[3]" } },
      { name: e, type: "string[5]", unit: °C, access: rw, description: text, clients: [10.0.0.0/8] },
      { name: f, type: i16, range: [-1, 1], deadband: 0.5, register: 7 }] }
  b: { guest: plc, cpus: [3], memory: { size: 16M, ipa: 0x40000000 }, cache: { colours: [0, 1] } }
channels:
  c: { between: [a, b], size: 8K }
`;

const NUMBERS = [
  -1,
  0,
  1,
  2,
  4,
  8,
  31,
  32,
  988,
  4095,
  4096,
  5000,
  2 ** 21,
  2 ** 21 + 4096,
  2 ** 30,
  2 ** 34,
  2 ** 34 + 4096,
  2 ** 40 - 2 ** 21,
  2 ** 40 - 4,
  2 ** 40,
  2 ** 40 + 4096,
  2 ** 48 - 2 ** 21,
  2 ** 48,
  2 ** 53 - 1,
  2 ** 53,
  0.5,
  4096.5,
  1e300,
];
const TEXTS = [
  "",
  "a",
  "identity",
  "4K",
  "0K",
  "5K",
  "6K",
  "12K",
  "1073741824K",
  "1073741828K",
  "1M",
  "01M",
  "1m",
  " 1M",
  "1M ",
  "1.5M",
  "1048577M",
  "1024G",
  "1025G",
  "16G",
  "17G",
  "0G",
  "99999999G",
  "1T",
  "1",
  "999us",
  "1000us",
  "99us",
  "100us",
  "0ms",
  "1ms",
  "1000ms",
  "1s",
  "2s",
  "1000s",
  "1001s",
  "1 ms",
  "0-3",
  "3-0",
  "00-1",
  "0-31",
  "0-32",
  "0-0",
  "dma",
  "u8",
  "u7",
  "f32[0]",
  "f32[1024]",
  "f32[1025]",
  "string",
  "string[255]",
  "string[256]",
  "bool[2]",
  "rw",
  "A.b",
  ".a",
  "a..b",
  "10.0.0.1",
  "::1",
  "10.0.0.0/33",
  "sgi",
  "direct",
  "stop",
  "own",
  "constructor",
  "a\nb",
  "a\tb",
  "a\u0000b",
  "\u007f",
  "caf\u00e9",
  "\ud83d\ude00",
  "x".repeat(2047),
  "x".repeat(2048),
  "x".repeat(4095),
  "x".repeat(4096),
];
const OTHERS: readonly Value[] = [
  null,
  true,
  false,
  [],
  {},
  [0],
  [1, 1],
  ["a"],
  [null],
  [[]],
  ["virtio0", 3],
  ["sgi", "sgi"],
  ["dma"],
  ["a", "b"],
  ["a", "b", "a"],
  list(8),
  list(9),
  list(32),
  list(33),
  list(64),
  list(65),
  list(257),
  list(65).map(String),
  { size: "1M" },
  { size: "1M", at: 0 },
  { size: "1M", ipa: "same" },
  { size: 5000 },
  { at: 0 },
  { colours: [0] },
  { ways: "1-2" },
  { colours: [0], ways: [0] },
  { colours: [] },
  { name: "a", type: "f32" },
  { name: "a", type: {} },
  { a: "f32" },
  { "1": "f32" },
  [0, 1],
  [1, 0.5],
  { ipa: 4096 },
  { ipa: 4097 },
  { budget: "1M" },
  { budget: "1M", period: "1ms" },
  { budget: 0, period: "2s" },
];
const NAMES = [
  "b",
  "",
  "a-1",
  "A",
  "a_b",
  "1a",
  "-",
  "x".repeat(15),
  "x".repeat(16),
  "x".repeat(31),
  "x".repeat(32),
  "guest",
  "colours",
  "constructor",
  "__proto__",
  "a b",
  "\u00e9",
];

function list(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

type Step = string | number;
function* paths(value: Value, path: readonly Step[] = []): Generator<readonly Step[]> {
  yield path;
  if (Array.isArray(value)) for (const [index, item] of value.entries()) yield * paths(item, [...path, index]);
  else if (typeof value === "object" && value !== null)
    for (const [key, item] of Object.entries(value)) yield * paths(item, [...path, key]);
}

/** With what is at `path` changed; undefined: it is taken out. `rename`: its key. */
function changed(
  value: Value,
  [step, ...rest]: readonly Step[],
  change: (old: Value) => Value | undefined,
  rename?: string,
): Value | undefined {
  if (step === undefined) return change(value);
  if (Array.isArray(value))
    return value.flatMap((item, index) => (index === step ? (changed(item, rest, change, rename) ?? []) : [item]));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, item]) => {
    if (key !== step) return [[key, item] as const];
    const inner = changed(item, rest, change, rename);
    return inner === undefined ? [] : [[rest.length === 0 && rename !== undefined ? rename : key, inner] as const];
  });
  return Object.fromEntries(entries);
}

const withKey = (value: Value, path: readonly Step[], key: string, added: Value): Value =>
  changed(value, path, (old) =>
    typeof old === "object" && old !== null && !Array.isArray(old)
      ? Object.fromEntries([...Object.entries(old), [key, added]])
      : old,
  ) ?? null;

/** Each is made when it is called for. */
function* mutations(good: Value): Generator<() => Value> {
  for (const path of paths(good)) {
    for (const value of [...NUMBERS, ...TEXTS, ...OTHERS]) yield () => changed(good, path, () => value) ?? null;
    if (path.length > 0) yield () => changed(good, path, () => undefined) ?? null;
    for (const name of NAMES) {
      if (typeof path.at(-1) === "string") yield () => changed(good, path, (old) => old, name) ?? null;
      yield () => withKey(good, path, name, 1);
      yield () => withKey(good, path, name, { guest: "plc", cpus: [2] });
    }
  }
}

/** One in `of`. */
function* some(of: number, good: Value, random: Random): Generator<Value> {
  for (const mutation of mutations(good)) if (random.chance(1, of)) yield mutation();
}

const kept = <T>(shelf: Shelf<T>): Shelf<T> => {
  const known = new Map<string, T | undefined>();
  return {
    ...shelf,
    get: (name, findings) => (known.has(name) ? known.get(name) : known.set(name, shelf.get(name, findings)).get(name)),
  };
};
const SHELVES = [kept(boards()), kept(profiles())] as const;
const ABOUT_THE_FILE = /^AXV-P(00[3-9]|032|063)$/;

function toolTakes(value: Value): boolean {
  const source = new YamlSource("mutated.yaml", JSON.stringify(value)); // JSON is YAML
  const findings = new Findings(source);
  findings.add(source.diagnostics);
  readRequest(source, SHELVES[0], () => SHELVES[1], findings);
  return !findings.sorted.some(({ code }) => ABOUT_THE_FILE.test(code));
}

const validator = new Validator(JSON.parse(readFileSync("partitions/system.schema.json", "utf8")) as object, "2020-12");
const schemaTakes = (value: Value): boolean => validator.validate(value).valid;

/** A character for each verdict: what the two say differently is shown. */
function compare(values: Iterable<Value>): { differing: string[]; taken: number; refused: number } {
  const differing: string[] = [];
  const counts = { true: 0, false: 0 };
  for (const value of values) {
    const [tool, schema] = [toolTakes(value), schemaTakes(value)];
    counts[`${tool}`] += 1;
    if (tool !== schema) differing.push(`${tool ? "the tool" : "the schema"} alone takes ${JSON.stringify(value)}`);
  }
  return { differing, taken: counts.true, refused: counts.false };
}

/** Ten times what it takes on a machine that has nothing else to do. */
const LONG_MS = 180_000;

describe("the tool and system.schema.json agree on", () => {
  const goods = [...GOOD.map((file) => readFileSync(file, "utf8")), EVERYTHING].map((text) => parse(text) as Value);

  test("good files", () => {
    expect(compare(goods)).toEqual({ differing: [], taken: goods.length, refused: 0 });
  });

  test("thousands of mutations: every place with odd values, by other names, with unknown keys", { timeout: LONG_MS }, () => {
    const random = new Random(2);
    const { differing, taken, refused } = compare(goods.flatMap((good) => [...some(9, good, random)]));
    expect(differing).toEqual([]);
    expect(Math.min(taken, refused)).toBeGreaterThan(500);
    expect(taken + refused).toBeGreaterThan(3500);
  });

  test("the same of a file with every key, more closely", () => {
    const { differing, taken, refused } = compare(some(6, goods.at(-1) ?? null, new Random(3)));
    expect(differing).toEqual([]);
    expect(Math.min(taken, refused)).toBeGreaterThan(300);
  });

  test.each([1, 7, 8, 9, 16, 17, 101])("%i partitions, and as many channels", (count) => {
    const many = (entry: Value): Value => Object.fromEntries(list(count).map((n) => [`n${n}`, entry]));
    const partitions = many({ guest: "plc", cpus: [0] });
    const channels = many({ between: ["n0", "n1"] });
    const few: Value = { a: { guest: "plc", cpus: [0] } };
    const values: Value[] = [
      { board: "b", partitions },
      { board: "b", partitions: few, channels },
      { board: "b", partitions, channels },
    ];
    expect(compare(values).differing).toEqual([]);
  });
});

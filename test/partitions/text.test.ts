// Text of others: what no terminal should obey is shown instead, what is long is cut, what is no UTF-8 is told where it is.
import { describe, expect, test, vi } from "vitest";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { planSystem } from "../../partitions/index.ts";
import { displayPath } from "../../partitions/project.ts";
import { boards } from "../../partitions/shelf.ts";
import { decodeUtf8, oneLine, pictured } from "../../partitions/source/text.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { imageLayout } from "../../tools/build/pack.ts";
import { failure } from "../../tools/failure.ts";
import { formatDiagnostic } from "../../tools/plan/diagnostics.ts";
import { plain } from "../../tools/run/paint.ts";
import { CORE_SIZE, here, places, planText } from "./systems.ts";

/** Whatever a terminal would do something else with than show it. */
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const NASTY = ["\x1b[31m", "\x07", "\x9b2J", "\u202e", "\u2066", "\x7f", "\r", "\0"];

test.each(NASTY)("%j is shown, not obeyed", (text) => {
  expect(oneLine(`a${text}b`)).not.toMatch(OBEYED);
  expect(pictured(`a${text}b`)).not.toMatch(OBEYED);
  expect(pictured(`a${text}b`)).toHaveLength(text.length + 2);
  expect(failure(new Error(text), []).stderr).not.toMatch(OBEYED);
  for (const system of [`board: "${JSON.stringify(text).slice(1, -1)}"\n`, `board: ${text}\n`, `"${text}": 1\n`]) {
    const { diagnostics, source } = planText(system);
    expect(diagnostics.length).toBeGreaterThan(0);
    for (const diagnostic of diagnostics) {
      expect(diagnostic.message + diagnostic.remedy).not.toMatch(OBEYED);
      expect(formatDiagnostic({ ...diagnostic, file: `${text}.yaml` }, source.file, source.text, plain)).not.toMatch(OBEYED);
      expect(formatDiagnostic(diagnostic, source.file, source.text, plain)).not.toMatch(OBEYED);
    }
  }
});

test("ordinary text stays as it is, with its tabs", () => {
  expect([oneLine("Größe — 𝔘, 日本"), pictured("a\tb")]).toEqual(["Größe — 𝔘, 日本", "a\tb"]);
});

test("long values and long lines are cut, about what is meant", () => {
  const { diagnostics, source } = planText(
    `board: qemu-aarch64\npartitions: { ${"x".repeat(5000)}: 1, a: { guest: ${"y".repeat(5000)}, cpus: [1] } }\n`,
  );
  const shown = diagnostics.map((each) => formatDiagnostic(each, source.file, source.text, plain));
  expect(Math.max(...shown.join("\n").split("\n").map((line) => line.length))).toBeLessThan(900);
  const [, excerpt = "", marks = ""] = shown[0]?.split("\n") ?? [];
  expect(excerpt.length).toBeLessThan(230);
  expect(excerpt.charAt(marks.indexOf("^"))).toBe("x");
});

describe("UTF-8", () => {
  test.each<[string, number[], unknown]>([
    ["ASCII", [0x61], undefined],
    ["with a mark at the beginning", [0xef, 0xbb, 0xbf, 0x61], undefined],
    ["a character of its own that stands for what could not be read", [0xef, 0xbf, 0xbd], undefined],
    ["Latin-1", [0x61, 0x0a, 0xc3, 0xa9, 0x62, 0xe9], { line: 2, column: 3, byte: 0xe9 }],
    ["UTF-16", [0xff, 0xfe, 0x61, 0], { line: 1, column: 1, byte: 0xff }],
    ["cut off", [0x61, 0xc3], { line: 1, column: 2, byte: 0xc3 }],
    ["half of a surrogate pair", [0xed, 0xa0, 0x80], { line: 1, column: 1, byte: 0xed }],
  ])("%s", (_, bytes, wrong) => {
    expect(decodeUtf8(Uint8Array.from(bytes)).wrong).toEqual(wrong);
  });
});

test.each<[string, RegExp]>([
  ["memory: .inf", /^a.memory cannot be \.inf: write /],
  ["memory: 9007199254740993", /^a.memory cannot be about 9\.01e\+15: write /],
  ["memory: -9007199254740993", /^a.memory cannot be about -9\.01e\+15: write /],
  ["memory: 9007199254740991", /^a.memory cannot be 9007199254740991: write /],
  ["memory: -.inf", /^a.memory cannot be -\.inf: write /],
  ["memory: .nan", /^a.memory cannot be \.nan: write /],
  ["cpus: []", /^a.cpus cannot be a list of 0: write a list of 1 to \d+ pCPU numbers/],
  [`spis: [${"40, ".repeat(100_000)}]`, /^a.spis cannot be a list of 100000: write .*at most \d+/],
  [`devices: [${"rtc, ".repeat(100_000)}]`, /^a.devices cannot be a list of 100000: write .*at most \d+/],
])("a value is told as it is written, a list by how many it has: %.20s", (line, told) => {
  const { diagnostics } = planText(`board: qemu-aarch64\npartitions:\n  a:\n    guest: plc\n    ${line}\n`);
  expect(diagnostics.map(({ message, remedy }) => `${message}: ${remedy}`.replace("partitions.", ""))).toContainEqual(
    expect.stringMatching(told),
  );
});

describe("YAML", () => {
  test("1.2 may be said", () => {
    expect(places(planText("%YAML 1.2\n---\nboard: qemu-aarch64\npartitions: { a: { guest: plc, cpus: [1] } }\n"))).toEqual([]);
  });

  test.each([
    ["lists", "[", 100_000],
    ["mappings", "{a: ", 100_000],
    ["lists", "- ", 20_000],
  ])("%s in one another, 100,000 deep", (_, open, depth) => {
    expect(planText(open.repeat(depth)).diagnostics.map(({ code }) => code)).toContain("AXV-P002");
  });

  test.each([20_000, 200_000])("a bracket that is opened %i times is one mistake", (depth) => {
    const { diagnostics } = planText("[".repeat(depth));
    expect(diagnostics.map(({ message }) => message)).toEqual([
      "this is no valid YAML: lists and mappings are in one another too deeply",
    ]);
  });

  const laughs = Array.from({ length: 9 }, (_, at) => `x${at + 1}: &x${at + 1} [${`*x${at}, `.repeat(9)}]\n`).join("");
  test.each<[string, string, string, RegExp, RegExp]>([
    ["an alias to nothing", "board: b\npartitions:\n  a: { memory: *nope }\n", "3:16 AXV-P002", /\*nope stands/, /write &nope/],
    ["an alias before its anchor", "a: *x\nb: &x 1\n", "1:4 AXV-P002", /\*x stands for/, /write &x/],
    ["a merge with nothing", "board: b\n<<: [*x]\n", "2:6 AXV-P002", /\*x stands for/, /write &x/],
    ["too many aliases", `x0: &x0 [1]\n${laughs}`, "2:10 AXV-P002", /stand for too much/, /write out values/],
    ["two documents", "board: b\n---\nboard: b\n", "2:1 AXV-P002", /a second document begins here/, /remove one of the two/],
    ["%YAML 1.3", "# %YAML\n%YAML 1.3\n---\n", "2:1 AXV-P092", /^%YAML 1.3: files here are YAML 1.2/, /^remove the line$/],
    ["%YAML 1.1", "# %YAML\n%YAML 1.1\n---\n", "2:1 AXV-P092", /^%YAML 1.1: files here are YAML 1.2/, /^remove the line$/],
    ["%YAML 2.0", "%YAML 2.0\r\n---\n", "1:1 AXV-P092", /^%YAML 2.0: files here are YAML 1.2/, /^remove the line$/],
    ["%YAML", "%YAML\n---\n", "1:1 AXV-P092", /^%YAML: files here are YAML 1.2/, /^remove the line$/],
    ["%FOO", "%FOO\n---\nboard: b\n", "1:1 AXV-P092", /^%FOO: files here know no such directive/, /^remove the line$/],
  ])("%s: where it is, and what to do", (_, text, place, message, remedy) => {
    const outcome = planText(text);
    expect(places(outcome)).toEqual([place]);
    expect(outcome.diagnostics[0]?.message).toMatch(message);
    expect(outcome.diagnostics[0]?.remedy).toMatch(remedy);
  });

  test("an anchor inside of itself", () => {
    expect(planText("board: &a [*a]\npartitions: &b { x: *b }\n").system).toBeUndefined();
  });
});

test("a device tree larger than what is reserved for it is a mistake with a place", () => {
  const findings = new Findings(new YamlSource("none", ""));
  const board = boards().get("qemu-aarch64", findings);
  if (board === undefined) throw new Error("there is no board");
  const devices = Object.fromEntries(
    Object.entries(board.devices).map(([name, device]) => [name, { ...device, compatible: ["x".repeat(70_000)] }]),
  );
  const shelf = { names: ["qemu-aarch64"], files: [], get: () => ({ ...board, devices }) };
  const outcome = planSystem(
    here("bad/dma-reaches-all.yaml"),
    (blob, loads) => imageLayout(CORE_SIZE, blob, loads),
    "to be built",
    shelf,
  );
  expect(outcome.diagnostics.filter(({ severity }) => severity === "error")).toMatchObject([{ code: "AXV-P094" }]);
});

describe("--json is JSON, whatever happens", () => {
  const coded = (code: string): Error => Object.assign(new Error("said"), { code });

  test.each([
    ["ours", coded("AXV-P100"), { error: { code: "AXV-P100", message: "said" } }],
    ["the system's", coded("ENOSPC"), { error: { code: "ENOSPC", message: "said" } }],
    ["nobody's", new TypeError("oops"), { error: { code: "AXV_UNEXPECTED", message: "oops" } }],
  ])("%s", (_, error, expected) => {
    const { stdout, status } = failure(error, ["run", "x.yaml", "--json", "--", "-S"]);
    expect([JSON.parse(stdout), status]).toEqual([expected, 1]);
    expect(failure(error, ["run", "x.yaml", "--", "--json"]).stdout).toBe("");
  });
});

test.each(["[a]: 1", "{ a: b }: 1", "? [a]\n: 1", "!!binary abcd: 1", "!!set { a }: 1", "&x [a]: *x", "a: { [b]: 1, ? { c } }"])(
  "a key that is no plain word is a mistake at its place, of which no library warns besides: %j",
  (text) => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    try {
      const { system, diagnostics } = planText(`board: qemu-aarch64\npartitions:\n  a: { guest: plc, cpus: [3] }\n${text}\n`);
      expect(system).toBeUndefined();
      expect(diagnostics.some(({ code, line }) => ["AXV-P002", "AXV-P009"].includes(code) && line >= 4)).toBe(true);
      expect(warn).not.toHaveBeenCalled();
    } finally {
      warn.mockRestore();
    }
  },
);

test("the folder in which one is has a name, too", () => {
  expect(displayPath(process.cwd())).toBe(".");
});

// Names that mean something in JavaScript (`constructor`, `__proto__`, …) and keys that YAML alone allows: whatever stands in a
// file is there in the plan, or is a mistake at its place; nothing vanishes, nothing is found that nobody wrote.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { places, planText } from "./systems.ts";

const JAVASCRIPT = Object.getOwnPropertyNames(Object.prototype);

const errors = (text: string): string[] =>
  planText(text)
    .diagnostics.filter(({ severity }) => severity === "error")
    .map(({ line, column, code }) => `${line}:${column} ${code}`);

describe.each(JAVASCRIPT)("%s", (name) => {
  const plain = /^[a-z]+$/.test(name);
  const wrong = name === "__proto__" ? "AXV-P009" : "AXV-P007";

  test("as a partition", () => {
    const outcome = planText(
      `board: qemu-aarch64\npartitions:\n  ${name}: { guest: plc, cpus: [1] }\n  b: { guest: plc, cpus: [2] }\n`,
    );
    expect(outcome.system?.plan.partitions.map((partition) => partition.name)).toEqual(plain ? [name, "b"] : undefined);
    if (!plain) expect(places(outcome)).toEqual([`3:3 ${wrong}`]);
  });

  test("as a channel", () => {
    const text = `board: qemu-aarch64
partitions:
  a: { guest: plc, cpus: [1] }
  b: { guest: linux, cpus: [2], memory: 64M }
channels:
  ${name}: { between: [a, b] }
`;
    const outcome = planText(text);
    expect(outcome.system?.plan.partitions[1]?.channels.map((channel) => channel.name)).toEqual(plain ? [name] : undefined);
    if (!plain) expect(places(outcome)).toEqual([`6:3 ${wrong}`]);
  });

  test("as a device, a board, a guest, a partner", () => {
    const head = "board: qemu-aarch64\npartitions:\n";
    expect(errors(`${head}  a: { guest: plc, cpus: [1], devices: [${name}] }\n`)).toEqual(["3:41 AXV-P012"]);
    expect(errors(`board: ${name}\npartitions:\n  a: { guest: plc, cpus: [1] }\n`)).toEqual(["1:8 AXV-P010"]);
    expect(errors(`${head}  a: { guest: ${name}, cpus: [1] }\n`)).toEqual(["3:15 AXV-P011"]);
    const partner = `${head}  a: { guest: plc, cpus: [1] }\nchannels:\n  c: { between: [a, ${name}] }\n`;
    expect(errors(partner)).toEqual(["5:21 AXV-P013"]);
  });

  test("as a key that nobody knows, in every mapping", () => {
    const unknown = name === "__proto__" ? "AXV-P009" : "AXV-P004";
    const rest = "guest: plc, cpus: [1]";
    const partition = (fields: string): string => `board: qemu-aarch64\npartitions:\n  a: { ${fields} }\n`;
    expect(errors(`${name}: 1\n${partition(rest)}`)).toEqual([`1:1 ${unknown}`]);
    expect(errors(partition(`${name}: 1, ${rest}`))).toEqual([`3:8 ${unknown}`]);
    for (const inner of [
      "memory: { size: 16M, KEY: 1 }",
      "cache: { colours: [0], KEY: 1 }",
      "mailbox: { ipa: 0x60000000, KEY: 1 }",
    ]) {
      const text = partition(`${inner.replace("KEY", name)}, ${rest}`);
      const column = (text.split("\n")[2] ?? "").indexOf(`${name}: 1`) + 1;
      expect(errors(text)).toEqual([`3:${column} ${unknown}`]);
    }
  });

  test("in a board's own file", () => {
    const folder = mkdtempSync(join(tmpdir(), "axv-names-"));
    const mistakes = (change: (text: string) => string): string[] => {
      mkdirSync(join(folder, "own"), { recursive: true });
      writeFileSync(join(folder, "own/board.yaml"), change(readFileSync("boards/qemu-aarch64/board.yaml", "utf8")));
      const findings = new Findings(new YamlSource("none", ""));
      boards(folder).get("own", findings);
      return findings.sorted.map(({ code }) => code);
    };
    expect(mistakes((text) => text)).toEqual([]);
    expect(mistakes((text) => text.replace("kind: pl031", `kind: ${name}`))).toEqual(["AXV-P006"]);
    if (name === "__proto__") expect(mistakes((text) => text.replace("rtc:", `${name}:`))).toEqual(["AXV-P009"]);
    rmSync(folder, { recursive: true });
  });
});

describe("keys", () => {
  const head = "board: qemu-aarch64\npartitions:\n";

  test.each([
    ["a list", "  ? [x, y]\n  : 3\n  a: { guest: plc, cpus: [1] }\n", "3:5 AXV-P009"],
    ["a mapping", "  ? { x: y }\n  : 3\n  a: { guest: plc, cpus: [1] }\n", "3:5 AXV-P009"],
    [
      "an alias, whose partition would take the place of another",
      "  &b b: { guest: plc, cpus: [1] }\n  *b : { guest: plc, cpus: [2] }\n",
      "4:3 AXV-P009",
    ],
    ["a number beside the same text", '  1: { guest: plc, cpus: [1] }\n  "1": { guest: plc, cpus: [2] }\n', "4:3 AXV-P003"],
    ["nothing at all", "  : { guest: plc, cpus: [1] }\n", "3:3 AXV-P007"],
  ])("%s", (_, text, place) => {
    expect(errors(head + text)).toContain(place);
  });

  test("that stand twice are found in a large file as fast as it is read", () => {
    const text = Array.from({ length: 20_000 }, (_, n) => `k${n}: 1\n`).join("");
    const source = new YamlSource("large", `${text}k7: 2\n`);
    expect(source.diagnostics.map(({ line, code }) => `${line} ${code}`)).toEqual(["20001 AXV-P003"]);
    expect(source.locate(["k7"], "key").line).toBe(20_001);
  });
});

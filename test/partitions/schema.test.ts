// The published JSON Schema, the examples, and the profiles: what people's editors and eyes rely on.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import * as abi from "../../rtos-guests/plc/abi.ts";
import { BOARD_SCHEMA_FILE, boardJsonSchema, PROFILE_SCHEMA_FILE, profileJsonSchema } from "../../partitions/descriptions.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { PARTITION_SHAPE, System, systemJsonSchema } from "../../partitions/schema.ts";
import { boards, profiles } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";

const SCHEMA_FILE = "partitions/system.schema.json";
const EXAMPLES = "partitions/examples";

/** A part of the JSON Schema. */
interface Part {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Part>>;
  readonly additionalProperties?: Part | boolean;
  readonly examples?: readonly string[];
}

describe("system.schema.json", () => {
  test("is what partitions/schema.ts says: else write it anew with npm run schema", () => {
    expect(readFileSync(SCHEMA_FILE, "utf8")).toBe(systemJsonSchema());
  });

  test("describes every key", () => {
    const { properties } = JSON.parse(systemJsonSchema()) as Part;
    const inner = (key: string): Part => {
      const part = properties?.[key]?.additionalProperties;
      return typeof part === "object" ? part : {};
    };
    const all = { ...properties, ...inner("partitions").properties, ...inner("channels").properties };
    expect(Object.keys(all).length).toBeGreaterThan(15);
    expect(Object.entries(all).filter(([, { description = "" }]) => description.length < 10)).toEqual([]);
  });

  test("offers the boards and the guests that there are", () => {
    const { properties } = JSON.parse(systemJsonSchema()) as Part;
    expect(properties?.["board"]?.examples).toEqual(boards().names);
    const partition = properties?.["partitions"]?.additionalProperties;
    expect(typeof partition === "object" && partition.properties?.["guest"]?.examples).toEqual(profiles().names);
  });
});

test.each([
  [BOARD_SCHEMA_FILE, boardJsonSchema],
  [PROFILE_SCHEMA_FILE, profileJsonSchema],
])("%s is what the tool checks by: else write it anew with npm run schema", (file, schema) => {
  expect(readFileSync(file, "utf8")).toBe(schema());
});

describe("numbers of the shared cache", () => {
  const colours = (written: unknown): unknown => PARTITION_SHAPE.cache.safeParse({ colours: written }).data?.colours;

  test.each<[unknown, unknown]>([
    [[2, 0, 10, 2], [0, 2, 10]], ["1-3", [1, 2, 3]], ["4-4", [4]], ["0-31", Array.from({ length: 32 }, (_, at) => at)],
    ["3-1", undefined], ["0-32", undefined], [[], undefined], [[-1], undefined], [Array(33).fill(1), undefined], ["1", undefined],
  ])("%j are %j", (written, numbers) => expect(colours(written)).toEqual(numbers));
});

describe("examples", () => {
  const files = readdirSync(EXAMPLES).filter((file) => file.endsWith(".yaml"));

  test.each(files)("%s carries its schema, fits it, and fits one screen", (file) => {
    const text = readFileSync(`${EXAMPLES}/${file}`, "utf8");
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/system\.schema\.json$/m);
    expect(System.safeParse(parse(text)).error).toBeUndefined();
    expect(text.split("\n").length).toBeLessThanOrEqual(40);
  });
});

describe("profiles", () => {
  const findings = new Findings(new YamlSource("none", ""));

  test.each([...profiles().names])("%s is as its schema says", (name) => {
    expect(profiles().get(name, findings)?.name).toBe(name);
    expect(findings.sorted).toEqual([]);
  });

  test("plc names its tags by the indices of rtos-guests/plc/abi.ts", () => {
    const indices = Object.entries(abi).flatMap(([name, value]) => {
      const tag = /^PLC_TAG_(.*)$/.exec(name)?.[1];
      return tag === undefined
        ? []
        : [[Number(value), tag.toLowerCase().replace("_", " ").replace("exec ", "execution ")] as const];
    });
    const expected = indices.sort(([a], [b]) => a - b).map(([, tag]) => tag);
    expect(
      profiles()
        .get("plc", findings)
        ?.tags.map(({ name }) => name),
    ).toEqual(expected);
    expect(indices.map(([index]) => index)).toEqual([...expected.keys()]);
  });
});

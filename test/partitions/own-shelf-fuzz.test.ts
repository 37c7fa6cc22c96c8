// Boards and guest profiles of a user's own, beside the system file, with anything in them that could stand there: the tool
// and the published JSON Schemas agree on them, and what comes behind the schema makes a plan of them, or says what is
// wrong, where, and what to write instead. Nothing in them is a mistake of the planner's.
//
// AXV_SEED=<number> repeats a run.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Validator } from "@cfworker/json-schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { boardJsonSchema, profileJsonSchema } from "../../partitions/descriptions.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../partitions/diagnostics/diagnostic.ts";
import { boardsIn, profilesIn } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { planFile } from "../../tools/plan/file.ts";
import { runs, seed } from "../core/property/seed.ts";
import { Random } from "../hostile/random.ts";
import { changed } from "./descriptions.ts";
import type { Value } from "./descriptions.ts";
import { here } from "./systems.ts";

const PLANS = runs(300);
const SPOILT = runs(200);
const FILES = runs(1200);
/** Milliseconds for one plan: a usual one takes 10, and the machine may have much else to do. */
const PLAN_MAX = 5000;

type Mapping = { [key: string]: Value };
const read = (file: string): Mapping => parse(readFileSync(file, "utf8")) as Mapping;
const profile = (name: string): Mapping => read(`rtos-guests/profiles/${name}.yaml`);

const QEMU = read("boards/qemu-aarch64/board.yaml");
/** Of its devices, which are all alike, the first few: else nothing else would be changed. */
const BOARD: Mapping = { ...QEMU, devices: Object.fromEntries(Object.entries(QEMU["devices"] ?? {}).slice(0, 4)) };
const { extends: _, ...GICV2 } = read("boards/qemu-aarch64-gicv2/board.yaml");
/** With all that other boards have, and none of QEMU's. */
const OTHER: Mapping = {
  ...BOARD,
  cpus: {
    ...(BOARD["cpus"] as Mapping),
    compatible: ["phytium,ftc664", "phytium,ftc664", "phytium,ftc310", "phytium,ftc310"],
    caches: { none: "its tree says nothing of caches" },
  },
  pmu: { spis: [228, 229, 230, 231] },
  gic: { ...(BOARD["gic"] as Mapping), spis: 256 },
  uart: { kind: "ns16550", reg: 0x0900_0000, spi: 1, clock_hz: 24_000_000, reg_shift: 2, reg_width: 4, baud: 1_500_000 },
  reserved: [
    { base: 0x4000_0000, size: 0x10_0000, what: "TF-A" },
    { base: 0x7fff_0000, size: 0x1_0000, what: "OP-TEE" },
  ],
  boot: { ...(BOARD["boot"] as Mapping), dtb: "none" },
  match: [
    { path: "/", property: "compatible", has: "phytium,pe2204" },
    { path: "/soc/sata@31a40000", property: "status", is: "okay" },
    { path: "/soc", property: "dma-coherent", absent: true },
  ],
  tree: { debian: "rk3568-roc-pc.dtb", variable: "AXV_TREE" },
  init_registers: [{ base: 0x0900_1000, size: 0x1000, what: "CRU" }],
  layout: {
    table: "mbr",
    sectors: 0x20_0000,
    reserved: [{ first: 1, sectors: 8191, what: "firmware" }, { first: 0x10_0000, sectors: 1, what: "more of it" }],
    slots: { sectors: 0x1_e000, first: 8192 },
    boot: { sectors: 0x8000 },
    load: 0x6000_0000,
  },
  device_kinds: {
    ...(BOARD["device_kinds"] as Mapping),
    gem: {
      size: [0x1000, 0x800],
      trigger: "level",
      dma: true,
      dma_coherent: false,
      node: "ethernet",
      compatible: ["cdns,gem"],
    },
  },
  devices: {
    ...(BOARD["devices"] as Mapping),
    eth: { kind: "gem", reg: [0x0b00_0000, 0x0b00_1800], spi: [70, 71], path: "/soc/ethernet@b000000", dma_coherent: true },
    crypto: { kind: "pl031", reg: [0x0b00_2000], spi: [] },
  },
};
const PLC: Mapping = { ...profile("plc"), tags: [{ name: "scans", unit: "count" }] };
const LINUX = profile("linux");
const only = (from: Mapping, ...keys: readonly string[]): Mapping =>
  Object.fromEntries(keys.map((key) => [key, from[key] ?? null]));

interface Kind {
  /** Relative to the system file. */
  readonly file: string;
  /** The project's own that are changed; the first one stands there as it is while others are. */
  readonly goods: readonly Mapping[];
  /** What could stand in it, too. */
  readonly extra: Mapping;
  readonly schema: string;
  readonly shelf: (folder: string) => { get(name: string, findings: Findings): unknown };
  readonly name: string;
}
const PROFILE = { schema: profileJsonSchema(), shelf: profilesIn };
const MORE = {
  prints: true,
  notes: ["x"],
  probes_priority: true,
  spis: [3, 40],
  channels: { ipa: 0x5000_0000 },
  ...only(PLC, "machine"),
  device_tree: { cmdline: "x" },
  process_image: "writes",
  exits: { pmr: "x", other: "y" },
  booted: "once",
  extends: "bare-metal",
};
const KINDS: readonly Kind[] = [
  {
    file: "boards/mine/board.yaml",
    name: "mine",
    goods: [BOARD, OTHER, { ...BOARD, ...GICV2 }, { extends: "qemu-aarch64", ...only(BOARD, "ram", "gic", "devices") }],
    extra: {
      cluster: { kind: "dsu", way_groups: 4 },
      pmu: 6,
      extends: "qemu-aarch64-gicv2",
      ...only(OTHER, "pmu", "match", "tree", "init_registers", "reserved", "layout"),
      uart: { kind: "cadence", reg: 0x0900_0000, spi: 1, clock_hz: 1 },
    },
    schema: boardJsonSchema(),
    shelf: boardsIn,
  },
  {
    ...PROFILE,
    file: "guests/my-linux.yaml",
    name: "my-linux",
    goods: [LINUX, { extends: "linux", ...only(LINUX, "memory") }],
    extra: MORE,
  },
  // The second one knows its machine, and looks at INTID 32.
  {
    ...PROFILE,
    file: "guests/my-plc.yaml",
    name: "my-plc",
    goods: [PLC, { ...profile("freertos"), ...only(PLC, "image", "memory", "channels") }],
    extra: MORE,
  },
];

const path = (name: string): string => resolve(here(`images/${name}`));
/** What boards and profiles are asked for: devices, shares, channels, device trees; or as little as can be. */
const SYSTEMS = [
  `board: mine
partitions:
  linux: { guest: my-linux, cpus: [0, 1], memory: 256M, devices: [virtio0, rtc], accepts: [dma], spis: [7],
    image: ${path("kernel.Image")}, initrd: ${path("initrd.cpio")}, bandwidth: { budget: 4M, period: 500us } }
  plc: { guest: my-plc, cpus: [3], image: ${path("plc.bin")}, interrupts: direct, cache: { colours: [0, 1, 2, 6] } }
channels:
  process-image: { between: [plc, linux], size: 64K }
`,
  `board: mine
partitions:
  plc: { guest: my-plc, cpus: [3, 0], image: ${path("plc.bin")}, pmu: true }
  a: { guest: my-linux, cpus: [1], image: ${path("kernel.Image")}, initrd: ${path("initrd.cpio")}, autostart: false }
channels:
  b: { between: [plc, a] }
  c: { between: [plc, a], size: 8K }
`,
  `board: mine
partitions:
  plc: { guest: my-plc, cpus: [1], image: ${path("plc.bin")} }
`,
];

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-shelf-")));
  for (const own of ["boards/mine", "guests"]) mkdirSync(join(folder, own), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));
const write = (file: string, value: Value): void =>
  writeFileSync(join(folder, file), stringify(value, { aliasDuplicateObjects: false }));

const places = (diagnostics: readonly Diagnostic[]): string =>
  diagnostics.map(({ code, message }) => `${code} ${message}`).join("; ");

/** What is wrong with how an outcome is told. */
function untold(planned: boolean, diagnostics: readonly Diagnostic[]): string[] {
  const files = [...KINDS.map(({ file }) => file), "system.yaml"].map((name) => join(folder, name));
  const isTold = ({ file, line, column, code, remedy }: Diagnostic): boolean =>
    files.includes(resolve(file)) &&
    line >= 1 &&
    column >= 1 &&
    /^AXV-P\d{3}$/.test(code) &&
    remedy !== "" &&
    !/Invalid|Too (big|small)/.test(remedy);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return [
    ...diagnostics
      .filter((one) => !isTold(one))
      .map(({ file, line, column, code, remedy }) => `${file}:${line}:${column} ${code} ${remedy}`),
    ...(planned === (errors.length === 0) ? [] : ["a plan with errors, or none without"]),
    // Of a plan that is made and then not proven people cannot mend anything.
    ...errors.filter(({ code }) => code === "AXV-P090").map(({ message }) => message),
  ];
}

test(`what could stand in them makes a plan, or mistakes that are told at their places (seed ${seed})`, () => {
  const random = new Random(seed);
  const counts = { planned: 0, schema: 0, later: 0 };
  for (let left = PLANS; left > 0; left--) {
    // The board has the most that can be said of it.
    const kind = random.pick([...KINDS, ...KINDS.slice(0, 1)]);
    for (const { file, goods } of KINDS) write(file, goods[0] ?? null);
    const value = changed(random.pick(kind.goods), kind.extra, random);
    write(kind.file, value);
    writeFileSync(join(folder, "system.yaml"), random.pick(SYSTEMS));
    const start = performance.now();
    const { system, diagnostics } = planFile(join(folder, "system.yaml"), "to be built");
    const took = performance.now() - start;
    expect(untold(system !== undefined, diagnostics), `${kind.file}: ${JSON.stringify(value)}`).toEqual([]);
    expect(took, kind.file).toBeLessThan(PLAN_MAX);
    counts[system !== undefined ? "planned" : diagnostics.some(({ code }) => ABOUT_THE_FILE.test(code)) ? "schema" : "later"]++;
  }
  // All of them are there to see: most of what gets past the schema is planned.
  expect(Math.min(counts.planned, counts.schema)).toBeGreaterThan(PLANS / 5);
  expect(counts.later).toBeGreaterThan(PLANS / 100);
});

const ABOUT_THE_FILE = /^AXV-P00[3-9]$/;

/** Of YAML, what is no plain value between others. */
const PIECES = [
  "\t",
  "*a",
  "&a ",
  "!!binary ",
  "!!set ",
  "!mine ",
  "<<: ",
  "- ",
  "? ",
  "? [x]\n: ",
  "[a]: ",
  "{a: b}: ",
  "&a [*a]",
  "{",
  "]",
  '"',
  "'",
  "|",
  ">-\n",
  ": ",
  "#",
  "~",
  "%YAML 1.1\n---\n",
  "\n---\n",
  "...\n",
  "\0",
  "\r",
  "\u2028",
  "\ufeff",
  "0x",
  "1e999",
  ".inf",
  ".nan",
];

test(`text that is spoilt is told at its place, and no library warns anybody (seed ${seed})`, () => {
  const random = new Random(seed);
  const warned: unknown[] = [];
  const emit = process.emitWarning;
  process.emitWarning = (warning: unknown): void => void warned.push(warning);
  try {
    const counts = { planned: 0, refused: 0 };
    for (let left = SPOILT; left > 0; left--) {
      for (const { file, goods } of KINDS) write(file, goods[0] ?? null);
      const { file } = random.pick(KINDS);
      const good = readFileSync(join(folder, file), "utf8");
      const at = random.below(good.length + 1);
      const text = good.slice(0, at) + random.pick(PIECES) + good.slice(random.chance(1, 4) ? at + random.below(30) : at);
      writeFileSync(join(folder, file), text);
      writeFileSync(join(folder, "system.yaml"), random.pick(SYSTEMS));
      const { system, diagnostics } = planFile(join(folder, "system.yaml"), "to be built");
      expect(untold(system !== undefined, diagnostics), text).toEqual([]);
      counts[system !== undefined ? "planned" : "refused"]++;
    }
    expect(Math.min(counts.planned, counts.refused)).toBeGreaterThan(SPOILT / 20);
  } finally {
    process.emitWarning = emit;
  }
  expect(warned).toEqual([]);
});

describe("the tool and the published schemas", () => {
  test(`take the same files (seed ${seed})`, () => {
    const random = new Random(seed);
    const counts = { true: 0, false: 0 };
    const validators = new Map(KINDS.map(({ schema }) => [schema, new Validator(JSON.parse(schema) as object, "2020-12")]));
    const differing: string[] = [];
    for (let left = FILES; left > 0; left--) {
      const kind = random.pick(KINDS);
      const value = changed(random.pick(kind.goods), kind.extra, random);
      write(kind.file, value);
      const findings = new Findings(new YamlSource("none", ""));
      kind.shelf(folder).get(kind.name, findings);
      // Of one that extends what is not there, the tool says no more than that.
      if (findings.sorted.some(({ code }) => code === "AXV-P017")) continue;
      // Which kinds of devices there are, and with how many windows, no JSON Schema can say.
      const tool = !findings.sorted.some(
        ({ code, remedy }) => ABOUT_THE_FILE.test(code) && !/one of device_kinds|as many addresses as/.test(remedy),
      );
      const schema = validators.get(kind.schema)?.validate(value).valid === true;
      counts[`${tool}`]++;
      if (tool !== schema)
        differing.push(
          `${tool ? "the tool" : "the schema"} alone takes ${kind.file}, ${places(findings.sorted)}: ${JSON.stringify(value)}`,
        );
    }
    expect(differing.slice(0, 3)).toEqual([]);
    expect(Math.min(counts.true, counts.false)).toBeGreaterThan(FILES / 5);
  });
});

// axv-part tags as a user calls it: what it prints and writes, and what it refuses.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";
import { csvMap, markdownMap } from "../../tools/tags/register-map.ts";
import type { RegisterRow } from "../../partitions/tags/registers.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-tags-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "plant.yaml");
const write = (tags: string): void =>
  writeFileSync(
    file,
    `board: qemu-aarch64\npartitions:\n  plc: { guest: plc, cpus: [3], tags: ${tags} }\n  other: { guest: plc, cpus: ` +
      `[2] }\nchannels:\n  tags: { between: [plc, other]${tags === "[]" ? "" : ", carries: tags"} }\n`,
  );

const axvPart = (...parameters: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [BUNDLE, "tags", file, ...parameters], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
  });

test("shows the table, keeps its addresses when asked, and says nothing more of them", () => {
  write(
    "[{ name: Setpoint, type: i32, unit: °C, range: [0, 100], access: rw, clients: [10.0.0.1] }, " +
      '{ name: Full, type: bool, description: "at the top" }]',
  );
  const first = axvPart();
  expect(first.stdout).toBe(
    [
      "plc: 2 tags, an image of 72 bytes",
      "  tag       type  unit  range  access          offset  register  alias  description",
      "  Setpoint  i32   °C    0…100  rw by 10.0.0.1      64         0      1",
      "  Full      bool               ro                  68     bit 0      2  at the top",
      "",
    ].join("\n"),
  );
  expect(first.stderr).toContain("AXV-P130");
  const locked = axvPart("--lock");
  expect([locked.status, locked.stdout, locked.stderr]).toEqual([
    0,
    `${join(folder, "plant.tags.json")}: written; commit it together with plant.yaml\n`,
    "",
  ]);
  expect(axvPart("--lock").stdout).toContain("up to date");
  write("[{ name: New, type: f64 }, { name: Full, type: bool }, { name: Setpoint, type: i32 }]");
  const again = JSON.parse(axvPart("--json").stdout) as { tags: { name: string; register: number }[] }[];
  expect(again[0]?.tags.map(({ name, register }) => [name, register])).toEqual([["New", 2], ["Full", 0], ["Setpoint", 0]]);
});

test("tells the guest where its image is", () => {
  expect(axvPart("--c").stdout).toContain("#define AXV_TAGS_IPA   0x50000000u");
  expect(axvPart("--as").stdout).toContain("export const TAGS_IPA: u64 = 0x50000000;");
});

test("makes a Modbus map with the bridge's own registers, and writes it where it is told", () => {
  const map = axvPart("--modbus", "csv").stdout.split("\r\n");
  expect(map[0]).toBe("Table,First,Last,Name,Type,Access,Unit,Range,Meaning");
  expect(map).toContain("input register,61020,61023,plc.guest.jitter_min,u64,ro,ns,,jitter min");
  expect(map).toContain(
    'input register,60200,60200,other.state,u16,ro,,,"0 off, 1 running, 2 stopping, 3 failed, 4 inspect, 5 paused"',
  );
  const out = join(folder, "map.md");
  expect(axvPart("--modbus", "md", "-o", out).stdout).toBe("");
  expect(readFileSync(out, "utf8")).toContain(
    "| input register | 60001 | 60002 | test.u32 | u32 | ro |  |  | always 0x01020304 |",
  );
});

test("refuses what it cannot do, and writes nothing", () => {
  const before = readdirSync(folder).sort();
  const refusals = [
    ["--c", "--as"],
    ["--c", "-p", "other"],
    ["--modbus", "xls"],
    ["--c", "-o", file],
    ["--c", "-o", join(folder, "plant.tags.json")],
  ];
  const codes = refusals.map((options) => {
    const { status, stdout } = axvPart(...options, "--json");
    const plain = axvPart(...options);
    return [status, plain.status, (JSON.parse(stdout) as { error: { code: string } }).error.code];
  });
  expect(codes).toEqual([
    [1, 1, "AXV_TAGS_ONE_ONLY"],
    [1, 1, "AXV_TAGS_ONE_ONLY"],
    [1, 1, "AXV_TAGS_FORMAT"],
    [1, 1, "AXV_TAGS_ONE_ONLY"],
    [1, 1, "AXV_TAGS_ONE_ONLY"],
  ]);
  expect(axvPart("--c", "-p", "other").stderr).toContain('no partition "other" has tags: write --partition, and one of plc');
  expect(axvPart("--c", "-o", file).stderr).toContain("is read for");
  write("[]");
  expect(axvPart("--lock").stderr).toContain("has no tags: give a partition some");
  write("[{ name: A, type: u9 }]");
  const wrong = axvPart("--lock");
  expect([wrong.status, wrong.stderr.includes("AXV-P006")]).toEqual([1, true]);
  expect(readdirSync(folder).sort()).toEqual(before);
});

test("what is in a cell ends no cell, and is no formula", () => {
  const row: RegisterRow = {
    kind: "bits",
    first: 0,
    count: 1,
    name: "plc.A",
    type: "bool",
    writable: true,
    unit: "a|b",
    range: "",
    meaning: '=1+1, "x"\\',
  };
  expect(markdownMap([row])).toContain('| coil | 0 | 0 | plc.A | bool | rw | a\\|b |  | =1+1, "x"\\\\ |');
  expect(csvMap([row])).toContain(`coil,0,0,plc.A,bool,rw,a|b,,"'=1+1, ""x""\\"`);
});

// What the command line prints: the table, or JSON, or what one number is made of; and on standard error what is wrong.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { command } from "../../tools/verify/command.ts";
import { formatReport } from "../../tools/verify/table.ts";
import { verify, type Report } from "../../tools/verify/verify.ts";
import { ASSEMBLY, C, folderWithWasm, remove, writeElf } from "./products.ts";

let folder = "";
let report: Report;
beforeAll(async () => {
  const made = await folderWithWasm();
  ({ folder } = made);
  for (const name of ["core", "core-riscv64"]) {
    mkdirSync(join(folder, name));
    for (const suffix of ["", ".map"]) copyFileSync(made.wasm + suffix, join(folder, name, `${name}.wasm${suffix}`));
  }
  writeElf(join(folder, "core/core.elf"));
  writeElf(join(folder, "core-riscv64/core-riscv64.elf"), { c: C, assembly: `${ASSEMBLY} g: nop` });
  report = verify(join(folder, "core/core.elf"), join(folder, "core/core.wasm"), AARCH64);
});
afterAll(() => {
  remove(folder);
});

test("the table; what is wrong stands on standard error", () => {
  const { lines, errors } = command([], folder);
  expect(lines).toEqual(formatReport(report));
  expect(errors).toEqual(report.problems.map(({ message }) => message));
  expect(errors.length).toBeGreaterThan(1); // these are no entry points of the core's
  expect(command(["--isa", "aarch64"], folder)).toEqual({ lines, errors });
});

test("the same as JSON", () => {
  const { lines, errors } = command(["--json"], folder);
  expect(lines).toHaveLength(1);
  const { problems, entries, sizes } = JSON.parse(lines[0] ?? "") as Report;
  expect(lines[0]).toMatch(/^\{\n "entries": \[\n {2}\{\n/);
  expect(entries.map(({ name }) => name)).toEqual(report.entries.map(({ name }) => name));
  expect(sizes).toEqual(report.sizes);
  expect(problems[0]).toEqual({ code: report.problems[0]?.code, message: report.problems[0]?.message });
  expect(errors).toEqual(report.problems.map(({ message }) => message));
});

describe("what a number is made of", () => {
  test("of a routine that has been analysed", () => {
    const { lines, errors } = command(["--explain", "vector"], folder);
    expect(lines[0]).toMatch(/^ +\d+ {2}vector$/);
    expect(lines.length).toBeGreaterThan(5);
    expect(errors).toEqual([]);
  });

  test("of none", () => {
    expect(command(["--explain", "vectors"], folder)).toEqual({
      lines: [], errors: ["no routine vectors could be analysed (known: alone, inner, outer, vector)"],
    });
    const broken = join(folder, "broken");
    mkdirSync(join(broken, "core"), { recursive: true });
    for (const name of ["core.elf", "core.wasm"]) copyFileSync(join(folder, "core/core.wasm"), join(broken, "core", name));
    expect(command(["--explain", "x"], broken)).toEqual({
      lines: [],
      errors: ["no routine x could be analysed (known: )", expect.stringMatching(/core\.elf \(no ELF header: .*elf-malformed/)],
    });
  });
});

test("each ISA has its own core", () => {
  const { lines } = command(["--isa", "riscv64", "--explain", "g"], folder);
  expect(lines[0]).toMatch(/^ +\d+ {2}g$/);
  expect(command(["--isa", "x86"], folder)).toEqual({
    lines: [], errors: ['no core for "x86" (known: aarch64, riscv64)'],
  });
  const none = join(folder, "none");
  expect(command(["--isa", "riscv64"], none)).toEqual({
    lines: [], errors: [`${none}/core-riscv64/core-riscv64.elf is not there: node tools/build/main.ts core-riscv64`],
  });
});

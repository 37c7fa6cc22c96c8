// axv-part board as a user calls it: what it prints where, with which exit status, and what it writes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { displayPath } from "../../partitions/project.ts";
import { axvPart as commandLine, type Result } from "../output/axvPart.ts";
import { e2000qPath } from "./e2000q.ts";

const axvPart = (...parameters: readonly string[]): Result => commandLine(".", "board", ...parameters);

const DTB = e2000qPath("phytium-pi");
let folder = "";
let file = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-board-"));
  file = join(folder, "board.yaml");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("from-dtb", () => {
  test("writes a board.yaml, which check finds to be as the tree says", () => {
    expect(axvPart("from-dtb", DTB, "-o", file)).toMatchObject({
      status: 0,
      stderr: "",
      stdout: `${file}: 99 devices, 7 left out\n`,
    });
    expect(axvPart("check", file, "--dtb", DTB)).toMatchObject({
      status: 0,
      stderr: "",
      stdout: `${file}: ok: as ${DTB} says\n`,
    });
    expect(axvPart("from-dtb", DTB).stdout).toBe(readFileSync(file, "utf8"));
  });

  test("--json is the same as data; --ram goes before the tree's", () => {
    const {
      board,
      left_out: leftOut,
      remarks,
    } = JSON.parse(axvPart("from-dtb", DTB, "--ram", "0x80000000+1G", "--ram", "0x2000000000+1G", "--json").stdout) as {
      board: { ram: unknown };
      left_out: unknown[];
      remarks: object;
    };
    expect(board.ram).toEqual([
      { base: 0x8000_0000, size: 0x4000_0000 },
      { base: 0x20_0000_0000, size: 0x4000_0000 },
    ]);
    expect(leftOut).toHaveLength(7);
    expect(Object.keys(remarks)).toContain("spare_spis");
  });

  test("what is no tree, or not there, is one line, status 1; nothing is written over it", () => {
    expect(axvPart("from-dtb", "package.json")).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringContaining("AXV-P160") as string,
    });
    expect(axvPart("from-dtb", join(folder, "none.dtb"))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("there is no such file. Give the path of a .dtb file") as string,
    });
    expect(axvPart("from-dtb", DTB, "-o", DTB).status).toBe(1);
    expect(JSON.parse(axvPart("from-dtb", "package.json", "--json").stdout)).toMatchObject({ error: { code: "AXV-P160" } });
    expect(axvPart("from-dtb", DTB, "--ram", "2G").stderr).toContain("write BASE+SIZE");
  });
});

describe("check", () => {
  test("says each difference in one line, with what both say and what to do; status 1", () => {
    const other = join(folder, "other.yaml");
    writeFileSync(other, readFileSync(file, "utf8").replace("spi: 84", "spi: 87").replace("pmu: 7", "pmu: 6"));
    const { status, stdout } = axvPart("check", other, "--dtb", DTB);
    const line = (key: string): number =>
      readFileSync(other, "utf8")
        .split("\n")
        .findIndex((each) => each.startsWith(key)) + 1;
    expect({ status, lines: stdout.split("\n") }).toEqual({
      status: 1,
      lines: [
        `${displayPath(other)}:${line("pmu:")}:6: the PMU's interrupt: the file says PPI 6, the tree says PPI 7: ` +
          "write PPI 7, or compare with the board's own tree [AXV-P166]",
        `${displayPath(other)}:${line("uart:")}:44: the UART's spi: the file says 87, the tree says 84: ` +
          "write 84, or compare with the board's own tree [AXV-P166]",
        "",
      ],
    });
    expect(JSON.parse(axvPart("check", other, "--dtb", DTB, "--json").stdout)).toMatchObject([
      { code: "AXV-P166" },
      { code: "AXV-P166" },
    ]);
  });

  test("a board of the project is known by its name; one that is not there is said", () => {
    expect(axvPart("check", "qemu-aarch64", "--dtb", DTB)).toMatchObject({ status: 1 });
    expect(axvPart("check", "nobody", "--dtb", DTB).stderr).toContain("there is no board nobody. Give the path of a board.yaml");
    expect(axvPart("check", join(folder, "none.yaml"), "--dtb", DTB).stderr).toContain("there is no board");
  });

  test("a file with mistakes shows them, a line each", () => {
    const wrong = join(folder, "wrong.yaml");
    writeFileSync(wrong, readFileSync(file, "utf8").replace("conduit: smc", "conduit: tea"));
    expect(axvPart("check", wrong, "--dtb", DTB)).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^\S+wrong.yaml:\d+:\d+: /) as string,
    });
  });
});

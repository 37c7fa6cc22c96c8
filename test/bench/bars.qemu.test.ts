// The goals of the benchmark that are counts of instructions: QEMU counts them, so they are the same on every machine.
import { beforeAll, describe, expect, test } from "vitest";
import { checkCells } from "./checks.ts";
import { least, most } from "./distribution.ts";
import { type Cell, hosted, measureCells, measureCopying, type Request } from "./matrix.ts";
import { measureRiscv64Reset } from "./riscv64Reset.ts";
import { type FigureRow, missingPaths, type PathRow, pathRows, sizeRows } from "./rows.ts";

let cells: readonly Cell[];
let rows: readonly PathRow[];
let copyPerByte: number;

const overGoal = ({ figure, gic, measured }: PathRow): string[] =>
  measured
    .filter(({ isOver }) => isOver)
    .map((one) => `${figure.title}, GICv${gic}, ${one.setting}: ${one.most}, goal ${one.goal}`);

beforeAll(async () => {
  copyPerByte = await measureCopying();
  const request: Request = { companies: ["alone"], progress: () => {} };
  // Beside Linux one of each kind will do here; `npm run bench` has them all.
  const besideLinux = [await hosted(3, "direct", "linux", request), await hosted(2, "injected", "linux", request)];
  cells = [...(await measureCells(request)), ...besideLinux];
  rows = pathRows(cells, copyPerByte);
});

test("every path was taken in every setting", () => {
  expect(missingPaths(rows, "alone")).toEqual([]);
});

test("no path is over its goal, alone or beside a Linux under load", () => {
  expect(rows.flatMap(overGoal)).toEqual([]);
});

const figuresOver = (figures: readonly FigureRow[]): string[] =>
  figures.filter(({ isOver }) => isOver).map(({ figure, value }) => `${figure.title}: ${value}, goal ${figure.goal}`);

test("neither is the size", async () => {
  expect(figuresOver(await sizeRows(copyPerByte))).toEqual([]);
});

// Two boots of two seconds: no other one waits for a guest's first instruction.
test("nor RISC-V's way from firmware to its first guest", async () => {
  expect(figuresOver(await measureRiscv64Reset(() => {}))).toEqual([]);
});

test("exits are as many as they should be: none for what is direct, one for a doorbell, none for a neighbour's restart", () => {
  expect(checkCells(cells).filter(({ holds }) => !holds)).toEqual([]);
});

describe("the same guest", () => {
  test("counts single instructions where there is no hypervisor", () => {
    for (const { paths } of cells.filter(({ setting }) => setting === "bare")) {
      for (const [id, samples] of paths) expect(most(samples), id).toBeLessThan(5);
    }
  });

  test("takes each path in as many instructions every time", () => {
    for (const { gic, setting, paths } of cells.filter((cell) => cell.paths.has("timer") && cell.company === "alone")) {
      for (const [id, samples] of paths) expect([...samples.keys()], `${id}, GICv${gic}, ${setting}`).toHaveLength(1);
    }
  });

  test("takes 10,000 samples of each interrupt", () => {
    for (const id of ["timer", "physical-timer", "spi", "sgi", "doorbell"]) {
      for (const { paths, setting } of cells) {
        const samples = paths.get(id);
        if (samples !== undefined)
          expect(
            [...samples.values()].reduce((sum, count) => sum + count, 0),
            `${id}, ${setting}`,
          ).toBe(10_000);
      }
    }
  });

  test("is told later of a doorbell only by what the housekeeper does meanwhile", () => {
    for (const { paths } of cells) {
      const samples = paths.get("doorbell");
      if (samples !== undefined) expect(most(samples) - least(samples)).toBeLessThan(20);
    }
  });
});

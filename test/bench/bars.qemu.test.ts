// The bars of the benchmark that are counts of instructions: QEMU counts them, so they are the same on every machine.
import { beforeAll, describe, expect, test } from "vitest";
import { PATHS } from "./figures.ts";
import { measurePaths, type PathFigures } from "./paths.ts";
import { isOverBar, type Row } from "./report.ts";
import { pathRows, sizeRows } from "./rows.ts";

describe("a guest that measures itself", () => {
  let figures: PathFigures;
  let rows: Row[];
  beforeAll(async () => {
    figures = await measurePaths();
    rows = [...pathRows(figures), ...sizeRows()];
  });

  test("no path, no boot and no size is over its bar", () => {
    expect(rows.filter(isOverBar).map(({ figure: { title, bar }, measured }) => `${title}: ${measured.most}, bar ${bar}`)).toEqual([]);
  });

  test("every path takes as long every time, but for one instruction of a waiting loop", () => {
    for (const { id } of PATHS) {
      const { least = 0, most = 0 } = figures.hosted.paths.get(id) ?? {};
      expect(least, id).toBeGreaterThan(0);
      expect(most - least, id).toBeLessThanOrEqual(1);
    }
  });

  test("the same guest counts single instructions where there is no hypervisor", () => {
    expect(figures.bare.reset).toBeLessThan(1000);
    for (const [id, { most }] of figures.bare.paths) expect(most, id).toBeLessThan(5);
  });
});

// Boards that the project has no file of, in the shapes of RK3568, RK3588 and E2000Q: whatever is asked of them, there is a plan
// that is sound, or a mistake at its place; and in a plan, what the board says is true of every partition.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../partitions/plan/plan.ts";
import { prove } from "../../partitions/plan/prove.ts";
import { planFile } from "../../tools/plan/file.ts";
import { runs, seed } from "../core/property/seed.ts";
import { otherBoard, partitionsOn } from "./otherBoards.ts";
import type { Asked, OtherBoard } from "./otherBoards.ts";
import { here } from "./systems.ts";

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-other-")));
  mkdirSync(join(folder, "boards/mine"), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

const image = (guest: string): string => resolve(here(guest === "plc" ? "images/plc.bin" : "images/kernel.Image"));

/** JSON is YAML. */
function planned({ board }: OtherBoard, asked: readonly Asked[]): ReturnType<typeof planFile> {
  const initrd = resolve(here("images/initrd.cpio"));
  const partitions = asked.map((each, index) => [
    `p${index}`,
    { ...each, image: image(each.guest), ...(each.guest === "linux" ? { initrd } : {}) },
  ]);
  writeFileSync(join(folder, "boards/mine/board.yaml"), JSON.stringify(board));
  writeFileSync(join(folder, "system.yaml"), JSON.stringify({ board: "mine", partitions: Object.fromEntries(partitions) }));
  return planFile(join(folder, "system.yaml"), "to be built");
}

const overlap = (a: { base: number; size: number }, b: { base: number; size: number }): boolean =>
  a.base < b.base + b.size && b.base < a.base + a.size;

/** What is wrong with it, by what the board says alone. */
function wrongs({ board, reserved }: OtherBoard, asked: readonly Asked[], plan: Plan): string[] {
  const devices = board["devices"] as Record<string, { kind: string; reg: number[]; spi: number | number[] }>;
  const kinds = board["device_kinds"] as Record<string, { size: number | number[] }>;
  const found: string[] = [];
  for (const [index, { regions, interrupts }] of plan.partitions.entries()) {
    const lines = new Set(interrupts.map(({ intid }) => intid - 32));
    for (const name of asked[index]?.devices ?? []) {
      const device = devices[name];
      if (device === undefined) continue;
      const sizes = [kinds[device.kind]?.size ?? 0].flat();
      for (const [window, base] of device.reg.entries()) {
        const last = base + (sizes[window] ?? 0);
        const isThere = regions.some(({ kind, pa, size }) => kind === "device" && pa <= base && last <= pa + size);
        if (!isThere) found.push(`window ${window} of ${name} is not mapped`);
      }
      for (const spi of [device.spi].flat()) if (!lines.has(spi)) found.push(`SPI ${spi} of ${name} has no owner`);
    }
    for (const { name, pa, size, colours } of regions) {
      const span = { base: pa, size: colours === undefined ? size : (size * plan.cache.colours) / colours.length };
      if (reserved.some((kept) => overlap(kept, span))) found.push(`${name} has firmware's memory`);
    }
  }
  return found;
}

test(`boards in the shapes of others are planned soundly, or refused in words (seed ${seed})`, () => {
  const counts: Record<string, number> = {};
  const asked = otherBoard.chain((board) => partitionsOn(board).map((partitions) => [board, partitions] as const));
  fc.assert(
    fc.property(asked, ([board, partitions]) => {
      const { system, diagnostics } = planned(board, partitions);
      const errors = diagnostics.filter(({ severity }) => severity === "error");
      expect(errors.filter(({ code }) => code === "AXV-P090")).toEqual([]);
      // The board itself is never at fault.
      expect(errors.filter(({ file }) => file.endsWith("board.yaml"))).toEqual([]);
      expect(system === undefined).toBe(errors.length > 0);
      if (system === undefined) return;
      expect(prove(system.plan)).toEqual([]);
      expect(wrongs(board, partitions, system.plan)).toEqual([]);
      counts[board.shape] = (counts[board.shape] ?? 0) + 1;
    }),
    { numRuns: runs(120), seed },
  );
  // Otherwise this would prove little.
  for (const shape of ["rk3568", "rk3588", "e2000q"]) expect(counts[shape] ?? 0, shape).toBeGreaterThan(runs(120) / 30);
});

// What the tests of this folder have in common: systems planned with images that are always the same, so that what
// comes out depends on nothing that was built before.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Aarch64Board, Board, Device } from "../../boards/schema.ts";
import type { StandardImages } from "../../partitions/check/images.ts";
import type { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { planSystem } from "../../partitions/index.ts";
import type { Outcome, PlannedSystem } from "../../partitions/index.ts";
import type { Aarch64Plan } from "../../partitions/plan/plan.ts";
import { boards } from "../../partitions/shelf.ts";
import type { Shelf } from "../../partitions/shelf.ts";
import { aarch64Board, aarch64Plan } from "../aarch64.ts";
import { imageLayout } from "../../tools/build/pack.ts";

/** As a user in the project's folder names it. */
export const here = (file: string): string => relative(process.cwd(), join(import.meta.dirname, file));

/** Bytes of a core that never was. */
export const CORE_SIZE = 0x100000;

/** Boards that there are not: QEMU's, but for what each of these is named for. */
const INVENTED: Readonly<Record<string, (board: Aarch64Board) => Partial<Aarch64Board>>> = {
  "test-dsu": () => ({ cluster: { kind: "dsu", way_groups: 4 } }),
  "test-no-pmu": () => ({ pmu: undefined }),
  "test-small-pa": ({ cpus }) => ({ cpus: { ...cpus, pa_bits: 32 } }),
  // `wide` has all of its first two pages, and half of its third, whose other half is `narrow`; `twin` has the same SPI as `rtc`.
  "test-devices": ({ devices }) => {
    const { rtc } = devices;
    if (rtc === undefined) throw new Error("the board has no rtc");
    const device = (base: number, size: number, spi: number): Device =>
      ({ ...rtc, windows: [{ base, size }], spis: [{ spi, trigger: "level" }] });
    return {
      devices: {
        ...devices,
        wide: device(0x0b000000, 0x2800, 60),
        narrow: device(0x0b002800, 0x800, 61),
        twin: device(0x0b004000, 0x1000, rtc.spis[0]?.spi ?? 0),
      },
    };
  },
  "test-one-colour": ({ cpus }) => ({
    cpus: { ...cpus, caches: [{ level: 2, kind: "unified", sets: 64, ways: 16, line: 64 }] },
  }),
};

/** Nobody is offered the invented ones: they are there for a file that begins with one. */
function shelfFor(systemPath: string): Shelf<Board> {
  const shelf = boards();
  const text = statSync(systemPath, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(systemPath, "utf8") : "";
  const name = /^\W*board\W+(test-[a-z-]+)/.exec(text)?.[1] ?? "";
  const change = INVENTED[name];
  if (change === undefined) return shelf;
  const get = (_: string, findings: Findings): Board | undefined => {
    const board = shelf.get("qemu-aarch64", findings);
    return board && { ...board, name, ...change(aarch64Board(board)) } as Board;
  };
  return { names: [name], files: [], get };
}

export const plan = (systemPath: string, images: StandardImages = "to be built"): Outcome =>
  planSystem(
    systemPath,
    (blobSize, loadSizes) => imageLayout(CORE_SIZE, blobSize, loadSizes),
    images,
    shelfFor(systemPath),
  );

/** Plans a text as if it were the file test/partitions/<something>/system.yaml: images are ../images/… */
export function planText(text: string, images?: StandardImages): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "axv-test-"));
  try {
    const file = join(folder, "system.yaml");
    writeFileSync(file, text.replaceAll("../images/", `${join(import.meta.dirname, "images")}/`));
    return plan(file, images);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The system of an outcome that has to be without errors. */
export function sound({ system, diagnostics }: Outcome): PlannedSystem & { readonly plan: Aarch64Plan } {
  if (system === undefined) throw new Error(`not sound: ${JSON.stringify(diagnostics, null, 2)}`);
  return { ...system, plan: aarch64Plan(system.plan) };
}

/** "9:12 AXV-P020" of each diagnostic. */
export const places = ({ diagnostics }: Outcome): string[] =>
  diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`);

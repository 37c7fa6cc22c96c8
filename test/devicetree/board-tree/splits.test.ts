// Whatever devices of a real board's tree are given to whatever partitions: the trees that come of it are sound. dtc has nothing
// to say of them that it had not of the board's own, and none of their phandles leads nowhere.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { BoardTree } from "../../../partitions/devicetree/board-tree/board-tree.ts";
import { freePhandles, guestBlob, ownPhandles } from "../../../partitions/devicetree/board-tree/guest-blob.ts";
import { lossesOf } from "../../../partitions/devicetree/board-tree/losses.ts";
import { shareOut } from "../../../partitions/devicetree/board-tree/owners.ts";
import { Rates } from "../../../partitions/devicetree/board-tree/rates.ts";
import { readFdt } from "../../../partitions/devicetree/fdt.ts";
import type { FdtNode } from "../../../partitions/devicetree/fdt.ts";
import { Places } from "../../../partitions/devicetree/places.ts";
import { isCompatible } from "../../../partitions/devicetree/properties.ts";
import { debianTrees } from "../../../tools/linux/trees.ts";
import { bareTree } from "./own.ts";

/** Of nine makers: each writes trees in its own way. */
const BOARDS = [
  "rk3568-roc-pc", "rk3588-orangepi-5-plus", "zynqmp-zcu102-rev1.0", "imx8mq-evk", "bcm2711-rpi-4-b", "k3-am654-base-board",
  "sdm845-db845c", "mt8183-evb", "r8a774a1-hihope-rzg2m", "sun50i-h6-pine-h64",
] as const;
const SPLITS = 12;
const PARTITIONS_MAX = 3;
const DEVICES_MAX = 8;

let trees = "";
beforeAll(async () => {
  trees = await debianTrees((line) => console.error(line));
}, 600_000);

/** Numerical Recipes' generator: the same splits every time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function warningsOf(blob: Uint8Array): string[] {
  const { status, stderr } = spawnSync("dtc", ["-I", "dtb", "-O", "dts", "-o", "/dev/null", "-"], { input: blob });
  expect(status, stderr.toString()).toBe(0);
  return stderr.toString().split("\n").map((line) => line.slice(line.indexOf(": ") + 2));
}

function open(blob: Uint8Array): BoardTree {
  const tree = readFdt(blob);
  const places = new Places(tree);
  const controller = places.all.find((node) => isCompatible(node, "arm,gic-v3", "arm,gic-400", "arm,cortex-a15-gic"));
  const [frame] = (controller && places.windowsOf(controller)) ?? [];
  return new BoardTree(tree, { controller: frame?.base ?? 0, uart: 0 });
}

test.each(BOARDS)("%s", (name) => {
  const blob = readFileSync(join(trees, `${name}.dtb`));
  const board = open(blob);
  const before = new Set(warningsOf(blob));
  const units = board.places.all.filter((node) => board.isUnit(node) && board.kindOf(node) === "device");
  expect(units.length).toBeGreaterThan(20);
  const below = random(units.length);
  let made = 0;
  for (let split = 0; split < SPLITS; split += 1) {
    const partitions = Array.from({ length: 1 + below(PARTITIONS_MAX) }, (_, index) => ({
      name: `p${index}`,
      realtime: below(2) === 0,
      hasTree: index === 0 || below(2) === 0,
      named: new Array<FdtNode>(),
    }));
    const given = split === 0 ? units : Array.from({ length: 1 + below(DEVICES_MAX) }, () => units[below(units.length)]);
    for (const unit of new Set(given)) if (unit !== undefined) partitions[below(partitions.length)]?.named.push(unit);
    for (const closure of shareOut(board, partitions).closures) {
      if (closure === undefined) continue;
      const free = freePhandles(board);
      const own = bareTree(ownPhandles(board, free));
      const blob = guestBlob(board, closure, lossesOf(board, closure, new Rates(board, [])), own, free);
      expect(warningsOf(blob).filter((warning) => !before.has(warning))).toEqual([]);
      const result = new BoardTree(readFdt(blob), { controller: 0x0800_0000, uart: 0 });
      const nowhere = result.places.all.flatMap((node) =>
        result.referencesOf(node).flatMap(({ target, property }) => (target === undefined ? [`${node.path} ${property}`] : [])),
      );
      expect(nowhere).toEqual([]);
      // Whoever has a node has it whole: nothing of its nodes is another's.
      const sources = result.places.all.slice(1).flatMap(({ path }) => board.places.byPath(path) ?? []);
      const others = sources.filter((node) => !closure.nodes.has(node)).map(({ path }) => path);
      expect(others.filter((path) => path !== "/aliases" && path !== "/chosen")).toEqual([]);
      made += 1;
    }
  }
  expect(made).toBeGreaterThanOrEqual(SPLITS);
});

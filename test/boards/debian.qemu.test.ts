// Every device tree of Debian 12's and 13's arm64 kernels: from-dtb makes a board.yaml of it that the schema and the checks take
// and that is as the tree says, or says in one sentence why not. And the project's own boards are as their trees there say.
//
// It needs no QEMU, but the packages, which are downloaded once (150 MB).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { boardSchema } from "../../boards/schema.ts";
import { checkBoard } from "../../partitions/check/board.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { readWhole } from "../../partitions/source/fields.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import type { Span } from "../../partitions/units.ts";
import { aarch64Board } from "../aarch64.ts";
import { checkAgainst } from "../../tools/board/check.ts";
import { compareBoard } from "../../tools/board/compare.ts";
import { compose } from "../../tools/board/compose.ts";
import { openTree } from "../../tools/board/tree.ts";
import type { Tree } from "../../tools/board/tree.ts";
import { writeBoard } from "../../tools/board/write.ts";
import { thisMachine } from "../../tools/linux/fetch.ts";
import { debianTrees } from "../../tools/linux/trees.ts";
import { holdFuzzed, PATIENCE_MS, REAL } from "./fuzzRun.ts";

const RELEASES = ["bookworm", "trixie"] as const;
const folders = new Map<string, string>();
beforeAll(async () => {
  for (const release of RELEASES)
    folders.set(release, await debianTrees(console.error, thisMachine(), { release, metapackage: "linux-image-arm64" }));
});

/** Where there may be RAM on a board whose kernel's tree does not say. */
const RAM: readonly Span[] = [0x4000_0000, 0x8000_0000, 0x0020_0000, 0x10_0000_0000].map((base) => ({ base, size: 0x2000_0000 }));

/** One of ours: its code. */
const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** Mistakes of what is made of a tree; undefined: that would have to be said where RAM is, and there it is not. */
function mistakesOf(tree: Tree, ram: readonly Span[]): string[] {
  const source = new YamlSource("board.yaml", writeBoard(compose(tree, ram), "tree.dtb"));
  const findings = new Findings(source);
  findings.add(source.diagnostics);
  const board = source.broken ? undefined : readWhole(boardSchema("aarch64"), source.value, findings);
  if (board !== undefined) checkBoard(board, findings);
  if (board !== undefined) compareBoard({ ...aarch64Board(board), ...(ram.length > 0 && { ram: [] }) }, tree, findings);
  return findings.sorted.map(({ message }) => message);
}

/** What comes of it: "board", "board with --ram", or the code of the sentence. */
function outcomeOf(blob: Uint8Array, file: string, wrong: string[]): string {
  const attempt = (ram: readonly Span[]): string => {
    const tree = openTree(blob);
    const mistakes = mistakesOf(tree, ram);
    if (mistakes.length > 0) wrong.push(`${file}: ${mistakes.join("; ")}`);
    return ram.length === 0 ? "board" : "board with --ram";
  };
  try {
    return attempt([]);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) wrong.push(`${file}: ${String(error)}`);
    if (code !== "AXV_BOARD_RAM") return code ?? "a crash";
  }
  for (const bank of RAM) {
    try {
      return attempt([bank]);
    } catch (error) {
      if (codeOf(error) !== "AXV_BOARD_FACTS") wrong.push(`${file}: ${String(error)}`);
    }
  }
  return "AXV_BOARD_RAM";
}

describe("from-dtb", () => {
  const counts = new Map<string, number>();
  const wrong: string[] = [];

  test.each(RELEASES)("every tree of %s is a board, or one sentence says why not", (release) => {
    const folder = folders.get(release) ?? "";
    const files = readdirSync(folder);
    for (const file of files) {
      const outcome = outcomeOf(readFileSync(join(folder, file)), file, wrong);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    expect(wrong).toEqual([]);
    expect(files.length).toBeGreaterThan(500);
  });

  test("how many of which", () => {
    console.error(
      [...counts]
        .sort((a, b) => b[1] - a[1])
        .map(([outcome, count]) => `${count} ${outcome}`)
        .join(", "),
    );
    const boards = (counts.get("board") ?? 0) + (counts.get("board with --ram") ?? 0);
    expect(boards).toBeGreaterThan(750);
    // Two trees have what cannot be: an interrupt of nobody, a GIC in RAM.
    expect((counts.get("AXV-P165") ?? 0) + (counts.get("AXV_BOARD_FACTS") ?? 0)).toBeLessThan(5);
    expect([...counts.keys()].filter((code) => /^AXV-P16[0-4]$/.test(code))).toEqual([]);
  });
});

describe("the project's boards are as their trees say", () => {
  test.each(["roc-rk3568-pc", "orangepi-5-plus", "xlnx-zcu102"])("%s", (name) => {
    const board = boards().get(name, new Findings(new YamlSource("none", "")));
    const { tree } = board ?? {};
    if (tree === undefined || !("debian" in tree)) throw new Error(`${name} has no tree of Debian's`);
    const file = process.env[tree.variable ?? ""] ?? join(folders.get("trixie") ?? "", tree.debian);
    expect(checkAgainst(name, openTree(readFileSync(file))).map(({ message }) => message)).toEqual([]);
  });
});

test("real trees, spoilt", { timeout: PATIENCE_MS }, async () => {
  const names = ["rk3568-roc-pc", "rk3588-orangepi-5-plus", "zynqmp-zcu102-rev1.0", "imx8mp-evk", "armada-8040-db"];
  await holdFuzzed(
    REAL,
    names.map((name) => join(folders.get("trixie") ?? "", `${name}.dtb`)),
  );
});

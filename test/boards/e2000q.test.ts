// Boards of the E2000Q: their tree is the one that e2000q.ts writes, and their board.yaml is as it says.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readFdt } from "../../partitions/devicetree/fdt.ts";
import { nodesFrom } from "../../partitions/devicetree/properties.ts";
import { checkAgainst } from "../../tools/board/check.ts";
import { openTree } from "../../tools/board/tree.ts";
import { E2000Q_BOARDS, e2000qPath, e2000qTree } from "./e2000q.ts";

describe.each(E2000Q_BOARDS)("%s", (board) => {
  const blob = readFileSync(e2000qPath(board));

  test("has the tree that is written for it, of 154 nodes", () => {
    expect(Buffer.compare(blob, e2000qTree(board))).toBe(0);
    expect(nodesFrom(readFdt(blob).root)).toHaveLength(154);
  });

  test("is as its tree says, or the one that a variable names", () => {
    const named = process.env[`AXV_TREE_${board.toUpperCase().replace("-", "_")}`];
    expect(checkAgainst(board, openTree(named === undefined ? blob : readFileSync(named))).map(({ message }) => message)).toEqual(
      [],
    );
  });

  test("is not the other one", () => {
    const other = E2000Q_BOARDS.find((each) => each !== board) ?? board;
    expect(checkAgainst(board, openTree(e2000qTree(other))).map(({ message }) => message)).toEqual([
      expect.stringContaining("`status` of /soc/sata@31a40000") as string,
      expect.stringContaining("`status` of /soc/mmc@28000000") as string,
    ]);
  });
});

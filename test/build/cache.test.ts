// What a program is built from: a table's own imports too, or a change of them would go unnoticed.
import { expect, test } from "vitest";
import { withImports } from "../../tools/build/cache.ts";

test("a table comes with what it imports, and that with its own", () => {
  const found = withImports(["arch/riscv64/riscv64.table.ts", "partitions/blob/layout.table.ts"]);
  expect(found).toEqual(expect.arrayContaining(["core/physical.table.ts", "tools/build/intrinsic.ts", "boards/limits.ts"]));
  expect(new Set(found).size).toBe(found.length);
});

// Boards from a folder: a board that extends another one, and boards that are wrong.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Board } from "../../boards/schema.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";

const BASE = readFileSync("boards/qemu-aarch64/board.yaml", "utf8");

/** `file`: the board.yaml of "mine", beside the base and `others`. */
function read(
  file: string,
  others: Readonly<Record<string, string>> = {},
): { board: Board | undefined; found: readonly Diagnostic[] } {
  const folder = mkdtempSync(join(tmpdir(), "axv-boards-"));
  try {
    for (const [name, text] of Object.entries({ "qemu-aarch64": BASE, mine: file, ...others })) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "board.yaml"), text);
    }
    const findings = new Findings(new YamlSource("none", ""));
    return { board: boards(folder).get("mine", findings), found: findings.sorted };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a board that extends another one has its facts, but for those that it gives itself", () => {
  const { board, found } = read(
    "extends: qemu-aarch64\nname: mine\nuart: { kind: pl011, reg: 0x1000, spi: 5, clock_hz: 1 }\n",
  );
  expect(found).toEqual([]);
  expect(board).toMatchObject({ name: "mine", uart: { reg: 0x1000 }, gic: { version: 3, gicd: 0x08000000 } });
  expect(board?.devices["virtio31"]?.windows[0].base).toBe(0x0a003e00);
});

test("what it extends has to be there", () => {
  const { found } = read("extends: qemu-arch64\nname: mine\n");
  expect(found).toMatchObject([{ code: "AXV-P017", line: 1, column: 10, remedy: 'did you mean "qemu-aarch64"?' }]);
});

test("what it extends may extend another one, but not in a circle", () => {
  const chain = { middle: "extends: qemu-aarch64\npmu: 5\n" };
  expect(read("extends: middle\nname: mine\n", chain)).toMatchObject({
    board: { name: "mine", pmu: 5, gic: { version: 3 } },
    found: [],
  });
  const { board, found } = read("extends: mine\nname: mine\n");
  expect(board).toBeUndefined();
  expect(found).toMatchObject([{ code: "AXV-P098", line: 1, column: 10 }]);
  expect(read("extends: middle\n", { middle: "pmu: 5\nextends: mine\n" }).found).toMatchObject([
    { code: "AXV-P098", file: expect.stringContaining("middle") as string, line: 2 },
  ]);
});

test("what is wrong with what it extends is told there", () => {
  expect(read("extends: middle\n", { middle: "extends: qemu-aarch64\n[a]: 1\n" }).found).toMatchObject([
    { code: "AXV-P009", file: expect.stringContaining("middle") as string, line: 2 },
  ]);
});

test("more than 8 pCPUs are refused, with a GICv2 and without", () => {
  const nine = BASE.replace("[0x0, 0x1, 0x2, 0x3]", "[0, 1, 2, 3, 4, 5, 6, 7, 8]");
  const gicv2 =
    "extends: qemu-aarch64\nname: mine\ngic: { version: 2, gicd: 0x8000, gicc: 0x1000, gich: 0x4000, gicv: 0x6000, spis: " +
      "32, maintenance: 9 }\n";
  const cpus =
    "cpus: { compatible: 'arm,cortex-a55', mpidr: [0, 1, 2, 3, 4, 5, 6, 7, 8], refill_event: 3, caches: " +
      "[{ level: 1, kind: unified, sets: 64, ways: 1, line: 64 }] }\n";
  for (const file of [nine, gicv2 + cpus]) {
    const { board, found } = read(file);
    expect(board).toBeUndefined();
    expect(found).toMatchObject([
      {
        code: "AXV-P006",
        remedy: "write 1 to 8 pCPUs: what the hypervisor has room for, and a GICv2 has CPU interfaces for",
      },
    ]);
  }
});

test("a GIC of another version is refused", () => {
  const { found } = read("extends: qemu-aarch64\nname: mine\ngic: { version: 4 }\n");
  expect(found).toMatchObject([{ code: "AXV-P006", line: 3, remedy: "write a GIC of version 2 or 3" }]);
});

test("a board without `isa` is AArch64's, and one that extends another has its ISA", () => {
  expect(BASE).toMatch(/^isa: aarch64$/m);
  const { board, found } = read(BASE.replace("isa: aarch64\n", ""));
  expect(found).toEqual([]);
  expect(board).toMatchObject({ name: "mine", isa: "aarch64", gic: { version: 3 } });
  expect(read("extends: old\n", { old: BASE.replace("isa: aarch64\n", "") }).board).toMatchObject({ isa: "aarch64" });
});

test("an ISA that there are no boards of is refused where it stands, and all else is looked at as ever", () => {
  for (const isa of ["riscv32", "AArch64", "7", "[aarch64]"]) {
    const { board, found } = read(`extends: qemu-aarch64\nisa: ${isa}\ngic: { version: 4 }\n`);
    expect(board).toBeUndefined();
    expect(found).toMatchObject([
      { code: "AXV-P006", line: 2, column: 6, remedy: "write aarch64 or riscv64" },
      { code: "AXV-P006", line: 3, remedy: "write a GIC of version 2 or 3" },
    ]);
  }
});

// What counts as the hypervisor's size: sections, symbols and lines, each of a few that one can count.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Elf } from "../../tools/verify/native/elf.ts";
import { linearMemory, sourceLines, textAndRodata } from "../../tools/verify/size.ts";
import { section, symbol } from "./handmade.ts";

test("code and constants: what lies in memory and is never written", () => {
  const sections = [
    section({ size: 1000, writable: true }),
    section({ size: 100, executable: true }),
    section({ size: 20 }),
    section({ size: 3000, allocated: false }),
    section({ size: 4000, allocated: false, writable: true }),
  ];
  expect(textAndRodata({ sections, symbols: [] })).toBe(120);
  expect(textAndRodata({ sections: [], symbols: [] })).toBe(0);
});

test("linear memory goes from one symbol to another, and both must be there", () => {
  const start = symbol({ name: "axv_linear_start", value: 0x1000 });
  const end = symbol({ name: "axv_linear_end", value: 0x5000 });
  const of = (...symbols: Elf["symbols"]): number => linearMemory({ sections: [], symbols });
  expect(of(symbol({ name: "other", value: 1 }), start, end)).toBe(0x4000);
  expect(() => of(start)).toThrow(/^symbol axv_linear_end: the linker script must define it \[symbol-missing\]$/);
  expect(() => of(end)).toThrow(/^symbol axv_linear_start: the linker script must define it \[symbol-missing\]$/);
});

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "axv-size-"));
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

function lines(files: Readonly<Record<string, string>>, folders: readonly string[]): number {
  rmSync(root, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return sourceLines(root, folders);
}

test.each([
  ["AssemblyScript and assembly, in folders however deep", { "core/a.ts": "1\n2\n", "core/b/c/d.S": "3\n" }, 3],
  ["a last line without an end is none", { "core/a.ts": "1\n2", "core/none.ts": "no end" }, 1],
  ["an empty file", { "core/a.ts": "" }, 0],
  ["tables and all else are left out", { "core/a.table.ts": "1\n", "core/a.md": "1\n", "core/S": "\n", "core/x.ts": "1\n" }, 1],
  ["names that only look like sources", { "core/a.tsx": "1\n", "core/a.Sx": "1\n", "core/ats": "1\n", "core/aS": "1\n" }, 0],
  ["all folders that are named, and no other", { "core/a.ts": "1\n", "arch/x/b.S": "2\n", "arch/y/c.S": "3\n" }, 2],
])("%s", (_, files, count) => {
  expect(lines(files, Object.keys(files).some((name) => name.startsWith("arch/")) ? ["core", "arch/x"] : ["core"])).toBe(count);
});

test("a driver counts if a source names it, or another driver", () => {
  const files = {
    "core/devices/one.ts": 'import "./two"\n',
    "core/devices/two.ts": "1\n2\n",
    "core/devices/three.ts": "1\n2\n3\n4\n",
    "core/devices/four.S": "1\n2\n3\n4\n5\n6\n7\n8\n",
    "arch/x/a.ts": 'import "../../core/devices/one";\n// "three", devices/three, /threes"\n',
  };
  expect(lines(files, ["core", "arch/x"])).toBe(1 + 2 + 8 + 2);
});

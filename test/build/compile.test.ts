// A program's ISA gives its hooks: build/generated/isa is that ISA's file for it, and no file on the disk.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../tools/build/compile.ts";
import { ROOT } from "../../tools/build/files.ts";
import type { Isa } from "../../tools/build/targets/target.ts";
import { errorOf } from "./build.ts";

const ENTRY = "test/build/assembly/hooked.ts";
const SOURCES = new Map([
  [ENTRY, 'import { number } from "../../../build/generated/isa";\nexport function run(): i32 { return number(); }\n'],
  ["arch/aarch64/isa.ts", "export function number(): i32 { return 64; }\n"],
  ["arch/riscv64/isa.ts", "export function number(): i32 { return 5; }\n"],
]);

async function answer(isa: Isa): Promise<number> {
  const { wasm } = await compile({ entry: ENTRY, memoryPages: 1, isa }, SOURCES);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm as BufferSource));
  return (exports["run"] as () => number)();
}

test("each program has the hooks of its own ISA, also when two are built at once", async () => {
  expect(await Promise.all([answer("aarch64"), answer("riscv64")])).toEqual([64, 5]);
  expect(existsSync(join(ROOT, "build/generated/isa.ts"))).toBe(false);
});

test("what has no ISA has no hooks", async () => {
  const error = await errorOf(() => compile({ entry: ENTRY, memoryPages: 1 }, SOURCES));
  expect(error.code).toBe("compile-failed");
  expect(error.message).toContain("build/generated/isa");
});

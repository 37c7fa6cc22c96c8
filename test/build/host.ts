// Translated C as a program for this machine: linked with a harness that plays the machine for it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { C_FLAGS, CLANG, runTool } from "../../tools/build/native.ts";
import { BOUND, findIntrinsic, inlineImport, type Tables } from "../../tools/build/translate/imports.ts";
import type { Translation } from "../../tools/build/translate/index.ts";
import type { ValueType } from "../../tools/build/translate/instructions.ts";

const PAGE_BYTES = 65536;
const OUTPUT_LIMIT = 1 << 28;
const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Runs it; `tables`: their cpu intrinsics are real, else the harness answers every import. */
export function runHarness(
  harness: "cases.c" | "replay.c",
  translation: Translation,
  tables: Tables | undefined,
  input: Uint8Array,
  flags: readonly string[] = [],
): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "axv-host-"));
  try {
    const path = (name: string): string => join(folder, name);
    writeFileSync(path("module.c"), translation.c);
    const source = readFileSync(new URL(harness, import.meta.url), "utf8");
    writeFileSync(path("harness.c"), `${source}\n${glue(translation, tables)}`);
    runTool(CLANG, [
      ...C_FLAGS,
      "-DLINEAR_BASE=axv_linear",
      "-include",
      `${FOLDER}harness.h`,
      ...flags,
      "-c",
      path("module.c"),
      "-o",
      path("module.o"),
    ]);
    runTool(CLANG, ["-O1", "-Wno-unused-function", path("module.o"), `-I${FOLDER}`, path("harness.c"), "-o", path("program")]);
    return execFileSync(path("program"), { input, maxBuffer: OUTPUT_LIMIT });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const cType = (one: ValueType): string => (one === "i32" ? "u32" : "u64");

/** C for what the harness cannot know: imports, and how to call the exports. */
function glue({ module, functions }: Translation, tables: Tables | undefined): string {
  const stubs = [...module.imports].map(([id, one], index) => {
    const name = functions.get(id) ?? "";
    if (one.module === BOUND.module && one.name === BOUND.name) return `void ${name}(u32 a0, u32 a1) { check_bound(a0, a1); }`;
    if (tables !== undefined && one.module === BOUND.module)
      return inlineImport(name, findIntrinsic(tables, one), undefined).replace("AXV_INLINE ", "");
    const params = one.params.map((param, n) => `${cType(param)} a${n}`).join(", ") || "void";
    const list = one.params.map((_, n) => `a${n}`).join(", ") || "0";
    const call = `answer(${index}, ${one.params.length}, (const u64[]){${list}})`;
    return one.result === undefined
      ? `void ${name}(${params}) { ${call}; }`
      : `${cType(one.result)} ${name}(${params}) { return (${cType(one.result)})${call}; }`;
  });
  const calls = [...module.exports].map(([name, id]) => {
    const target = module.functions.find((one) => one.id === id);
    const params = target?.params ?? [];
    const result = target?.result;
    const call = `${name}(${params.map((param, n) => `(${cType(param)})a[${n}]`).join(", ")})`;
    const type = result === undefined ? "void" : cType(result);
    const prototype = `extern ${type} ${name}(${params.map(cType).join(", ") || "void"});`;
    const body = result === undefined ? `${call}; return 0` : `return ${call}`;
    return `${prototype}\nstatic u64 call_${name}(const u64 *a) { (void)a; ${body}; }`;
  });
  return [
    ...stubs,
    ...calls,
    `const struct axv_export axv_exports[] = {${[...module.exports.keys()].map((name) => `{call_${name}}`).join(", ")}};`,
    `const u64 axv_memory_bytes = ${module.memoryPages * PAGE_BYTES};`,
    "",
  ].join("\n");
}

// Differential testing: the same wasm in V8 and as translated C on the host, case by case, with the same answers to its
// imports. Compared after every call: how it ended, its result, and every import call with its arguments; after every case:
// all of memory.
import binaryen from "assemblyscript/binaryen";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { disassemble } from "../../tools/build/disassemble.ts";
import { C_FLAGS, CLANG, runTool } from "../../tools/build/native.ts";
import { BOUND, findIntrinsic, inlineImport, type Tables } from "../../tools/build/translate/imports.ts";
import { runV8 } from "./v8.ts";
import { translate, type Translation } from "../../tools/build/translate/index.ts";

export interface Call {
  readonly function: string;
  readonly arguments: readonly bigint[];
}

export interface Case {
  readonly calls: readonly Call[];
  /** What is zero in memory is filled from it; 0: nothing is. */
  readonly memorySeed: number;
  readonly traceSeed: number;
}

export type End = "returned" | "trapped" | "out of bounds" | "past bound";
const ENDS: readonly End[] = ["returned", "trapped", "out of bounds", "past bound"];

export interface Outcome {
  readonly end: End;
  readonly result: bigint;
  /** A hash of it, at a case's last call. */
  readonly memory: number;
  readonly trace: number;
}

const MAX_ARGUMENTS = 8;
const CALL_BYTES = 8 + 8 * MAX_ARGUMENTS;
const CASE_BYTES = 12;
const OUTCOME_BYTES = 24;
const PAGE_BYTES = 65536;
const OUTPUT_LIMIT = 1 << 28;

function withModule<T>(wat: string, action: (module: binaryen.Module) => T): T {
  const module = binaryen.parseText(wat);
  try {
    module.setFeatures(binaryen.Features.All);
    if (module.validate() === 0) throw new Error("invalid module");
    return action(module);
  } finally {
    module.dispose();
  }
}

/** WebAssembly text → binary; `optimize` as asc does. */
export function assemble(wat: string, optimize = false): Uint8Array {
  return withModule(wat, (module) => {
    if (optimize) {
      binaryen.setOptimizeLevel(3);
      module.optimize();
    }
    binaryen.setDebugInfo(true); // names of functions, as in what asc writes
    return module.emitBinary();
  });
}

/** WebAssembly text as binaryen prints it. */
export const print = (wat: string): string => withModule(wat, (module) => module.emitText());

export function translateWasm(wasm: Uint8Array, tables: Tables, imports: "inline" | "extern"): Translation {
  const folder = mkdtempSync(join(tmpdir(), "axv-build-"));
  try {
    const file = join(folder, "module.wasm");
    writeFileSync(file, wasm);
    return translate(disassemble(file), tables, imports);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What differs between V8 and native, in words; nothing, if all is well. `flags` are added to the build's own. */
export function compare(wasm: Uint8Array, tables: Tables, cases: readonly Case[], flags: readonly string[] = []): string[] {
  const translation = translateWasm(wasm, tables, "extern");
  const { module } = translation;
  const exports = [...module.exports].map(([name, id]) => [name, module.functions.find((one) => one.id === id)] as const);
  const signatures = {
    exports: new Map(exports.flatMap(([name, one]) => (one === undefined ? [] : [[name, one] as const]))),
    imports: new Map([...module.imports.values()].map((one) => [`${one.module}.${one.name}`, one] as const)),
  };
  const expected = runV8(wasm, signatures, cases);
  const actual = runNative(translation, tables, cases, flags);
  return cases.flatMap(({ calls }, index) => {
    const [v8, native] = [expected[index]?.map(describe) ?? [], actual[index]?.map(describe) ?? []];
    return v8.flatMap((outcome, call) => {
      if (outcome === native[call]) return [];
      const { function: name, arguments: values } = calls[call] ?? { function: "", arguments: [] };
      return [`${name}(${values.join(", ")}): V8 ${outcome}; native ${native[call] ?? "nothing"}`];
    });
  });
}

/** After an access out of bounds only the fact counts: C may have moved stores over it. */
const describe = ({ end, result, memory, trace }: Outcome): string =>
  end === "out of bounds" ? end : `${end} ${result} (memory ${memory.toString(16)}, imports ${trace.toString(16)})`;

function runNative(translation: Translation, tables: Tables, cases: readonly Case[], flags: readonly string[]): Outcome[][] {
  const folder = mkdtempSync(join(tmpdir(), "axv-host-"));
  try {
    writeFileSync(join(folder, "module.c"), translation.c);
    const harness = readFileSync(new URL("harness.c", import.meta.url), "utf8");
    writeFileSync(join(folder, "harness.c"), `${harness}\n${glue(translation, tables)}`);
    const program = join(folder, "program");
    const include = new URL("harness.h", import.meta.url).pathname;
    const own = [...C_FLAGS, "-DLINEAR_BASE=axv_linear", "-include", include, ...flags, "-c", join(folder, "module.c"), "-o", `${program}.o`];
    runTool(CLANG, own);
    runTool(CLANG, ["-O1", "-Wno-unused-function", `${program}.o`, join(folder, "harness.c"), "-o", program]);
    const output = execFileSync(program, { input: encode(translation, cases), maxBuffer: OUTPUT_LIMIT });
    return decode(output, cases);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** C for what the harness cannot know: imports, and how to call the exports. */
function glue({ module, functions }: Translation, tables: Tables): string {
  const type = (one: "i32" | "i64"): string => (one === "i32" ? "u32" : "u64");
  const stubs = [...module.imports].map(([id, one], index) => {
    const name = functions.get(id) ?? "";
    if (one.module === BOUND.module && one.name === BOUND.name) return `void ${name}(u32 a0, u32 a1) { check_bound(a0, a1); }`;
    // What every ISA has is real here too: operations on linear memory.
    const intrinsic = findIntrinsic(tables, one);
    if (one.module === BOUND.module) return inlineImport(name, intrinsic).replace("AXV_INLINE ", "");
    const params = one.params.map((param, n) => `${type(param)} a${n}`).join(", ") || "void";
    const list = one.params.map((_, n) => `a${n}`).join(", ") || "0";
    const call = `answer(${index}, ${one.params.length}, (const u64[]){${list}})`;
    return one.result === undefined ? `void ${name}(${params}) { ${call}; }` : `${type(one.result)} ${name}(${params}) { return (${type(one.result)})${call}; }`;
  });
  const calls = [...module.exports].map(([name, id]) => {
    const target = module.functions.find((one) => one.id === id);
    const params = target?.params ?? [];
    const result = target?.result;
    const call = `${name}(${params.map((param, n) => `(${type(param)})a[${n}]`).join(", ")})`;
    const prototype = `extern ${result === undefined ? "void" : type(result)} ${name}(${params.map(type).join(", ") || "void"});`;
    return `${prototype}\nstatic u64 call_${name}(const u64 *a) { (void)a; ${result === undefined ? `${call}; return 0` : `return ${call}`}; }`;
  });
  const table = [...module.exports.keys()].map((name) => `{call_${name}}`).join(", ");
  return [
    ...stubs,
    ...calls,
    `const struct axv_export axv_exports[] = {${table}};`,
    `const u64 axv_memory_bytes = ${module.memoryPages * PAGE_BYTES};`,
    "",
  ].join("\n");
}

function encode({ module }: Translation, cases: readonly Case[]): Buffer {
  const numbers = new Map([...module.exports.keys()].map((name, index) => [name, index] as const));
  return Buffer.concat(
    cases.flatMap(({ calls, memorySeed, traceSeed }) => {
      const head = Buffer.alloc(CASE_BYTES);
      [calls.length, memorySeed, traceSeed].forEach((word, index) => head.writeUInt32LE(word >>> 0, index * 4));
      const bodies = calls.map((call) => {
        const body = Buffer.alloc(CALL_BYTES);
        const number = numbers.get(call.function);
        if (number === undefined) throw new Error(`no export ${call.function}`);
        body.writeUInt32LE(number, 0);
        call.arguments.forEach((value, index) => body.writeBigUInt64LE(BigInt.asUintN(64, value), 8 + index * 8));
        return body;
      });
      return [head, ...bodies];
    }),
  );
}

function decode(output: Buffer, cases: readonly Case[]): Outcome[][] {
  let at = 0;
  return cases.map(({ calls }) => {
    const outcomes: Outcome[] = [];
    for (let n = 0; n < calls.length && outcomes.at(-1)?.end !== "out of bounds"; n++, at += OUTCOME_BYTES) {
      outcomes.push({
        end: ENDS[output.readUInt32LE(at)] ?? "returned",
        memory: output.readUInt32LE(at + 4),
        trace: output.readUInt32LE(at + 8),
        result: output.readBigUInt64LE(at + 16),
      });
    }
    return outcomes;
  });
}

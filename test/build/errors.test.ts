// What the translator refuses: each mistake has its own code, and the message says in which function, and in which line of
// which source file.
import { describe, expect, test } from "vitest";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { cpu } from "../../core/cpu.table.ts";
import type { BuildErrorCode } from "../../tools/build/errors.ts";
import { errorOf, translateSource } from "./build.ts";
import { corpusModule, QUESTIONS } from "./corpus.ts";
import { translate } from "../../tools/build/translate/index.ts";
import { print } from "./wasm.ts";

const TABLES = { cpu, test: QUESTIONS };

const translateText = (wat: string) => translate(print(wat), TABLES, AARCH64);
const translateFunction = (wat: string) => translateText(corpusModule([], [`(func $culprit (export "culprit") ${wat})`]));

describe("a source that cannot run on bare metal is refused where it stands", () => {
  test.each<[string, BuildErrorCode, string, number]>([
    ["float.ts", "float", "scale", 4],
    ["indirect.ts", "indirect-call", "apply", 12],
    ["unbounded.ts", "loop-unbounded", "sum", 8],
    ["limit.ts", "loop-limit", "sum", 7],
  ])("%s: %s", async (file, code, functionName, line) => {
    const error = await errorOf(() => translateSource(`refused/${file}`));
    expect(error.code).toBe(code);
    expect(error.at).toMatchObject({ file: `test/build/assembly/refused/${file}`, line });
    expect(error.message).toContain(`test/build/assembly/refused/${file}:${line}:`);
    expect(error.message).toContain(`function test/build/assembly/refused/${file.replace(".ts", "")}/${functionName}`);
  });

  test("an allocation grows memory in asc's library: the message says who allocates", async () => {
    const error = await errorOf(() => translateSource("refused/grow.ts"));
    expect(error.code).toBe("memory-grow");
    expect(error.message).toContain("needed by test/build/assembly/refused/grow/first");
  });

  test("what asc finds is given in asc's words", async () => {
    const error = await errorOf(() => translateSource("refused/mistyped.ts"));
    expect(error.code).toBe("compile-failed");
    expect(error.message).toContain("test/build/assembly/refused/mistyped.ts(3,12)");
  });

  test("imports are the intrinsics of the tables, with their types", async () => {
    expect((await errorOf(() => translateSource("refused/unknown.ts"))).message).toMatch(/cpu\.halt.*\[unknown-import\]/);
    expect((await errorOf(() => translateSource("refused/retyped.ts"))).message).toMatch(/cpu\.atomicOr32.*\[import-type\]/);
  });
});

describe("instructions outside the integer part of WebAssembly", () => {
  test.each<[string, BuildErrorCode, string]>([
    ["a float constant", "float", "(drop (f64.const 1))"],
    ["a float parameter", "float", "(param f32)"],
    ["a float result", "float", "(result f64) (unreachable)"],
    ["a float local", "float", "(local f32)"],
    ["a float load", "float", "(drop (f32.load (i32.const 0)))"],
    ["a float store", "float", "(f64.store (i32.const 0) (f64.const 0))"],
    ["float arithmetic", "float", "(param i32) (result i32) (i32.trunc_f64_s (f64.convert_i32_s (local.get 0)))"],
    ["reinterpreted bits", "float", "(param i32) (drop (f32.reinterpret_i32 (local.get 0)))"],
    ["memory.grow", "memory-grow", "(drop (memory.grow (i32.const 1)))"],
    ["SIMD", "unsupported-instruction", "(drop (i32x4.splat (i32.const 1)))"],
    ["an atomic of the threads proposal", "unsupported-instruction", "(drop (i32.atomic.load (i32.const 0)))"],
    [
      "a tail call",
      "unsupported-instruction",
      "(param i32 i32) (result i32) (return_call $subtract (local.get 0) (local.get 1))",
    ],
    ["several results", "unsupported-instruction", "(result i32 i32) (tuple.make 2 (i32.const 1) (i32.const 2))"],
    ["a reference", "unsupported-instruction", "(drop (ref.null extern))"],
    ["a function reference", "indirect-call", "(drop (ref.func $pattern))"],
    ["passive data", "unsupported-instruction", "(data.drop $passive)"],
  ])("%s", async (_, code, wat) => {
    const more = wat.includes("$passive") ? '(data $passive "x")' : "(elem declare func $pattern)";
    const text = corpusModule([], [`(func $culprit (export "culprit") ${wat})`, wat.includes("$p") ? more : ""]);
    const error = await errorOf(() => translateText(text));
    expect(error.code).toBe(code);
    expect(error.message).toContain("function culprit");
  });

  test.each<[string, BuildErrorCode, string]>([
    ["a table", "indirect-call", "(table 1 funcref)"],
    ["an imported memory", "unsupported-module", '(import "env" "memory" (memory 1))'],
    ["an imported global", "unsupported-module", '(import "env" "flag" (global i32))'],
    ["an exception tag", "unsupported-module", "(tag $oops (param i32))"],
    [
      "a global that starts with another's value",
      "unsupported-module",
      "(global $a i32 (i32.const 1)) (global $b i32 (global.get $a))",
    ],
    ["an unknown import", "unknown-import", '(import "env" "abort" (func (param i32)))'],
    ["an export that C cannot name", "export-name", '(func (export "core/boot"))'],
    ["an export named like a C keyword", "export-name", '(func (export "switch"))'],
  ])("%s", async (_, code, wat) => {
    expect((await errorOf(() => translateText(`(module ${wat})`))).code).toBe(code);
  });
});

describe("every way round a loop passes its own bound()", () => {
  const COUNT = "(local.set 0 (i32.add (local.get 0) (i32.const 1)))";
  const AGAIN = "(br_if $l (i32.lt_u (local.get 0) (i32.const 5)))";
  const BOUND = "(call $bound (local.get 0) (i32.const 5))";

  test.each<[string, string]>([
    ["no bound at all", `(param i32) (loop $l ${COUNT} ${AGAIN})`],
    ["a bound before the loop", `(param i32) ${BOUND} (loop $l ${COUNT} ${AGAIN})`],
    ["a bound behind the loop's end", `(param i32) (loop $l ${COUNT} ${AGAIN} ${BOUND})`],
    ["a bound that one way leaves out", `(param i32) (loop $l ${COUNT} (if (local.get 0) (then ${BOUND})) ${AGAIN})`],
    ["a continue before the bound", `(param i32) (loop $l ${COUNT} ${AGAIN} ${BOUND} ${AGAIN})`],
    ["a bound that a branch jumps over", `(param i32) (loop $l ${COUNT} (block $b (br_if $b (local.get 0)) ${BOUND}) ${AGAIN})`],
    [
      "a bound in one case of a table",
      `(param i32) (loop $l ${COUNT} (block $a (block $b (br_table $a $b (local.get 0))) ${BOUND}) ${AGAIN})`,
    ],
    [
      "a bound in the inner loop only",
      `(param i32) (loop $l ${COUNT} (loop $m ${BOUND} (br_if $m (i32.lt_u (local.get 0) (i32.const 5)))) ${AGAIN})`,
    ],
    [
      "an inner loop that continues the outer one",
      `(param i32) (loop $l (loop $m ${BOUND} ${COUNT} ${AGAIN} (br_if $m (local.get 0))))`,
    ],
    [
      "an inner loop without",
      `(param i32) (loop $l ${BOUND} (loop $m ${COUNT} (br_if $m (i32.lt_u (local.get 0) (i32.const 5)))) ${AGAIN})`,
    ],
  ])("refused: %s", async (_, wat) => {
    const error = await errorOf(() => translateFunction(wat));
    expect(error.code).toBe("loop-unbounded");
    expect(error.message).toContain("function culprit");
  });

  test.each<[string, string]>([
    ["first statement", `(param i32) (loop $l ${BOUND} ${COUNT} ${AGAIN})`],
    [
      "behind the condition",
      `(param i32) (block $out (loop $l (br_if $out (i32.ge_u (local.get 0) (i32.const 5))) ${BOUND} ${COUNT} (br $l)))`,
    ],
    ["in both arms", `(param i32) (loop $l ${COUNT} (if (local.get 0) (then ${BOUND}) (else ${BOUND})) ${AGAIN})`],
    ["one arm leaves", `(param i32) (loop $l ${COUNT} (if (local.get 0) (then (return)) (else ${BOUND})) ${AGAIN})`],
    ["two loops, each its own", `(param i32) (loop $l ${BOUND} (loop $m ${BOUND} ${COUNT} (br_if $m (local.get 0))) ${AGAIN})`],
    ["a loop that never goes back", `(param i32) (loop $l ${COUNT})`],
  ])("taken: %s", (_, wat) => {
    expect(translateFunction(wat).c).toContain("culprit");
  });

  test.each([["0", "0"], ["the mark of byte loops", "0xffffffff"]])("refused: a limit of %s", async (_, limit) => {
    const wat = `(param i32) (loop $l (call $bound (local.get 0) (i32.const ${limit})) ${COUNT} ${AGAIN})`;
    expect((await errorOf(() => translateFunction(wat))).code).toBe("loop-limit");
  });
});

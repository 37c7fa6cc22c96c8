// How loops of WebAssembly nest and functions call: of small modules, in which loops are known by their limits.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readModule } from "../../../tools/build/translate/module.ts";
import { callsIn, inCallOrder } from "../../../tools/verify/wasm/calls.ts";
import { loadWasm, type Wasm } from "../../../tools/verify/wasm/module.ts";
import { findNesting } from "../../../tools/verify/wasm/nesting.ts";
import { assemble, print } from "../../build/wasm.ts";

const module = (text: string): string => `(module
  (import "cpu" "bound" (func $bound (param i32 i32)))
  (import "cpu" "other" (func $other (param i32 i32)))
  (memory 1)
  ${text})`;
const bound = (limit: number): string => `(call $bound (i32.const 0) (i32.const ${limit}))`;
/** A number that nobody knows. */
const ANY = "(i32.load (i32.const 0))";
const back = (label: string): string => `(br_if $${label} ${ANY})`;
const table = (label: string): string => `(block $out (br_table $out $${label} ${ANY}))`;
const loop = (label: string, ...body: readonly string[]): string => `(loop $${label} ${body.join(" ")})`;

const read = (text: string): Wasm => {
  const { functions } = readModule(print(module(text)));
  return { functions, exports: new Set(), bound: "$bound" };
};

/** `outer around inner`, by limits, and `alone` ones. */
function nesting(text: string): string[] {
  const { keys, encloses } = findNesting(read(text));
  const limits = [...keys].map((key) => key.replace(/^0:/, "")).sort((a, b) => Number(a) - Number(b));
  const pairs = limits.flatMap((outer) =>
    limits.filter((inner) => encloses(`0:${outer}`, `0:${inner}`)).map((inner) => `${outer} around ${inner}`));
  return [limits.join(" "), ...pairs];
}

describe("loops", () => {
  test.each<[string, string, string[]]>([
    ["one", `(func ${loop("a", bound(1), back("a"))})`, ["1"]],
    ["two in a row", `(func ${loop("a", bound(1), back("a"))} ${loop("b", bound(2), back("b"))})`, ["1 2"]],
    [
      "three, each in the one before",
      `(func ${loop("a", bound(1), loop("b", bound(2), loop("c", bound(3), back("c")), back("b")), back("a"))})`,
      ["1 2 3", "1 around 2", "1 around 3", "2 around 3"],
    ],
    ["in both arms of a condition, after what is inside", `(func ${loop("a",
      `(if ${ANY} (then ${loop("b", bound(2), back("b"))}) (else ${loop("c", bound(3), back("c"))}))`,
      bound(1), back("a"))})`, ["1 2 3", "1 around 2", "1 around 3"]],
    [
      "one with two bounds has two names, and the one is not inside the other",
      `(func ${loop("a", bound(1), loop("b", bound(3), back("b")), bound(2), back("a"))})`,
      ["1 2 3", "1 around 3", "2 around 3"],
    ],
    ["one that jumps back by a table", `(func ${loop("a", bound(1), table("a"))})`, ["1"]],
    [
      "what nothing jumps back to is no loop, and what is in it belongs to the loop around",
      `(func ${loop("a", loop("b", bound(1)), loop("c", bound(2), table("out")), back("a"))})`,
      ["1 2"],
    ],
    [
      "one whose jump back is deep inside",
      `(func ${loop("a", bound(1), `(if ${ANY} (then (block $x (drop ${ANY}) ${back("a")})))`)})`,
      ["1"],
    ],
    ["a jump out of a loop to one around", `(func ${loop("a", loop("b", bound(2), back("a"), back("b")), bound(1), back("a"))})`,
      ["1 2", "1 around 2"]],
    [
      "another import's call is no bound",
      `(func ${loop("a", bound(1), "(call $other (i32.const 0) (i32.const 9))", back("a"))})`, ["1"],
    ],
    ["a limit that is no constant has no name", `(func ${loop("a", `(call $bound (i32.const 0) ${ANY})`, back("a"))})`, [""]],
    ["a limit's bits are those of a number without a sign", `(func ${loop("a", bound(-2), back("a"))})`, ["4294967294"]],
    ["the same loop twice, once inside itself", `(func ${loop("a", bound(1), loop("b", bound(1), back("b")), back("a"))})`,
      ["1", "1 around 1"]],
  ])("%s", (_, text, expected) => {
    expect(nesting(text)).toEqual(expected);
  });

  test("those of what is called run where it is called, however deep; the order of functions does not matter", () => {
    expect(nesting(`
      (func $top ${loop("a", bound(1), "(call $middle)", back("a"))} (call $leaf))
      (func $middle (call $leaf) ${loop("b", bound(2), back("b"))})
      (func $leaf ${loop("c", bound(3), back("c"))})
      (func $apart ${loop("d", bound(4), back("d"))})`)).toEqual(["1 2 3 4", "1 around 2", "1 around 3"]);
  });
});

describe("calls", () => {
  const order = (text: string): string[] => inCallOrder(read(text).functions).map(({ name }) => name);

  test("callees come before their callers, each once", () => {
    const c = `(func $c ${bound(1)})`;
    expect(order(`(func $a (call $b) (call $c)) (func $b (call $c)) ${c}`)).toEqual(["c", "b", "a"]);
    expect(order("(func $a) (func $b)")).toEqual(["a", "b"]);
    expect(order("")).toEqual([]);
  });

  test("also those that stand in operands, and two that stand in one another", () => {
    const { functions: [one] } = read(`(func $a (drop (call $f (call $g))))
      (func $f (param i32) (result i32) (i32.const 1)) (func $g (result i32) (i32.const 1))`);
    expect(callsIn(one?.body ?? []).map(({ target }) => target)).toEqual(["$f", "$g"]);
  });

  test("a circle is told from where it begins, not from where it was entered", () => {
    const advice = "no call path may come back to where it started; turn it into a loop with a bound [recursion]";
    expect(() => order("(func $a (call $b)) (func $b (call $c)) (func $c (call $d)) (func $d (call $b))")).toThrow(
      new RegExp(`^b → c → d → b: ${advice.replace("[", "\\[")}$`),
    );
    expect(() => order("(func $a (call $a))")).toThrow(/^a → a: /);
  });
});

describe("a file", () => {
  function load(wat: string): Wasm {
    const folder = mkdtempSync(join(tmpdir(), "axv-wasm-"));
    try {
      writeFileSync(join(folder, "a.wasm"), assemble(wat));
      return loadWasm(join(folder, "a.wasm"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const imported = (from: string, name: string): string => `(import "${from}" "${name}" (func $${from}_${name} (param i32 i32)))`;

  test("without a source map is read, too; the bound is an import by both its names", () => {
    const { bound: id, exports, functions } = load(`(module ${imported("cpu", "unbound")} ${imported("gpu", "bound")}
      ${imported("cpu", "bound")} (memory 1) (func $f (export "g")) (func $h (export "k")))`);
    expect(id).toBe("$cpu_bound");
    expect(exports).toEqual(new Set(["g", "k"]));
    expect(functions.map(({ name }) => name)).toEqual(["f", "h"]);
    expect(load("(module (memory 1))").bound).toBeUndefined();
  });

  test("with a loop that does not state its bound is refused by the function's name", () => {
    const unbounded = module(`(func $f ${loop("a", back("a"))})`);
    expect(() => load(unbounded)).toThrow(/^loop without bound in function f: .*\[loop-unbounded\]$/);
  });
});

// Functions that are called with registers saved already are told so; a name that is nobody's is a mistake.
import { expect, test } from "vitest";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { BuildError } from "../../tools/build/errors.ts";
import { attributes } from "../../tools/build/translate/attributes.ts";
import { translate } from "../../tools/build/translate/index.ts";
import { print } from "./wasm.ts";

const KNOWN = {
  functions: new Set(["trap", "irq", "core_irq_slow", "core_crc32_update", "core_irq_count"]),
  exports: new Set(["trap", "irq"]),
};

test("each function by its name, the fast ones by how it begins", () => {
  const of = attributes(
    { fast: ["trap", "irq", "core_irq"], savesNothing: ["trap"], savesMost: ["irq", "core_irq_slow"], apart: ["core_irq_count"] },
    KNOWN,
    AARCH64.conventions,
  );
  expect([...KNOWN.functions].map(of)).toEqual([
    "__attribute__((preserve_none)) ",
    "__attribute__((preserve_most)) ",
    "__attribute__((preserve_most, noinline)) ",
    "__attribute__((minsize)) ",
    "__attribute__((noinline)) ",
  ]);
});

test("a target without such conventions: plain functions, and what they go on in is still never made a part of them", () => {
  const of = attributes({ savesNothing: ["trap"], savesMost: ["irq", "core_irq_slow"] }, KNOWN, {
    savesNothing: undefined,
    savesMost: undefined,
  });
  expect(["trap", "irq", "core_irq_slow"].map(of)).toEqual(["", "", "__attribute__((noinline)) "]);
});

test.each(["apart", "savesNothing", "savesMost"] as const)("%s: a function that there is not", (shape) => {
  expect(() => attributes({ [shape]: ["trapp"] }, KNOWN)).toThrow(BuildError);
  expect(() => attributes({ [shape]: ["trapp"] }, KNOWN)).toThrow(/function-missing/);
});

test("declaration and definition say the same", () => {
  const wat = '(module (func (export "trap") (param i32) (result i32) (local.get 0)))';
  const { c } = translate(print(wat), {}, AARCH64, { savesNothing: ["trap"] });
  expect(c.match(/^__attribute__\(\(preserve_none\)\) u32 trap\(/gm)).toHaveLength(2);
});

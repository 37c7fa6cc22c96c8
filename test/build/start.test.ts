// What the start function sets once and for all is a constant in C; what anybody else sets too stays a variable.
import { expect, test } from "vitest";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { translate } from "../../tools/build/translate/index.ts";
import { compare } from "./cases.ts";
import { assemble, print } from "./wasm.ts";

const GLOBALS =
  "(memory 1) (global $once (mut i32) (i32.const 0)) (global $twice (mut i32) (i32.const 0)) (global $later (mut i32) " +
    "(i32.const 0))";
const READERS = '(func (export "once") (result i32) (global.get $once)) (func (export "later") (result i32) (global.get $later))';
const START =
  "(start $go) (func $go (global.set $once (i32.const 7)) (global.set $twice (i32.const 1)) (global.set $twice (i32.const " +
    "2)) (global.set $later (global.get $once)))";
const WRITER =
  '(func (export "twice") (result i32) (global.set $twice (i32.add (global.get $twice) (i32.const 1))) (global.get $twice))';
const MODULE = `(module ${GLOBALS} ${READERS} ${START} ${WRITER})`;

test("a global that only the start function sets, with a constant, is a constant", () => {
  const { c } = translate(print(MODULE), {}, AARCH64);
  expect(c).toMatch(/static const u32 once\w* = 7u;/);
  expect(c.match(/once\w* = /g)).toHaveLength(1);
});

test("one that is set again, or with another's value, is not", () => {
  const { c } = translate(print(MODULE), {}, AARCH64);
  expect(c).toMatch(/static u32 twice\w* = 0u;/);
  expect(c).toMatch(/static u32 later\w* = 0u;/);
});

test("all of them have the values that V8 has", () => {
  const calls = ["once", "twice", "later", "twice", "once"].map((name) => ({ function: name, arguments: [] }));
  expect(compare(assemble(MODULE), {}, [{ calls, memorySeed: 0, traceSeed: 0 }])).toEqual([]);
});

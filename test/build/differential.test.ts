// The translated C does what V8 does with the same wasm: decision 1 of the architecture rests on this.
import { describe, expect, test } from "vitest";
import { cpu } from "../../core/cpu.table.ts";
import { CONTROL, corpusModule, MEMORY, ORDER, QUESTIONS, type Sample } from "./corpus.ts";
import { compare, type Case } from "./cases.ts";
import { assemble } from "./wasm.ts";
import { EDGES, LOADS, STORES, VALUE_INSTRUCTIONS, type Type } from "./instructions.ts";

const TABLES = { cpu, test: QUESTIONS };

const product = (types: readonly Type[]): bigint[][] =>
  types.reduce<bigint[][]>((lists, type) => lists.flatMap((list) => EDGES[type].map((value) => [...list, value])), [[]]);

/** One function for each value instruction: with both operands from locals, and with the right one constant. */
function valueSamples(): Sample[] {
  return VALUE_INSTRUCTIONS.flatMap(({ name, operands, result }): Sample[] => {
    const id = name.replace(".", "_");
    const params = operands.map((type) => `(param ${type})`).join(" ");
    const locals = operands.map((_, n) => `(local.get ${n})`).join(" ");
    const variable: Sample = {
      name: id,
      wat: `(func (export "${id}") ${params} (result ${result}) (${name} ${locals}))`,
      cases: product(operands),
    };
    const [left, right] = operands;
    if (left === undefined || right === undefined) return [variable];
    const constants = EDGES[right].map((value, n): Sample => ({
      name: `${id}_${n}`,
      wat: `(func (export "${id}_${n}") (param ${left}) (result ${result}) (${name} (local.get 0) (${right}.const ${value})))`,
      cases: EDGES[left].map((value) => [value]),
    }));
    // As a condition, where the C differs from that of a value.
    const value = `(${name} (local.get 0) (local.get 1))`;
    const truth = result === "i32" ? value : `(i64.ne ${value} (i64.const 0))`;
    const condition: Sample = {
      name: `${id}_if`,
      wat:
        `(func (export "${id}_if") ${params} (result i32) (if (result i32) ${truth} (then (i32.const 1)) (else (i32.const ` +
        "2))))",
      cases: product(operands),
    };
    return [variable, condition, ...constants];
  });
}

/** One load and one store of each width and sign, aligned and not. */
function accessSamples(): Sample[] {
  return (["i32", "i64"] as const).flatMap((type): Sample[] => [
    ...LOADS[type].map((op): Sample => ({
      name: `${type}_${op}`,
      wat: `(func (export "${type}_${op}") (param i32) (result ${type}) (${type}.${op} offset=3 align=1 (local.get 0)))`,
      cases: [0n, 1n, 2n, 5n, 1021n, 1024n, 4000n, 65533n].map((value) => [value]),
    })),
    ...STORES[type].map((op): Sample => ({
      name: `${type}_${op}`,
      wat: `(func (export "${type}_${op}") (param i32 ${type}) (${type}.${op} offset=3 align=1 (local.get 0) (local.get 1)))`,
      cases: [0n, 1n, 2n, 5n, 1021n].flatMap((pointer) => EDGES[type].map((value) => [pointer, value])),
    })),
  ]);
}

const SEEDS = { memorySeed: 7, traceSeed: 1 };

/** Each argument list is a case of its own, with fresh memory. */
const separate = (samples: readonly Sample[]): Case[] =>
  samples.flatMap(({ name, cases }) =>
    cases.map((values): Case => ({ ...SEEDS, calls: [{ function: name, arguments: values }] })),
  );

/** All argument lists of a function one after the other: for those that leave nothing behind. */
const together = (samples: readonly Sample[]): Case[] =>
  samples.map(({ name, cases }): Case => ({ ...SEEDS, calls: cases.map((values) => ({ function: name, arguments: values })) }));

describe("the translated C does what V8 does", () => {
  const corpus = [...CONTROL, ...ORDER, ...MEMORY];

  test("the corpus has at least 60 functions beside those of single instructions", () => {
    expect(corpus.length).toBeGreaterThanOrEqual(60);
  });

  test.each([
    ["control flow, order of evaluation, memory", corpus, separate],
    ["every value instruction", valueSamples(), together],
    ["every load and store", accessSamples(), separate],
  ])("%s", (_, samples, casesOf) => {
    for (const optimize of [false, true]) {
      const wasm = assemble(corpusModule(samples), optimize);
      expect(compare(wasm, TABLES, casesOf(samples))).toEqual([]);
    }
  });
});

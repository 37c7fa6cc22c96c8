// The hypervisor itself, the same bytes in V8 and as C: every export, in random states of memory, with random answers from
// the machine. What it does there makes no sense; that both do the same is the point.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "../../tools/build/compile.ts";
import { generate } from "../../tools/build/index.ts";
import { CORE } from "../../tools/build/programs.ts";
import { compare, type Call, type Case } from "./cases.ts";

const CASES = 400;
const CALLS = 6;
const SEED = 1;

test("the core does the same in V8 and as C", async () => {
  const tables = await generate(CORE);
  const { wasm } = await compile(CORE);
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(wasm as BufferSource)).filter(
    ({ kind }) => kind === "function",
  );
  // Aligned and inside linear memory more often than not, for these are pointers as a rule.
  const argument = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 4095 }).map((n) => BigInt(n * 8)) },
    { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: 7n }) },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }) },
  );
  const call: fc.Arbitrary<Call> = fc.record({
    function: fc.constantFrom(...exports.map(({ name }) => name)),
    arguments: fc.array(argument, { minLength: 3, maxLength: 3 }),
  });
  const one: fc.Arbitrary<Case> = fc.record({
    calls: fc.array(call, { minLength: 1, maxLength: CALLS }),
    memorySeed: fc.oneof(fc.constant(0), fc.nat()),
    traceSeed: fc.nat(),
  });
  const cases = fc.sample(one, { numRuns: CASES, seed: SEED });
  expect(compare(wasm, tables, cases)).toEqual([]);
});

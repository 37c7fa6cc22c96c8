// Random programs in V8 and as translated C: as read from the binary, and as binaryen's optimiser leaves them.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpu } from "../../core/cpu.table.ts";
import { functionArguments, functionBody } from "./arbitrary.ts";
import { corpusModule, QUESTIONS, type Sample } from "./corpus.ts";
import { compare, type Case } from "./cases.ts";
import { assemble } from "./wasm.ts";

const FUNCTIONS = 120;
const CALLS = 12;
/** Fixed, so that a failure is everybody's failure; raise it to look for new ones. */
const SEED = 1;

/** All functions are in one module, for one run of clang; a failure names the function, and the message shows it. */
function randomFunctions(seed: number): Sample[] {
  const bodies = fc.sample(functionBody, { numRuns: FUNCTIONS, seed });
  const cases = fc.sample(fc.array(functionArguments, { minLength: CALLS, maxLength: CALLS }), { numRuns: FUNCTIONS, seed });
  return bodies.map((body, n) => ({ name: `random${n}`, wat: `(func (export "random${n}") ${body})`, cases: cases[n] ?? [] }));
}

describe("random programs do the same in V8 and as C", () => {
  test.each([
    ["as they are", false, []],
    ["optimised by binaryen", true, []],
    ["with every undefined behaviour of C made a trap", false, ["-fsanitize=undefined", "-fsanitize-trap=undefined", "-O1"]],
  ])("%s", (_, optimize, flags) => {
    const functions = randomFunctions(SEED);
    const wasm = assemble(corpusModule(functions), optimize);
    const cases = functions.map(({ name, cases }, n): Case => ({
      memorySeed: n + 1,
      traceSeed: n + 1,
      calls: cases.map((values) => ({ function: name, arguments: values })),
    }));
    const [first, ...more] = compare(wasm, { cpu, test: QUESTIONS }, cases, flags);
    const culprit = functions.find(({ name }) => first?.startsWith(`${name}(`));
    expect(first, `${more.length} more; ${culprit?.wat ?? ""}`).toBeUndefined();
  });
});

// Costs one after the other, of which one, and repeated.
import { expect, test } from "vitest";
import { FREE, instructions, plus, times, worse, type Cost } from "../../../tools/verify/native/cost.ts";

const cost = (count: number, ...rounds: readonly (readonly [string, number])[]): Cost =>
  ({ instructions: count, perIteration: new Map(rounds) });
const SHORT = cost(3, ["a", 5], ["b", 2]);
const LONG = cost(10, ["b", 7], ["c", 1]);
const BOTH: readonly (readonly [string, number])[] = [["a", 5], ["b", 7], ["c", 1]];

test("one after the other: instructions add up; a loop's round costs what the dearest of its rounds costs", () => {
  expect(plus(SHORT, LONG)).toEqual(cost(13, ...BOTH));
  expect(plus(LONG, SHORT)).toEqual(cost(13, ...BOTH));
  expect(plus(SHORT, instructions(4))).toEqual(cost(7, ["a", 5], ["b", 2]));
  expect(plus(instructions(4), SHORT)).toEqual(cost(7, ["a", 5], ["b", 2]));
  expect(plus(FREE, FREE)).toEqual(cost(0));
});

test("the one or the other: the dearer of them, and the rounds of both", () => {
  expect(worse(SHORT, LONG)).toEqual(cost(10, ...BOTH));
  expect(worse(LONG, SHORT)).toEqual(cost(10, ...BOTH));
});

test("repeated: instructions multiply, and what a round costs stays", () => {
  expect(times(SHORT, 4)).toEqual(cost(12, ["a", 5], ["b", 2]));
  expect(times(SHORT, 0)).toEqual(cost(0, ["a", 5], ["b", 2]));
});

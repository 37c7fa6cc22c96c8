import { expect, test } from "vitest";
import { reduce } from "./reduce.ts";

const LIST = Array.from({ length: 1000 }, (_, n) => n);

test("leaves what the failure needs, in its order", () => {
  const fails = (list: readonly number[]): boolean =>
    list.indexOf(17) >= 0 && list.indexOf(503) > list.indexOf(17) && list.includes(999);
  expect(reduce(LIST, fails, 1000)).toEqual([17, 503, 999]);
});

test("a failure that one element alone causes", () => {
  expect(reduce(LIST, (list) => list.includes(640), 1000)).toEqual([640]);
});

test("ends after so many tries, with a list that still fails", () => {
  let tries = 0;
  const fails = (list: readonly number[]): boolean => {
    tries++;
    return list.includes(3) && list.includes(700);
  };
  const shortest = reduce(LIST, fails, 5);
  expect(tries).toBe(5);
  expect(fails(shortest)).toBe(true);
});

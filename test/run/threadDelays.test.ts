import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { contents, heldUp, threadDelays } from "../../tools/run/threadDelays.ts";

/** No process has it: the kernel gives none above 2^22 (proc(5), pid_max). */
const NOBODY = 2 ** 22 + 1;

const waited = (thread: string): number => {
  const [, nanoseconds = ""] = (contents(`/proc/self/task/${thread}/schedstat`) ?? "").split(" ");
  return Number(nanoseconds) / 1_000_000;
};

test("of each thread of the processes, how many milliseconds it has waited so far", () => {
  const main = String(process.pid);
  const before = waited(main);
  const delays = threadDelays([process.pid]);
  const after = waited(main);
  expect([...delays.keys()]).toEqual(expect.arrayContaining([main]));
  expect(delays.size).toBeGreaterThanOrEqual(readdirSync("/proc/self/task").length - 1);
  expect(delays.get(main)).toBeGreaterThanOrEqual(before);
  expect(delays.get(main)).toBeLessThanOrEqual(after);
});

test("of a process that is not there, and of none, there are none", () => {
  expect(threadDelays([NOBODY])).toEqual(new Map());
  expect(threadDelays([])).toEqual(new Map());
  expect(threadDelays([NOBODY, process.pid]).size).toBeGreaterThan(0);
});

test("a file that is not there has no contents", () => {
  expect(contents("/proc/self/nothing")).toBeUndefined();
  expect(contents("/proc/self/comm")).not.toBe("");
});

test.each<[string, Record<string, number>, Record<string, number>, number]>([
  ["nobody", {}, {}, 0],
  ["who waited longest", { a: 10, b: 20, c: 30 }, { a: 15, b: 27, c: 31 }, 7],
  ["who is new, from its start on", { a: 10 }, { a: 11, b: 4 }, 4],
  ["who has ended counts no more", { a: 10, b: 3 }, { a: 12 }, 2],
  ["nobody, where all are new to waiting", { a: 10 }, { a: 10 }, 0],
])("held up: %s", (_, before, now, milliseconds) => {
  expect(heldUp(new Map(Object.entries(before)), new Map(Object.entries(now)))).toBe(milliseconds);
});

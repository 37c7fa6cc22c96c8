import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import type { Delays } from "../tools/run/threadDelays.ts";
import { Patience, until } from "./patience.ts";
import { runDelays } from "./runDelays.ts";

const SECOND = 1000;

/** Seconds until patience is over, of threads that had to wait for so much of each second. */
function secondsOf(...shares: readonly number[]): number {
  let now = 0;
  const delays = (): Delays => new Map(shares.map((share, thread) => [String(thread), share * now]));
  const patience = new Patience(delays, () => now);
  while (!patience.isOver) now += SECOND / 2;
  return now / SECOND;
}

test("what sleeps, or computes on a CPU of its own, is waited for 250 s", () => {
  expect(secondsOf()).toBe(250);
  expect(secondsOf(0, 0)).toBe(250);
});

test("what has a quarter of a CPU is waited for four times as long, whatever else has more", () => {
  expect(secondsOf(0.75)).toBe(1000);
  expect(secondsOf(0, 0.75, 0.5)).toBe(1000);
});

test("a thread that begins meanwhile counts from there; no look gives patience back", () => {
  let now = 0;
  const patience = new Patience(() => new Map(now < 100 * SECOND ? [] : [["late", 3600 * SECOND]]), () => now);
  while (!patience.isOver) now += SECOND;
  expect(now).toBe(251 * SECOND);
});

test("a wait ends as soon as it holds, or when it is known not to come", async () => {
  let looks = 0;
  await until("a third look", () => ++looks === 3);
  expect(looks).toBe(3);
  await expect(until("the end", () => false, { isDead: () => true, seen: () => "last words" })).rejects.toThrow(
    "waited in vain for the end\nlast words",
  );
});

test("the time that a child's child waits for a CPU is seen", async () => {
  const before = runDelays();
  // Two that compute share one CPU.
  const busy = "taskset -c 0 sh -c 'while :; do :; done' &";
  const child = spawn("sh", ["-c", `${busy} ${busy} wait`], { detached: true, stdio: "ignore" });
  await once(child, "spawn");
  try {
    await until("both to have waited", () =>
      [...runDelays()].filter(([thread, delay]) => !before.has(thread) && delay > 50).length >= 2,
    );
  } finally {
    process.kill(-(child.pid ?? NaN), "SIGKILL");
  }
});

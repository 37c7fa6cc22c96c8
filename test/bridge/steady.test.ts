// Flat memory: what a plant's clients do in sixteen minutes, as fast as it goes (steady/load.ts says what that is).
// Counters, sessions, subscriptions, stores and caches see as many events as in that time; what goes by the clock alone
// (timeouts, a review four times a second) sees less. From the middle on nothing may grow. An hour of it: node
// test/bridge/steady/main.ts 60, in real time; with --fast in two minutes.
import { expect, test } from "vitest";
import { endure, growth } from "./steady/load.ts";

const MINUTES = 16;
/** A share, of a process that has done as much once before. */
const MOST = 0.03;
const SCANS_PER_SECOND = 1500;

test(`from minute ${MINUTES / 2} of ${MINUTES} on memory is flat, and the audit log holds`, async () => {
  const { usage, scans, requests, sessions, entries } = await endure(MINUTES, false, SCANS_PER_SECOND, () => {});
  expect(usage).toHaveLength(MINUTES);
  expect(scans).toBeGreaterThanOrEqual(MINUTES * 1200);
  expect(requests).toBeGreaterThan(MINUTES * 600);
  expect(sessions).toBeGreaterThan(MINUTES);
  expect(entries).toBeGreaterThan(MINUTES * 8);
  const grown = Object.fromEntries(
    (["rss", "heap", "external", "descriptors"] as const).map((of) => [of, growth(usage, of, MINUTES / 2 - 1)]),
  );
  for (const [of, share] of Object.entries(grown)) expect(share, of).toBeLessThanOrEqual(MOST);
});

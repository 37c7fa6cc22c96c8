// What a partition has of that which all share, in words: as the tables and the picture of a plan say it.
import { describe, expect, test } from "vitest";
import { bandwidthOf, cacheInBrief, cacheOf, cacheShare, colourNotes, interruptsOf } from "../../tools/plan/shares.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { planText, sound } from "./systems.ts";

const planOf = (board: string, partitions: string): Plan =>
  sound(planText(`board: ${board}\npartitions: { ${partitions} }\n`)).plan;
const shares = (plan: Plan): string[] => plan.partitions.map((each) => cacheShare(plan, each));

describe("cache", () => {
  test("without any request it is shared", () => {
    const plan = planOf("qemu-aarch64", "a: { guest: plc, cpus: [0] }");
    expect(shares(plan)).toEqual(["shared"]);
    expect(plan.partitions.map((each) => cacheInBrief(plan, each))).toEqual(["L2 cache: shared"]);
    expect(colourNotes(plan)).toEqual([]);
    expect(cacheOf(plan)).toBe("L2 cache, 1M");
  });

  test("colours: how many, and how much that is; and for the others that these are no secret", () => {
    const plan = planOf(
      "qemu-aarch64",
      "a: { guest: plc, cpus: [0], cache: { colours: 0-2 } }, b: { guest: plc, cpus: [1], cache: { colours: [9] } }, c: " +
        "{ guest: plc, cpus: [2] }",
    );
    expect(shares(plan)).toEqual([
      "3 of 16 colours = 192K",
      "1 of 16 colours = 64K",
      "all 16 colours, also a's and b's",
    ]);
    expect(colourNotes(plan)).toEqual([
      "c is not coloured: its memory uses all 16 colours, also a's and b's.",
      "The hypervisor is not coloured either: its code and data use all colours.",
      "Coloured memory: 0x70000000…0x80000000, of which 224M lie idle.",
    ]);
  });

  test("way groups: likewise", () => {
    const plan = planOf("test-dsu", "a: { guest: plc, cpus: [0], cache: { ways: 0-1 } }, b: { guest: plc, cpus: [1] }");
    expect(shares(plan)).toEqual(["2 of 4 way groups = 512K", "shared, in 2 of 4 way groups"]);
  });
});

test("interrupts and bandwidth", () => {
  const { partitions } = planOf(
    "qemu-aarch64",
    "a: { guest: plc, cpus: [0], interrupts: direct }, b: { guest: linux, cpus: [1], bandwidth: { budget: 96K, period: 100us } }",
  );
  expect(partitions.map(interruptsOf)).toEqual(["direct", "injected"]);
  expect(partitions.map(bandwidthOf)).toEqual([undefined, "96K per 100us"]);
});

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Plan } from "../../partitions/plan/plan.ts";
import { diffPlans, formatDifferences } from "../../tools/plan/diff.ts";
import { readPlan } from "../../tools/plan/products.ts";
import { plain } from "../../tools/run/paint.ts";
import { planText, sound } from "../partitions/systems.ts";

const planOf = (partitions: string): Plan => sound(planText(`board: qemu-aarch64\npartitions:\n${partitions}\n`)).plan;
const LINUX = "  linux: { guest: linux, cpus: [0, 1], memory: 512M }";
const PLC = "  plc: { guest: plc, cpus: [3] }";

const told = (before: Plan, after: Plan): string[] =>
  formatDifferences(diffPlans(before, after), { before: "a", after: "b" }, plain)
    .split("\n")
    .map((line) => line.replace(/ {2,}/g, " | "));

test("the same: one line", () => {
  expect(told(planOf(`${LINUX}\n${PLC}`), planOf(`${LINUX}\n${PLC}`))).toEqual(["a and b: the same plan"]);
});

test("a changed value is named by the names on the way to it, and shown as people write it", () => {
  const lines = told(
    planOf(`${LINUX}\n${PLC}`),
    planOf(`${LINUX.replace("512M", "256M")}\n${PLC.replace("[3]", "[2], watchdog: 50ms")}`),
  );
  expect(lines[0]).toBe("WHAT | a | b");
  expect(lines).toEqual(
    expect.arrayContaining([
      "partitions linux regions memory size | 512M | 256M",
      "partitions linux entry | 0x60000000 | 0x70000000",
      "partitions plc cpus | [3] | [2]",
      "partitions plc watchdogMicroseconds | 0 | 50000",
    ]),
  );
});

test("a partition that only one has is one line; the order of partitions is none of a difference's business", () => {
  const lines = told(planOf(`${LINUX}\n${PLC}`), planOf(`${PLC}\n${LINUX}\n  new: { guest: plc, cpus: [2] }`));
  expect(lines.filter((line) => line.startsWith("partitions new"))).toEqual(["partitions new | – | there"]);
  expect(lines.filter((line) => line.startsWith("partitions linux cpus"))).toEqual([]);
});

test("the plan.json of a build is as good as its system.yaml, and a system.yaml is no plan", () => {
  const golden = readPlan("test/partitions/golden/plan.json");
  expect(golden).toEqual(JSON.parse(readFileSync("test/partitions/golden/plan.json", "utf8")));
  expect(readPlan("test/partitions/golden/system.yaml")).toBeUndefined();
});

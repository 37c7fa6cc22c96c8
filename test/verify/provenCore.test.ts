// A build that passes a budget fails: the real core, held against the budgets that it has.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { buildProvenCore, proven, UnprovenCoreError } from "../../tools/verify/provenCore.ts";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { VerifyError } from "../../tools/verify/errors.ts";
import { budgetsOf, type Report } from "../../tools/verify/verify.ts";

test("the core is proven when it is built, and the proof stands beside it", async () => {
  const { elf } = await buildProvenCore(() => {});
  const proof = readFileSync(join(dirname(elf), "verify.txt"), "utf8");
  expect(proof.startsWith(readFileSync(budgetsOf(AARCH64), "utf8"))).toBe(true);
  expect(proof).toMatch(/trapSync +[\d,]+ +[\d,]+/);
});

test("a report with a problem is no proof", () => {
  const report: Report = { entries: [], sizes: [], stack: undefined, notes: [], problems: [] };
  expect(proven(report)).toBe(report);
  const problem = new VerifyError("over-budget", "trapIrq: too long");
  expect(() => proven({ ...report, problems: [problem] })).toThrow(UnprovenCoreError);
});

test("the error names every budget that was passed", () => {
  const error = new UnprovenCoreError([
    { message: "text and rodata: 60,000 bytes, budget 49,152" },
    { message: "trapIrq: too long" },
  ]);
  expect(error.code).toBe("core-unproven");
  expect(error.message).toMatch(/60,000 bytes, budget 49,152\n {2}trapIrq: too long/);
});

// What a plan says of a partition whose images are not built yet: nothing that only they can tell.
import { expect, test } from "vitest";
import { formatPlan } from "../../tools/plan/report.ts";
import { plain } from "../../tools/run/paint.ts";
import { planText, sound } from "../partitions/systems.ts";

test("where it is entered, whether it has a random seed, and what is copied, is not known before its image is built", () => {
  const { plan } = sound(planText("board: qemu-aarch64\npartitions:\n  a: { guest: linux, cpus: [0] }\n"));
  const text = formatPlan(plan, plain);
  expect(text).toMatch(/^ {2}a +linux +0 +512M +not known +none/m);
  expect(text).toMatch(/^ {2}a +shared by all +not known: its image is not built yet +every interrupt/m);
  expect(text).not.toContain("Copied at every start");
});

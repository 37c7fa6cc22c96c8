// The core itself: everything is proven, and within its budgets.
import { beforeAll, expect, test } from "vitest";
import { buildProgram } from "../../tools/build/index.ts";
import { CORE } from "../../tools/build/programs.ts";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { verify, type Report } from "../../tools/verify/verify.ts";

let report: Report;
beforeAll(async () => {
  const { elf, wasm } = await buildProgram(CORE);
  report = verify(elf, wasm, AARCH64);
});

test("nothing is left unproven, and no budget is passed", () => {
  expect(report.problems.map(({ message }) => message)).toEqual([]);
});

test("reset, all exception vectors (none for AArch32 at EL1), what a pCPU without a guest does, a failed probe: no more", () => {
  const names = report.entries.filter(({ kind }) => kind === "assembly").map(({ name }) => name);
  const from = ["sync", "irq", "fiq", "serror"];
  const vectors = from.flatMap((what) => [`axv_vector_${what}`, `axv_vector_el2h_${what}`, `axv_vector_el2t_${what}`]);
  // The first vector shares its address with the table.
  const expected = vectors.map((name) => (name === "axv_vector_el2t_sync" ? "axv_vectors" : name));
  expect(names.filter((name) => !name.includes("(after WFI)")).sort()).toEqual(
    [...expected, "axv_image_header", "axv_look", "axv_probe_failed", "axv_secondary_entry"].sort(),
  );
  expect(new Set(names.filter((name) => name.includes("(after WFI)")).map((name) => name.split(/[+ ]/)[0]))).toEqual(
    new Set(["axv_look", "axv_spare", "axv_stop"]),
  );
});

test("a guest's exception costs its registers, too; a quick trap that is refused what it saves once more", () => {
  const cost = (name: string): number => report.entries.find((row) => row.name === name)?.instructions ?? NaN;
  const plain = cost("axv_vector_serror") - cost("trapSerror");
  expect(plain).toBeGreaterThan(30);
  expect(plain).toBeLessThan(60);
  expect(cost("axv_vector_sync") - cost("trapSync")).toBeLessThan(plain + cost("trapWrite") + 60);
});

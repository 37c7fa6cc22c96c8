// A build that passes a budget fails, and leaves no proof; what has been proven is not proven again.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildProgram } from "../../tools/build/index.ts";
import { CORE } from "../../tools/build/programs.ts";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import { buildProvenCore, isProofThere, isProven, prove, UnprovenCoreError } from "../../tools/verify/provenCore.ts";
import { formatReport } from "../../tools/verify/table.ts";
import { budgetsOf, verify } from "../../tools/verify/verify.ts";
import { BUDGETS, folderWithWasm, remove, targetWith, writeElf } from "./products.ts";

test("the core is proven when it is built, the proof stands beside it, and the next one finds it there", async () => {
  const { elf } = await buildProvenCore(() => {});
  const proof = readFileSync(join(dirname(elf), "verify.txt"), "utf8");
  expect(proof.startsWith(readFileSync(budgetsOf(AARCH64), "utf8"))).toBe(true);
  expect(proof).toMatch(/trapSync +[\d,]+ +[\d,]+/);
  const lines: string[] = [];
  await buildProvenCore((line) => lines.push(line), CORE);
  expect(lines).toEqual(["core: up to date"]);
  expect(isProven(CORE)).toBe(true);
  expect(isProven({ ...CORE, name: "core-of-nobody" })).toBe(false);
  expect(isProven({ ...CORE, memoryPages: CORE.memoryPages + 1 })).toBe(false);
});

describe("a small program", () => {
  let folder = "";
  let wasm = "";
  let elf = "";
  let proof = "";
  beforeAll(async () => {
    ({ folder, wasm } = await folderWithWasm());
    elf = join(folder, "sample.elf");
    proof = join(folder, "verify.txt");
    writeElf(elf);
  });
  afterAll(() => {
    remove(folder);
  });

  test("its proof begins with the budgets, and then has the table", () => {
    const target = targetWith(join(folder, "budgets.yaml"));
    expect(isProofThere(elf, target)).toBe(false);
    prove({ elf, wasm }, target);
    const table = formatReport(verify(elf, wasm, target)).join("\n");
    expect(readFileSync(proof, "utf8")).toBe(`${JSON.stringify(BUDGETS)}\n${table}\n`);
    expect(isProofThere(elf, target)).toBe(true);
    expect(isProofThere(elf, targetWith(join(folder, "others.yaml"), { ...BUDGETS, entries: {} }))).toBe(false);
  });

  test("with problems there is no proof, and what there was is gone; all that is wrong is said", () => {
    writeFileSync(proof, "");
    const file = join(folder, "less.yaml");
    const target = targetWith(file, { ...BUDGETS, size: { ...BUDGETS.size, linearMemory: 1, textAndRodata: 1 } });
    const value = verify(elf, wasm, target).sizes[0]?.value ?? NaN;
    const advice = "make it shorter, or raise the budget with a reason [over-budget]";
    expect(() => prove({ elf, wasm }, target)).toThrow(
      expect.objectContaining({
        name: "UnprovenCoreError",
        code: "core-unproven",
        message: [
          "the core does not pass verify (node tools/verify/main.ts shows the whole table):",
          `  textAndRodata: ${value}, budget 1 (${file}), ${value - 1} too many: ${advice}`,
          `  linearMemory: 65536, budget 1 (${file}), 65535 too many: ${advice}`,
        ].join("\n"),
      }),
    );
    expect(existsSync(proof)).toBe(false);
  });

  test.each([
    ["is up to date, and its proof is there", true, true, false],
    ["is up to date, and has not been proven", true, false, true],
    ["has just been built: the proof is of another one", false, true, true],
  ])("is proven when it %s: %j, %j → %j", async (_, upToDate, proven, again) => {
    if (proven) writeFileSync(proof, `${readFileSync(budgetsOf(AARCH64), "utf8")}…`);
    else remove(proof);
    const lines: string[] = [];
    const build: typeof buildProgram = (core) =>
      Promise.resolve({ wasm, sourceMap: "", c: "", offsets: "", elf, binary: core.name, upToDate });
    const built = buildProvenCore((line) => lines.push(line), CORE, build);
    // Of the core's budgets it has none: to be proven is to be refused.
    if (again) await expect(built).rejects.toThrow(UnprovenCoreError);
    else expect((await built).binary).toBe("core");
    expect(lines).toEqual(again ? ["core: proving bounds, stack and sizes"] : []);
  });
});

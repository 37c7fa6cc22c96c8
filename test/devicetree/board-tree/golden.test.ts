// Who gets what of a board's own device tree, in systems that people could write: for review by eye. That of the ROC-RK3568-PC is
// Debian's, and nothing of its text is here: paths, and what was decided.
import { readFileSync, mkdtempSync, cpSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SharedTree } from "../../../partitions/devicetree/board-tree/share.ts";
import { nodeCalled, why } from "../../../partitions/devicetree/board-tree/why.ts";
import { readFdt } from "../../../partitions/devicetree/fdt.ts";
import { planSystem } from "../../../partitions/index.ts";
import type { Outcome } from "../../../partitions/index.ts";
import { imageLayout } from "../../../tools/build/pack.ts";
import { debianTree } from "../../../tools/linux/trees.ts";
import { provideTree } from "../../../tools/plan/provide.ts";
import { formatWhy } from "../../../tools/plan/why.ts";

const SYSTEMS = join(import.meta.dirname, "systems");
const CORE_SIZE = 0x10_0000;
let folder = "";

beforeAll(async () => {
  await provideTree("build/trees/rk3568-roc-pc.dtb", (line) => console.error(line));
  folder = mkdtempSync(join(tmpdir(), "axv-trees-"));
  cpSync(SYSTEMS, folder, { recursive: true });
  writeFileSync(join(folder, "plc.bin"), new Uint8Array(64));
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function planned(name: string): { outcome: Outcome; shared: SharedTree } {
  const layout: Parameters<typeof planSystem>[1] = (blob, loads) => imageLayout(CORE_SIZE, blob, loads);
  const outcome = planSystem(join(folder, `${name}.yaml`), layout, "to be built");
  if (outcome.shared === undefined) throw new Error(JSON.stringify(outcome.diagnostics));
  return { outcome, shared: outcome.shared };
}

/** Errors and warnings; what each partition has; what is changed in it; what those without a device tree find as it is left. */
function decisions({ outcome: { diagnostics }, shared }: ReturnType<typeof planned>): string {
  const { tree, partitions, owners, closures } = shared;
  const parts = partitions.flatMap(({ name, hasTree, named }, index) => {
    const units = [...owners].filter(([, owner]) => owner === index).map(([unit]) => unit);
    const changed = units.map((unit) => why(shared, unit)).filter(({ partitions: [has] }) => has?.enabled || has?.changes.length);
    const all = [...(closures[index]?.nodes.keys() ?? [])];
    const copies = all.filter((node) => tree.isUnit(node) && tree.kindOf(node) !== "device");
    return [
      `${name} has`,
      ...units.map(({ path }) => `  ${path}`),
      ...(copies.length === 0 ? [] : [`${name} has copies of`, ...copies.map(({ path }) => `  ${path}`)]),
      ...changed.map(formatWhy),
      ...(hasTree ? [] : named.map((node) => formatWhy(why(shared, node)))),
    ];
  });
  const said = diagnostics.map(
    ({ line, severity, code, message, remedy }) => `${line} ${severity} ${code} ${message}\n  = ${remedy}`,
  );
  return [...said, ...parts, ""].join("\n");
}

test("an E2000Q has fixed clocks and no pins in its tree: both sides have all that they need", async () => {
  const split = planned("e2000q");
  await expect(decisions(split)).toMatchFileSnapshot("golden/e2000q.txt");
  expect(split.outcome.diagnostics).toEqual([]);
  expect(split.shared.losses).toEqual([[], []]);
});

describe("splits of a ROC-RK3568-PC", () => {
  test.each(["gmac0-to-rtos", "disabled-to-rtos", "impossible", "undecided", "everything", "scmi"])("%s", async (name) => {
    const split = planned(name);
    await expect(decisions(split)).toMatchFileSnapshot(`golden/${name}.txt`);
    expect(split.outcome.system === undefined).toBe(["impossible", "undecided", "scmi"].includes(name));
  });

  test("Linux has registers and interrupts of all that its device needs, and the RTOS of its device alone", () => {
    const { outcome } = planned("gmac0-to-rtos");
    const [linux, plc] = outcome.system?.plan.partitions ?? [];
    const registers = (regions: typeof linux): string[] =>
      (regions?.regions ?? []).filter(({ kind }) => kind === "device").map(({ name }) => name);
    expect(registers(plc)).toEqual(["gmac0"]);
    expect(registers(linux)).toEqual([
      "syscon@fdc20000", "syscon@fdc60000", "clock-controller@fdd00000", "clock-controller@fdd20000", "i2c@fdd40000",
      "gpio@fdd60000", "gmac1", "gpio@fe750000",
    ]);
    const lines = linux?.interrupts.filter(({ use }) => use !== "console").map(({ intid, use }) => `${intid} ${use}`);
    expect(lines).toEqual(["61 gmac1", "64 gmac1", "65 gpio@fdd60000", "67 gpio@fe750000", "78 i2c@fdd40000"]);
  });

  test("chosen, with rng-seed first, and the hypervisor's own nodes stand before the board's", () => {
    const { outcome } = planned("gmac0-to-rtos");
    const dts = outcome.system?.deviceTrees.get("linux")?.() ?? "";
    expect(dts.indexOf("rng-seed")).toBeLessThan(dts.indexOf("bootargs"));
    expect(dts.indexOf("pl011@")).toBeLessThan(dts.indexOf("ethernet@fe010000"));
    expect(dts).not.toContain("ethernet@fe2a0000");
    expect(dts).toMatch(/compatible = "firefly,rk3568-roc-pc/);
  });

  test("plan --why finds nodes by path, name, alias and board.yaml's name", () => {
    const { shared } = planned("gmac0-to-rtos");
    const found = ["gmac1", "/ethernet@fe010000", "ethernet@fe010000", "ethernet1"].map((text) => nodeCalled(shared, text)?.path);
    expect(new Set(found)).toEqual(new Set(["/ethernet@fe010000"]));
    expect(nodeCalled(shared, "constructor")).toBeUndefined();
  });

  test("the tree it is made of is Debian's", async () => {
    const path = await debianTree("rk3568-roc-pc.dtb", () => undefined);
    expect(readFdt(readFileSync(path)).root.children.length).toBeGreaterThan(100);
  });
});

// What people review by eye: the plan of a system, the device trees it makes, and how both are shown. When one of these
// files changes, look at the difference, and if it is meant, write it anew with: vitest run test/partitions -u
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileTree, decompileTree } from "../../partitions/devicetree/compile.ts";
import { formatPlan } from "../../tools/plan/report.ts";
import { drawPlan } from "../../tools/plan/picture.ts";
import { plain } from "../../tools/run/paint.ts";
import { here, plan, sound } from "./systems.ts";

/** Within each test: what is done while a file is loaded is no test's, to who changes sources and sees which test notices. */
const system = (): ReturnType<typeof sound> => sound(plan(here("golden/system.yaml")));

describe("golden/system.yaml", () => {
  test("its plan", async () => {
    await expect(`${JSON.stringify(system().plan, null, 2)}\n`).toMatchFileSnapshot("golden/plan.json");
  });

  test("its plan as tables", async () => {
    await expect(`${formatPlan(system().plan, plain)}\n`).toMatchFileSnapshot("golden/plan.txt");
  });

  test("device trees of the guests that take one", async () => {
    const { deviceTrees } = system();
    expect([...deviceTrees.keys()]).toEqual(["linux", "old-linux"]);
    for (const [name, dts] of deviceTrees) await expect(dts()).toMatchFileSnapshot(`golden/${name}.dts`);
  });

  test("is planned the same way again", () => {
    const written = ({ deviceTrees, ...rest }: ReturnType<typeof system>): unknown => ({
      ...rest,
      deviceTrees: [...deviceTrees].map(([name, dts]) => [name, dts()]),
    });
    expect(written(system())).toEqual(written(system()));
  });
});

describe("golden/shares.yaml", () => {
  const shares = (): ReturnType<typeof sound> => sound(plan(here("golden/shares.yaml")));

  test("its plan as tables", async () => {
    await expect(`${formatPlan(shares().plan, plain)}\n`).toMatchFileSnapshot("golden/shares.txt");
  });

  test("its picture", async () => {
    await expect(drawPlan(shares().plan)).toMatchFileSnapshot("golden/shares.svg");
  });
});

describe("golden/gicv2.yaml", () => {
  const gicv2 = (): ReturnType<typeof sound> => sound(plan(here("golden/gicv2.yaml")));

  test("its plan as tables", async () => {
    await expect(`${formatPlan(gicv2().plan, plain)}\n`).toMatchFileSnapshot("golden/gicv2.txt");
  });

  test("device trees", async () => {
    const { deviceTrees } = gicv2();
    await expect(deviceTrees.get("linux")?.()).toMatchFileSnapshot("golden/gicv2-linux.dts");
    expect(compileTree(deviceTrees.get("direct-linux")?.() ?? "").length).toBeGreaterThan(1000);
  });
});

describe("the demo", () => {
  const demo = (): ReturnType<typeof sound> => sound(plan("partitions/examples/demo.yaml"));

  test("partitions/examples/demo.svg is its picture: else draw it anew with axv-part plan --svg", () => {
    expect(readFileSync("partitions/examples/demo.svg", "utf8")).toBe(drawPlan(demo().plan));
  });

  test("is as the README tells it", () => {
    const { partitions, housekeeper } = demo().plan;
    const [linux, plc] = partitions;
    expect(housekeeper).toBe(2);
    expect(linux).toMatchObject({ name: "linux", cpus: [0, 1], realtime: false, onFailure: "restart" });
    expect(linux?.regions[0]).toMatchObject({ ipa: 0x60000000, pa: 0x60000000, size: 0x20000000 });
    expect(plc).toMatchObject({ name: "plc", cpus: [3], realtime: true, direct: true, watchdogMicroseconds: 1_000_000 });
    expect(plc?.regions).toMatchObject([
      { ipa: 0x40000000, size: 0x1000000, kind: "ram" },
      { ipa: 0x50000000, size: 0x1000, kind: "channel" },
      { ipa: 0x50001000, size: 0x2000, kind: "mailbox" },
    ]);
  });
});

describe("dtc", () => {
  test("has nothing to say against a generated tree, and reads back what was written", () => {
    for (const dts of system().deviceTrees.values()) {
      const back = decompileTree(compileTree(dts()));
      expect(decompileTree(compileTree(back))).toBe(back);
      expect(back).toContain('compatible = "arm,gic-v3";');
    }
  });

  test("refuses nonsense with a code", () => {
    const refused = (): unknown => compileTree("/dts-v1/; / { a = <; };");
    expect(refused).toThrow(expect.objectContaining({ code: "AXV-P081" }) as Error);
    expect(refused).toThrow(/^dtc refuses a generated device tree: .*syntax error/s);
  });
});

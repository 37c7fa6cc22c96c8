import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { claimProducts, standardImage } from "../../tools/plan/products.ts";
import { inProject } from "../../partitions/project.ts";

test("the standard place is beside the file, and two files have two", () => {
  expect(standardImage("lines/press.yaml")).toBe("lines/build/press/image.bin");
  expect(standardImage("press.yaml")).toBe("build/press/image.bin");
  expect(standardImage("/a/press.yaml")).toBe("/a/build/press/image.bin");
  expect(standardImage("press")).toBe("build/press/not-yaml/image.bin");
  expect(standardImage("press.yml")).toBe("build/press.yml/not-yaml/image.bin");
  expect(standardImage("press.yml.yaml")).toBe("build/press.yml/image.bin");
  expect(standardImage("press.v2.yaml")).toBe("build/press.v2/image.bin");
});

describe("what is replaced", () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "axv-products-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const PLAN = JSON.stringify({ board: "b", image: {}, partitions: [] });
  const claimIn = (name: string): unknown => claimProducts(at("x.yaml"), at(name), ["linux"], [at("x.yaml")]);

  test("what a build has left: image, plan, blob and trees", () => {
    writeFileSync(at("image.bin"), "");
    writeFileSync(at("plan.json"), PLAN);
    writeFileSync(at("system.blob"), "AXVB…");
    writeFileSync(at("linux.dts"), '/dts-v1/;\n\n/ {\n\tmodel = "axv-part qemu-aarch64: linux";\n};\n');
    expect(claimIn("image.bin")).toEqual({
      image: at("image.bin"),
      plan: at("plan.json"),
      blob: at("system.blob"),
      trees: new Map([["linux", at("linux.dts")]]),
    });
  });

  test.each([
    ["plan.json", "[]"],
    ["plan.json", '{ "board": 1 }'],
    ["plan.json", "{"],
    ["system.blob", "AXV"],
    ["system.blob", "my own blob"],
    ["linux.dts", '/dts-v1/;\n/ { model = "mine"; };\n'],
  ])("no %s of somebody's own: %s", (name, text) => {
    writeFileSync(at(name), text);
    expect(() => claimIn("image.bin")).toThrow(/does not come from axv-part/);
  });

  test("an image that was named is replaced whatever it was; in its standard place only beside a plan", () => {
    writeFileSync(at("image.bin"), "mine");
    expect(claimIn("image.bin")).toBeDefined();
    mkdirSync(at("build/x"), { recursive: true });
    writeFileSync(at("build/x/image.bin"), "mine");
    const standard = (): unknown => claimProducts(at("x.yaml"), undefined, [], []);
    expect(standard).toThrow(/does not come from axv-part/);
    writeFileSync(at("build/x/plan.json"), PLAN);
    expect(standard()).toBeDefined();
  });

  test.each(["arch/aarch64/entry.S", "build/core/core.elf", "package.json", "tools/build/index.ts"])(
    "nothing of the project's own: %s",
    (file) => {
      expect(() => claimProducts(at("x.yaml"), inProject(file), [], [])).toThrow(/does not come from axv-part/);
    },
  );
});

// What build, plan and run may write over.
import { spawnSync } from "node:child_process";
import {
  existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";
import { buildSystem } from "../../tools/plan/build.ts";
import { axvPart } from "./axvPart.ts";

const SYSTEM = "board: qemu-aarch64\npartitions:\n  plc: { guest: plc, cpus: [3] }\n";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-outputs-")));
  writeFileSync(at("x.yaml"), SYSTEM);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Why the build has not even begun. */
async function refusal(system: string, image?: string): Promise<string> {
  const said: string[] = [];
  const error: unknown = await buildSystem(
    at(system),
    image === undefined ? undefined : at(image),
    (line) => said.push(line),
    () => "built",
  ).catch((reason: unknown) => reason);
  expect(said).toEqual([]);
  return error instanceof Error ? error.message.replaceAll(`${folder}/`, "") : String(error);
}

describe("build refuses, before it builds, to write over", () => {
  test("the system's own file, which was lost", () => {
    const { status, stdout, stderr } = axvPart(folder, "build", "x.yaml", "-o", "x.yaml");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/the image would be written to x.yaml, and x.yaml is read for it/);
    expect(readFileSync(at("x.yaml"), "utf8")).toBe(SYSTEM);
  });

  test("a guest's image", async () => {
    writeFileSync(at("guest.bin"), "guest");
    writeFileSync(
      at("g.yaml"),
      "board: qemu-aarch64\npartitions:\n  g: { guest: bare-metal, image: guest.bin, cpus: [3], memory: 2M }\n",
    );
    expect(await refusal("g.yaml", "./guest.bin")).toMatch(/is read for it/);
  });

  test("what every plan is made of", async () => {
    for (const file of [
      "build/core/core.bin",
      "build/plc/plc.bin",
      "boards/qemu-aarch64/board.yaml",
      "rtos-guests/profiles/plc.yaml",
    ]) {
      const path = join(import.meta.dirname, "../..", file);
      await expect(
        buildSystem(
          at("x.yaml"),
          path,
          () => {},
          () => "built",
        ),
      ).rejects.toThrow(/is read for it/);
    }
  });

  test("the plan of the same build", async () => {
    expect(await refusal("x.yaml", "out/plan.json")).toMatch(/the image and the plan would both be written to out\/plan.json/);
  });

  test("a system file whose name is that of the plan", async () => {
    mkdirSync(at("json"));
    writeFileSync(
      at("json/plan.json"),
      JSON.stringify({ board: "qemu-aarch64", partitions: { plc: { guest: "plc", cpus: [3] } } }),
    );
    expect(await refusal("json/plan.json", "json/image.bin")).toMatch(
      /the plan would be written to json\/plan.json, and json\/plan.json is read for it/,
    );
  });

  test("somebody's own file that only has the name of a product", async () => {
    for (const name of ["plan.json", "system.blob"]) {
      mkdirSync(at(`of-${name}`));
      writeFileSync(at(`of-${name}/${name}`), "mine");
      expect(await refusal("x.yaml", `of-${name}/image.bin`)).toMatch(/does not come from axv-part/);
    }
  });

  test("an image.bin in the standard place that no build has left there", async () => {
    mkdirSync(at("build/mine"), { recursive: true });
    writeFileSync(at("mine.yaml"), SYSTEM);
    writeFileSync(at("build/mine/image.bin"), "mine");
    expect(await refusal("mine.yaml")).toMatch(/does not come from axv-part/);
  });

  test("a device, and into a folder that cannot be made", async () => {
    await expect(buildSystem(at("x.yaml"), "/dev/null", () => {}, () => "built")).rejects.toThrow(/\/dev\/null is a device/);
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    expect(await refusal("x.yaml", "x.yaml/image.bin")).toMatch(/cannot write into x.yaml: it is no folder/);
  });
});

test("plan draws over nothing that it reads", () => {
  expect(axvPart(folder, "plan", "x.yaml", "--svg", "x.yaml").stderr).toMatch(
    /the picture would be written to x.yaml, and x.yaml is read for it/,
  );
  expect(readFileSync(at("x.yaml"), "utf8")).toBe(SYSTEM);
});

describe("build writes", () => {
  test("beside the file, wherever it is called, and says so; again over its own; two of one name keep apart", async () => {
    for (const name of ["one", "two"]) {
      mkdirSync(at(name));
      writeFileSync(at(`${name}/line.yaml`), SYSTEM.replace("plc: {", `${name}: {`));
    }
    const { status, stdout } = axvPart(folder, "build", "one/line.yaml");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^one\/build\/line\/image.bin: \d+ bytes; the plan is in one\/build\/line\n$/);
    for (const name of ["two", "one"]) {
      const image = await buildSystem(
        at(`${name}/line.yaml`),
        undefined,
        () => {},
        (built) => built.image,
      );
      expect(image).toBe(at(`${name}/build/line/image.bin`));
    }
    for (const name of ["one", "two"]) {
      expect(readdirSync(at(`${name}/build/line`)).sort()).toEqual(["image.bin", "plan.json", "system.blob"]);
      expect(readFileSync(at(`${name}/build/line/plan.json`), "utf8")).toContain(`"name": "${name}"`);
    }
    expect(existsSync(at("build/line"))).toBe(false);
  });

  test("nothing, and says so, when all of it is there already; and again what somebody has spoilt", () => {
    const products = ["image.bin", "plan.json", "system.blob"].map((name) => at(`one/build/line/${name}`));
    const before = products.map((path) => statSync(path).ino);
    const { stdout, stderr } = axvPart(folder, "build", "one/line.yaml");
    expect(stdout).toMatch(/^one\/build\/line\/image.bin: \d+ bytes, unchanged; the plan is in one\/build\/line\n$/);
    expect(stderr).toBe("core and guests: up to date\n");
    expect(products.map((path) => statSync(path).ino)).toEqual(before);

    const image = readFileSync(at("one/build/line/image.bin"));
    writeFileSync(at("one/build/line/image.bin"), image.with(-1, 1));
    const again = axvPart(folder, "build", "--json", "one/line.yaml");
    expect(JSON.parse(again.stdout)).toMatchObject({ image: "one/build/line/image.bin", bytes: image.length, unchanged: false });
    expect(Buffer.compare(readFileSync(at("one/build/line/image.bin")), image)).toBe(0);
  });

  test("-: the image alone, on standard output", () => {
    const size = statSync(at("one/build/line/image.bin")).size;
    const shell = `"$0" "$1" build one/line.yaml -o - | cmp - one/build/line/image.bin`;
    const { status, stdout } = spawnSync("sh", ["-c", shell, process.execPath, BUNDLE], { cwd: folder, encoding: "utf8" });
    expect({ status, stdout, empty: size === 0 }).toEqual({ status: 0, stdout: "", empty: false });
    expect(existsSync(at("-"))).toBe(false);
  });
});

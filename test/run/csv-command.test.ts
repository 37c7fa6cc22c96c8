// --csv of `axv-part run` and `axv-part monitor` as processes: what they do not write over.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-csv-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function refuses(path: string, ...command: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [BUNDLE, ...command, "--csv", path], { encoding: "utf8" });
  expect({ status, said: stderr.trim().split("\n").at(-1) }, path).toEqual({
    status: 1,
    said: expect.stringContaining("is read for it: choose another place") as string,
  });
}

test("of a board that is watched is refused on what describes it, or who may log in", () => {
  const system = join(folder, "system.yaml");
  writeFileSync(system, readFileSync("partitions/examples/demo.yaml"));
  writeFileSync(join(folder, "users.yaml"), "");
  const profile = join(folder, "guests/plc.yaml");
  mkdirSync(join(folder, "guests"));
  writeFileSync(profile, "extends: plc\n");
  for (const path of [system, profile, join(folder, "users.yaml")])
    refuses(path, "monitor", system, "--link", join(folder, "none.sock"), "--web", "--users", join(folder, "users.yaml"));
});

test("is refused, before anything is built, on what the run reads or writes itself", () => {
  const system = join(folder, "system.yaml");
  writeFileSync(system, readFileSync("partitions/examples/demo.yaml"));
  const others = ["system.yaml", "build/system/image.bin", "build/system/plan.json", "system.tags.json"].map((name) =>
    join(folder, name),
  );
  for (const path of [...others, "build/plc/plc.bin"]) {
    refuses(path, "run", system, "--for", "1s");
  }
  expect(existsSync(join(folder, "build/system/image.bin"))).toBe(false);
});

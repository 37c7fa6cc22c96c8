import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withWorkFolder } from "../../tools/linux/workFolder.ts";

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "axv-work-"));
});
afterEach(async () => {
  await rm(parent, { recursive: true });
});

test("is there for the work, and gone afterwards, also when the work fails", async () => {
  expect(await withWorkFolder(parent, "work", async (folder) => existsSync(folder))).toBe(true);
  await expect(withWorkFolder(parent, "work", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await readdir(parent)).toEqual([]);
});

test("removes what a dead process has left, and nothing of a living one or with another name", async () => {
  const dead = spawnSync("true").pid;
  for (const name of [`work-${dead}-abc`, `work-${process.pid}-abc`, `other-${dead}-abc`, `work-1-abc`])
    await mkdir(join(parent, name));
  await withWorkFolder(parent, "work", () => Promise.resolve());
  expect((await readdir(parent)).sort()).toEqual([`other-${dead}-abc`, "work-1-abc", `work-${process.pid}-abc`].sort());
});

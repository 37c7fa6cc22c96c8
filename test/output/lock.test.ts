import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withLock } from "../../tools/output/lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const silent = (): void => {};

test("one after the other, whatever way they name the folder; who waits says so once", async () => {
  const steps: string[] = [];
  const said: string[] = [];
  symlinkSync(folder, `${folder}-link`);
  const work = (name: string) => async (): Promise<void> => {
    steps.push(`${name} begins`);
    await sleep(250);
    steps.push(`${name} ends`);
  };
  const first = withLock(folder, (line) => said.push(line), work("first"));
  await sleep(50);
  await Promise.all([first, withLock(`${folder}-link`, (line) => said.push(line), work("second"))]);
  rmSync(`${folder}-link`);
  expect(steps).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  expect(said).toEqual([`another axv-part writes into ${folder}-link: waiting for it …`]);
});

test("what fails gives it back", async () => {
  await expect(withLock(folder, silent, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(await withLock(folder, silent, () => Promise.resolve("mine"))).toBe("mine");
});

test("other folders are other locks", async () => {
  expect(await withLock(folder, silent, () => withLock(tmpdir(), silent, () => Promise.resolve("both")))).toBe("both");
});

test("who is killed gives it back", async () => {
  const script = `import { withLock } from ${JSON.stringify(join(import.meta.dirname, "../../tools/output/lock.ts"))};
    await withLock(${JSON.stringify(folder)}, () => {}, () => {
      console.log("mine");
      return new Promise(() => setInterval(() => {}, 1000));
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  await expect(withLock(folder, silent, () => Promise.resolve(), 150)).rejects.toThrow(/another axv-part has been writing/);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await withLock(folder, silent, () => Promise.resolve("mine"))).toBe("mine");
});

// Images that must not run: each says in one line of plain text what is wrong and what to do, and starts nothing.
import { afterEach, expect, test } from "vitest";
import { statSync } from "node:fs";
import type { Plan } from "../../partitions/plan/plan.ts";
import { BLOB_VERSION } from "../../partitions/blob/layout.table.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { twoPlcs } from "./systems.ts";

const VERSION_OFFSET = 4;

let system: BootedSystem | undefined;
afterEach(async () => system?.stop());

const blobOffset = (): number => statSync("build/core/core.bin").size;

async function refused(alter: (image: Uint8Array, plan: Plan) => Uint8Array): Promise<string> {
  const booted = await BootedSystem.boot("blob", twoPlcs(), { alter });
  system = booted;
  const line = await booted.line("axv", /^axv: /);
  // Nobody has started: no telemetry, no console.
  expect(booted.partition("first").telemetry).toBeUndefined();
  return line;
}

/** With one byte of the blob another one. */
const changed = (at: number, value: (old: number) => number) => (image: Uint8Array): Uint8Array => {
  image[blobOffset() + at] = value(image[blobOffset() + at] ?? 0);
  return image;
};

test("an altered blob", async () => {
  expect(await refused(changed(200, (old) => old ^ 1))).toMatch(/blob was altered \(checksum\): build the image again/);
});

test("a blob of another version", async () => {
  expect(await refused(changed(VERSION_OFFSET, () => BLOB_VERSION + 1))).toMatch(
    /another version than this core: build the image again/,
  );
});

test("no blob at all", async () => {
  expect(await refused((image) => image.slice(0, blobOffset()))).toMatch(/no system blob behind the core/);
});

test("a truncated blob", async () => {
  expect(await refused((image) => image.slice(0, blobOffset() + 600))).toMatch(/blob was altered|truncated/);
});

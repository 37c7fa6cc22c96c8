// What `axv-part tags` generates in C and in AssemblyScript writes the very image that the bridge reads.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readValue } from "../../industrial/tags/value.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { cName, layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags } from "../../partitions/tags/table.ts";
import * as layout from "../../rtos-guests/channel/tagImageLayout.ts";
import { guest as guestTable } from "../../rtos-guests/plc/aarch64/guest.table.ts";
import { compile } from "../../tools/build/compile.ts";
import { generate } from "../../tools/build/index.ts";
import { CLANG, runTool } from "../../tools/build/native.ts";
import { PLC } from "../../tools/build/programs.ts";
import { assemblyScript } from "../../tools/tags/assembly-script.ts";
import { cHeader } from "../../tools/tags/c-header.ts";
import { instantiate } from "../plc/instantiate.ts";
import { channelOn } from "./channel.ts";
import { EVERY_TYPE, planned } from "./tables.ts";

const folder = mkdtempSync(join(tmpdir(), "axv-twins-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [table] = planned({ plc: EVERY_TYPE }).table as readonly [PartitionTags];

const VALUES: Readonly<Record<string, TagValue>> = {
  Bool: true,
  I8: -128,
  U8: 255,
  I16: -32768,
  U16: 65535,
  I32: -(2 ** 31),
  U32: 2 ** 32 - 1,
  I64: -(2n ** 63n),
  U64: 2n ** 64n - 1n,
  F32: -1.5,
  F64: Math.PI,
  Text: "\u00e9bcde",
  List: [-1, 2, -3],
  Bits: [false, true],
  Doubles: [1e300, -0.1],
  "Tank.Level": 0.25,
  "Tank.Full": true,
};
const TIME = 0x0123_4567_89ab_cdefn;
/** What the memory holds before: of an earlier life, with its sequence number left odd. */
const LEFT_OVER = 0xa5;
const LEFT_SEQUENCE = 41;

function expectImage(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const header = ["MAGIC", "VERSION", "TABLE", "SIZE", "SEQUENCE"].map((name, n) => [
    name,
    view.getUint32([0, 4, 8, 12, 16][n] ?? 0, true),
  ]);
  expect(header).toEqual([
    ["MAGIC", layout.TAG_IMAGE_MAGIC],
    ["VERSION", 1],
    ["TABLE", layoutSum(table)],
    ["SIZE", table.size],
    ["SEQUENCE", LEFT_SEQUENCE + 3],
  ]);
  expect(view.getBigUint64(layout.TAG_IMAGE_TIME, true)).toBe(TIME);
  const found = Object.fromEntries(table.tags.map(({ name, offset, type }) => [name, readValue(view, offset, type)]));
  expect(found).toEqual(VALUES);
  expect(bytes.subarray(table.size).every((byte) => byte === LEFT_OVER), "nothing behind the image").toBe(true);
}

const elements = (value: TagValue): readonly (readonly [index: number | undefined, value: TagValue])[] =>
  Array.isArray(value) ? value.map((each, index) => [index, each as TagValue]) : [[undefined, value]];

test("in C", () => {
  writeFileSync(join(folder, "tags.h"), cHeader(table, "plant.yaml", 0));
  const literal = (value: TagValue): string =>
    typeof value === "string"
      ? JSON.stringify(value)
      : typeof value === "bigint"
        ? `(uint64_t)${BigInt.asUintN(64, value)}u`
        : typeof value === "boolean"
          ? value
            ? "2"
            : "0"
          : String(value);
  const calls = table.tags.flatMap(({ name }) =>
    elements(VALUES[name] ?? 0).map(
      ([index, value]) => `axv_set_${cName(name)}(&tags, ${index === undefined ? "" : `${index}, `}${literal(value)});`,
    ),
  );
  writeFileSync(
    join(folder, "main.c"),
    `#include <stdio.h>
#include <string.h>
#include "tags.h"
static unsigned char image[AXV_TAGS_SIZE + 64] __attribute__((aligned(64)));
int main(void) {
    axv_tags_t tags;
    uint32_t left = ${LEFT_SEQUENCE};
    memset(image, ${LEFT_OVER}, sizeof image);
    memcpy(image + AXV_TAG_IMAGE_SEQUENCE, &left, 4);
    axv_tags_open(&tags, image, AXV_TAGS_TABLE, AXV_TAGS_SIZE);
    axv_tags_begin(&tags);
    ${calls.join("\n    ")}
    axv_set_List(&tags, 3, 7); /* beyond its end: nothing */
    axv_tags_end(&tags, ${TIME}u);
    fwrite(image, 1, sizeof image, stdout);
    return 0;
}
`,
  );
  for (const standard of ["-std=c99", "-std=gnu17"]) {
    runTool(CLANG, [
      standard,
      "-O2",
      "-Wall",
      "-Wextra",
      "-Wconversion",
      "-Wno-sign-conversion",
      "-Werror",
      "-fsanitize=undefined",
      "-fsanitize-trap=undefined",
      "-Irtos-guests/library",
      join(folder, "main.c"),
      "-o",
      join(folder, "main"),
    ]);
    const { stdout, status } = spawnSync(join(folder, "main"));
    expect(status).toBe(0);
    expectImage(new Uint8Array(stdout));
  }
  const cross = [
    "--target=aarch64-none-elf",
    "-std=c99",
    "-O2",
    "-ffreestanding",
    "-mgeneral-regs-only",
    "-Wall",
    "-Wno-unused-function",
    "-Werror",
    "-Irtos-guests/library",
    "-include",
    "axv.h",
    "-x",
    "c",
    "-",
    "-S",
    "-o",
    "-",
  ];
  const source = `${cHeader(table, "p", 0)}
void set(axv_tags_t *t, int32_t v);
void set(axv_tags_t *t, int32_t v) { axv_set_I32(t, v); }`;
  const assembly = spawnSync(CLANG.command, cross, { input: source, encoding: "utf8" });
  expect(assembly.stderr).toBe("");
  const body = (/^set:[^]*?\bret\b/m.exec(assembly.stdout)?.[0] ?? "").split("\n").filter((line) => /^\t[a-z]/.test(line));
  expect(body.length, "a tag that changes costs at most 8 instructions").toBeLessThanOrEqual(8);
  expect(body.some((line) => line.includes("dc\tcvac") || line.includes("dc cvac"))).toBe(true);
});

test("in AssemblyScript", async () => {
  const entry = "rtos-guests/channel/tagsOfTest.ts";
  await generate(PLC);
  const text = assemblyScript(table, "plant.yaml", 0).replace("import { ", "import { beginScan, endScan, ").concat(`
const image = changetype<TagImage>(memory.data(16, 8));
const text = memory.data(64);
export function imageAt(): usize { return changetype<usize>(image); }
export function textAt(): usize { return text; }
export function begin(): void { beginScan(image); }
export function end(time: u64): void { endScan(image, time); }
`);
  const { wasm } = await compile({ ...PLC, entry }, new Map([[entry, text]]));
  const bytes = new Uint8Array(table.size + 64).fill(LEFT_OVER);
  const view = new DataView(bytes.buffer);
  view.setUint32(layout.TAG_IMAGE_SEQUENCE, LEFT_SEQUENCE, true);
  const BASE = 0x5000_0000n;
  const pushed = new Set<number>();
  const channel = channelOn(view, BASE, (line) => void pushed.add(line));
  const guest = Object.fromEntries(guestTable.map(({ name }) => [name, () => { throw new Error(name); }]));
  const exports = (await instantiate(PLC, Uint8Array.from(wasm), { channel, guest })) as unknown as Record<
    string,
    (...values: (number | bigint)[]) => number
  >;
  const call = (name: string, ...values: (number | bigint)[]): number => {
    const called = exports[name];
    if (called === undefined) throw new Error(`the generated file exports no ${name}`);
    return called(...values);
  };
  const image = call("imageAt");
  call("openTags", image, BASE);
  call("begin");
  expect(view.getUint32(layout.TAG_IMAGE_SEQUENCE, true) % 2, "odd while it is written").toBe(1);
  const memory = exports["memory"] as unknown as WebAssembly.Memory;
  for (const { name } of table.tags)
    for (const [index, value] of elements(VALUES[name] ?? 0)) {
      const first = index === undefined ? [image] : [image, index];
      if (typeof value === "string") {
        const utf8 = Buffer.from(value);
        new Uint8Array(memory.buffer).set(utf8, call("textAt"));
        call(`set_${cName(name)}`, image, call("textAt"), utf8.length);
      } else call(`set_${cName(name)}`, ...first, typeof value === "boolean" ? Number(value) : (value as number | bigint));
    }
  call("set_List", image, 3, 7);
  call("end", TIME);
  expectImage(bytes);
  expect(pushed.size, "every line of the image is pushed to memory").toBe(Math.ceil(table.size / 64));
});

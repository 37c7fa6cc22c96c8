// What is written to tags from outside, at the guest's end, in C and in AssemblyScript: both take the same batches, all of
// one or nothing of it, and only values that the bridge itself would let pass.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeBatch } from "../../industrial/tags/batch.ts";
import { fits, readValue, writeValue } from "../../industrial/tags/value.ts";
import type { TagValue } from "../../industrial/tags/value.ts";
import { layoutSum } from "../../partitions/tags/table.ts";
import type { PartitionTags, Tag } from "../../partitions/tags/table.ts";
import { bytesOf } from "../../partitions/tags/type.ts";
import * as layout from "../../rtos-guests/channel/tagWritesLayout.ts";
import { guest as guestTable } from "../../rtos-guests/plc/aarch64/guest.table.ts";
import { compile } from "../../tools/build/compile.ts";
import { generate } from "../../tools/build/index.ts";
import { CLANG, runTool } from "../../tools/build/native.ts";
import { PLC } from "../../tools/build/programs.ts";
import { assemblyScript } from "../../tools/tags/assembly-script.ts";
import { cHeader } from "../../tools/tags/c-header.ts";
import { instantiate } from "../plc/instantiate.ts";
import { channelOn } from "./channel.ts";
import { planned } from "./tables.ts";

const [table] = planned({
  plc: `[
  { name: Bool, type: bool, access: rw }, { name: I8, type: i8, access: rw },
  { name: U8, type: u8, range: [3, 200], access: rw }, { name: Shown, type: u32 },
  { name: I16, type: i16, range: [-300, 5], access: rw }, { name: U16, type: u16, access: rw },
  { name: I32, type: i32, range: [-7, -2], access: rw }, { name: U32, type: u32, access: rw },
  { name: I64, type: i64, access: rw }, { name: U64, type: u64, range: [1, 9007199254740991], access: rw },
  { name: F32, type: f32, access: rw }, { name: Near, type: f32, range: [-0.1, 0.1], access: rw },
  { name: F64, type: f64, access: rw }, { name: Plus, type: f64, range: [0, 100], access: rw },
  { name: Minus, type: f32, range: [-2.5, 0], access: rw }, { name: Text, type: "string[6]", access: rw },
  { name: List, type: "i16[3]", range: [-1, 9], access: rw }, { name: Bits, type: "bool[2]", access: rw },
  { name: Tank, type: { Level: f32, Full: bool }, access: rw }]`.replaceAll(
    "\n",
    "",
  ),
}).table as readonly [PartitionTags];
const writables = table.tags.filter(({ writable }) => writable);
const SUM = layoutSum(table);

/** What a guest makes of batches: for each its answer, and its values afterwards. */
type Guest = (batches: readonly Uint8Array[]) => Promise<{ answer: readonly [number, number]; values: Uint8Array }[]>;

const folder = mkdtempSync(join(tmpdir(), "axv-writes-"));
afterAll(() => rmSync(folder, { recursive: true }));

const C_MAIN = `#include <stdio.h>
#include <string.h>
#include "tags.h"
static unsigned char channel[AXV_TAGS_CHANNEL_SIZE] __attribute__((aligned(64)));
static unsigned char values[AXV_TAGS_SIZE];
int main(void) {
    static axv_writes_t writes;
    axv_ring_t batches, answers;
    unsigned char record[2000], answer[64];
    uint32_t length;
    unsigned char *rings = channel + (AXV_TAGS_SIZE + 63) / 64 * 64;
    memset(&writes, 0xa5, sizeof writes);
    if (axv_writes_open(&writes, channel, values) != AXV_OK) return 1;
    axv_ring_open_producer(&batches, rings, AXV_TAG_WRITES_CAPACITY);
    axv_ring_open_consumer(&answers, rings + AXV_TAG_WRITES_ANSWERS, AXV_TAG_WRITES_ANSWERS_CAPACITY);
    while (fread(&length, 4, 1, stdin) == 1) {
        int taken;
        if (fread(record, 1, length, stdin) != length) return 2;
        if (axv_ring_send(&batches, record, length) != (int)length) return 3;
        taken = axv_take_writes(&writes);
        if (axv_ring_receive(&answers, answer, sizeof answer) != AXV_RING_EMPTY) return 4; /* not before the next scan */
        if (axv_take_writes(&writes) != 0) return 5;
        if (axv_ring_receive(&answers, answer, sizeof answer) != 8) return 6;
        if (taken != (axv_pack(answer + 4, 4) == AXV_TAG_WRITES_DONE)) return 7;
        fwrite(answer, 1, 8, stdout);
        fwrite(values, 1, sizeof values, stdout);
    }
    return 0;
}
`;

function inC(): Guest {
  writeFileSync(join(folder, "tags.h"), cHeader(table, "plant.yaml", 0));
  writeFileSync(join(folder, "main.c"), C_MAIN);
  const strict = [
    "-std=c99",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wno-sign-conversion",
    "-Werror",
    "-fsanitize=undefined",
    "-fsanitize-trap=undefined",
  ];
  runTool(CLANG, [...strict, "-Irtos-guests/library", join(folder, "main.c"), "-o", join(folder, "main")]);
  return async (batches) => {
    const input = Buffer.concat(batches.flatMap((batch) => [Uint8Array.of(batch.length & 0xff, batch.length >> 8, 0, 0), batch]));
    const { stdout, stderr, status } = spawnSync(join(folder, "main"), { input, maxBuffer: 1 << 28 });
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: "" });
    const whole = 8 + table.size;
    return batches.map((_, n) => {
      const part = stdout.subarray(n * whole, (n + 1) * whole);
      return { answer: [part.readUInt32LE(0), part.readUInt32LE(4)], values: Uint8Array.from(part.subarray(8)) };
    });
  };
}

async function inAssemblyScript(): Promise<Guest> {
  const entry = "rtos-guests/channel/tagsOfTest.ts";
  await generate(PLC);
  const text = assemblyScript(table, "plant.yaml", 0).concat(`
import { openConsumer, openProducer, receive, Ring, send } from "./ring";
const batches = changetype<Ring>(memory.data(offsetof<Ring>(), 8));
const answers = changetype<Ring>(memory.data(offsetof<Ring>(), 8));
const record: u32 = <u32>memory.data(2000, 8);
export function recordAt(): u32 { return record; }
export function valuesAt(): u32 { return values; }
export function openPeer(base: u64): void { openProducer(batches, base, 2048); openConsumer(answers, base + 0x880, 256); }
export function put(length: u32): i32 { return send(batches, record, length); }
export function take(): i32 { return receive(answers, record, 64); }
`);
  const { wasm } = await compile({ ...PLC, entry }, new Map([[entry, text]]));
  const BASE = 0x5000_0000n;
  const view = new DataView(new ArrayBuffer(Math.ceil(table.size / 64) * 64 + layout.TAG_WRITES_BYTES));
  const channel = channelOn(view, BASE);
  const guest = Object.fromEntries(guestTable.map(({ name }) => [name, () => { throw new Error(name); }]));
  const exports = (await instantiate(PLC, Uint8Array.from(wasm), { channel, guest })) as unknown as Record<
    string,
    (...values: (number | bigint)[]) => number
  > & { memory: WebAssembly.Memory };
  const call = (name: string, ...parameters: (number | bigint)[]): number => exports[name]?.(...parameters) ?? Number.NaN;
  return async (batches) => {
    new Uint8Array(view.buffer).fill(0);
    const memory = new Uint8Array(exports.memory.buffer);
    memory.fill(0, call("valuesAt"), call("valuesAt") + table.size);
    call("openWrites", BASE);
    call("openPeer", BASE + BigInt(Math.ceil(table.size / 64) * 64));
    return batches.map((batch) => {
      memory.set(batch, call("recordAt"));
      expect(call("put", batch.length)).toBe(batch.length);
      const taken = call("takeWrites");
      expect(call("take"), "not before the next scan").toBe(-1);
      expect(call("takeWrites")).toBe(0);
      expect(call("take")).toBe(8);
      const answer = new DataView(memory.buffer, call("recordAt"), 8);
      const found = [answer.getUint32(0, true), answer.getUint32(4, true)] as const;
      expect(taken !== 0).toBe(found[1] === layout.TAG_WRITES_DONE);
      return { answer: found, values: memory.slice(call("valuesAt"), call("valuesAt") + table.size) };
    });
  };
}

/** Bytes of an entry's value, whatever they are. */
const raw = (tag: Tag): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: bytesOf(tag.type), maxLength: bytesOf(tag.type) });
const interesting: Readonly<Record<string, readonly number[]>> = {
  F32: [Infinity, -Infinity, NaN, 3.4e38, -0],
  F64: [Infinity, NaN, 1.7e308],
  Near: [0.1, -0.1, 0.11, NaN, 0],
  Plus: [-0, 0, 100, 100.1, -1],
  Minus: [0, -0, -2.5, -2.6, 0.1],
};
const value = (tag: Tag): fc.Arbitrary<Uint8Array> => {
  const encode = (number: number): Uint8Array => {
    const bytes = new Uint8Array(bytesOf(tag.type));
    writeValue(new DataView(bytes.buffer), 0, tag.type, number);
    return bytes;
  };
  const { scalar, count } = tag.type;
  if (scalar === "string" || scalar === "bool" || count !== undefined)
    return fc.oneof(
      raw(tag),
      fc.constant(new Uint8Array(bytesOf(tag.type))),
      fc.constant(new Uint8Array(bytesOf(tag.type)).fill(1)),
    );
  const numbers = interesting[tag.name] ?? [-8, -7, -2, -1, 0, 1, 2, 3, 5, 6, 200, 201, -300, -301];
  return fc.oneof(raw(tag), fc.constantFrom(...numbers).map(encode));
};
interface Entry {
  readonly offset: number;
  readonly bytes: Uint8Array;
}
const entry = fc.constantFrom(...writables).chain((tag) => value(tag).map((bytes): Entry => ({ offset: tag.offset, bytes })));
const strange = fc.oneof(
  fc
    .constantFrom(...table.tags.filter(({ writable }) => !writable))
    .map((tag): Entry => ({ offset: tag.offset, bytes: new Uint8Array(4) })),
  fc.nat(table.size + 100).map((offset): Entry => ({ offset, bytes: new Uint8Array(8) })),
);
function assemble(number: number, sum: number, entries: readonly Entry[]): Uint8Array {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(number, 0);
  head.writeUInt32LE(sum, 4);
  return Buffer.concat([
    head,
    ...entries.flatMap(({ offset, bytes }) => [
      Buffer.from(Uint32Array.of(offset).buffer),
      bytes,
      Buffer.alloc((4 - (bytes.length % 4)) % 4),
    ]),
  ]);
}
const batch = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.nat(), fc.array(entry, { maxLength: 6 })).map(([number, entries]) => assemble(number, SUM, entries)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(), fc.array(fc.oneof(entry, strange), { maxLength: 5 }))
      .map(([number, entries]) => assemble(number, SUM, entries)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(), fc.array(entry, { maxLength: 3 }), fc.nat(40))
      .map(([number, entries, cut]) => assemble(number, SUM, entries).subarray(0, -cut || undefined)),
  },
  { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.nat()).map(([number, sum]) => assemble(number, sum, [])) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  { weight: 1, arbitrary: fc.constant(new Uint8Array(layout.TAG_WRITES_BATCH_MAX + 4)) },
);

/** What a guest is to make of a batch, by the rules of the layout and by fits(). Changes `values` if it is to be done. */
function oracle(bytes: Uint8Array, values: Uint8Array): readonly [number, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = bytes.length >= 4 && bytes.length <= layout.TAG_WRITES_BATCH_MAX ? view.getUint32(0, true) : 0;
  if (bytes.length < 8 || bytes.length > layout.TAG_WRITES_BATCH_MAX) return [number, layout.TAG_WRITES_MALFORMED];
  if (view.getUint32(4, true) !== SUM) return [number, layout.TAG_WRITES_OTHER_TABLE];
  const next = values.slice();
  for (let at = 8; at < bytes.length; ) {
    if (bytes.length - at < 4) return [number, layout.TAG_WRITES_MALFORMED];
    const tag = writables.find(({ offset }) => offset === view.getUint32(at, true));
    if (tag === undefined) return [number, layout.TAG_WRITES_UNKNOWN];
    at += 4;
    const size = tag.type.scalar === "string" ? 1 + tag.type.text : bytesOf(tag.type);
    if (bytes.length - at < size) return [number, layout.TAG_WRITES_MALFORMED];
    if (!isAllowed(tag, bytes.subarray(at, at + size))) return [number, layout.TAG_WRITES_OUT_OF_RANGE];
    next.set(bytes.subarray(at, at + size), tag.offset);
    at += Math.ceil(size / 4) * 4;
  }
  values.set(next);
  return [number, layout.TAG_WRITES_DONE];
}

/** A text's bytes are its reader's affair; a bool is 0 or 1, and nothing else. */
function isAllowed({ type, range }: Tag, bytes: Uint8Array): boolean {
  if (type.scalar === "string") return (bytes[0] ?? 0) <= type.text;
  if (type.scalar === "bool") return bytes.every((byte) => byte <= 1);
  return fits(type, range, readValue(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, type));
}

describe.each([["C", async () => inC()], ["AssemblyScript", inAssemblyScript]] as const)("a guest in %s", (_language, build) => {
  let guest: Guest;
  beforeAll(async () => {
    guest = await build();
  });

  test("does a batch as a whole or refuses it as a whole, as the layout and the ranges say", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 20, maxLength: 200 }), async (batches) => {
        const values = new Uint8Array(table.size);
        const found = await guest(batches);
        for (const [n, bytes] of batches.entries()) {
          const answer = oracle(bytes, values);
          expect(found[n]?.answer, `batch ${n}: ${Buffer.from(bytes).toString("hex")}`).toEqual(answer);
          expect(Buffer.from(found[n]?.values ?? []).equals(values), `values after batch ${n}`).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  test("takes what the bridge sends", async () => {
    const wanted: Readonly<Record<string, TagValue>> = {
      Bool: true,
      I8: -128,
      U8: 200,
      I16: -300,
      I64: -(2n ** 63n),
      U64: 1n,
      Near: Math.fround(0.1) - 2 ** -27,
      F64: -1e300,
      Text: "h\u00e9llo",
      List: [-1, 0, 9],
      "Tank.Level": 1.5,
    };
    const writes = Object.entries(wanted).flatMap(([name, each]) =>
      table.tags.filter((tag) => tag.name === name).map((tag) => ({ tag, value: each })),
    );
    const [found] = await guest([encodeBatch(77, table, writes)]);
    expect(found?.answer).toEqual([77, layout.TAG_WRITES_DONE]);
    const view = new DataView(found?.values.buffer ?? new ArrayBuffer(0));
    for (const { tag, value: each } of writes) expect(readValue(view, tag.offset, tag.type), tag.name).toEqual(each);
  });
});

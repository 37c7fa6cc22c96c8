// The PLC guest's image as others see it: the planner by its header, the MMU by its tables.
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { type Elf, readElf } from "../../tools/build/elf.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { PLC } from "../../tools/build/programs.ts";

let image: Buffer;
let elf: Elf;
beforeAll(async () => {
  const products = await buildProgram(PLC);
  image = readFileSync(products.binary);
  elf = readElf(readFileSync(products.elf));
});

const IMAGE_IPA = 0x4000_0000;
const PAGE = 0x1000;
const symbol = (name: string): number => elf.symbols.find((one) => one.name === name)?.value ?? Number.NaN;

test("the header is that of an arm64 Image with text_offset 0, and the marker stands behind it", () => {
  expect(image.toString("latin1", 56, 60)).toBe("ARM\x64");
  expect(image.readBigUInt64LE(8)).toBe(0n); // text_offset
  expect(image.readBigUInt64LE(16)).toBe(BigInt(image.length)); // image_size
  expect(image.readBigUInt64LE(24)).toBe(2n); // little endian, 4 KiB pages
  expect(image.toString("latin1", 64, 72)).toBe("AXVPLC1\0");
  expect(symbol("_start")).toBe(IMAGE_IPA);
});

test("what the image does not say is zero: stacks and linear memory are in the file", () => {
  const linear = symbol("axv_linear_start") - IMAGE_IPA;
  expect(image.length).toBe(linear + PLC.memoryPages * 65536);
  expect(image.subarray(linear).every((byte) => byte === 0)).toBe(true);
  expect(
    image.subarray(symbol("axv_stack_bottom") - IMAGE_IPA, symbol("axv_stack_top") - IMAGE_IPA).every((byte) => byte === 0),
  ).toBe(true);
});

/** Level of a walk → bits of the address below its entries (4 KiB granule). */
const SHIFT = [0, 30, 21, 12] as const;

interface Mapping {
  readonly va: number;
  readonly pa: number;
  readonly bytes: number;
  readonly rights: string;
}

/** All that the stage-1 tables map (DDI 0487, D8.3), in the order of addresses; neighbours with the same rights are one. */
function mappings(): Mapping[] {
  const found: Mapping[] = [];
  const walk = (table: number, level: 1 | 2 | 3, base: number): void => {
    for (let n = 0; n < 512; n++) {
      const entry = image.readBigUInt64LE(table - IMAGE_IPA + 8 * n);
      const va = base + n * 2 ** SHIFT[level];
      if ((entry & 1n) === 0n) continue;
      const next = Number(entry & 0xffff_ffff_f000n);
      if (level < 3 && (entry & 2n) !== 0n) walk(next, level === 1 ? 2 : 3, va);
      else add({ va, pa: next, bytes: 2 ** SHIFT[level], rights: rights(entry) });
    }
  };
  const add = (one: Mapping): void => {
    const last = found.at(-1);
    const joins =
      last !== undefined && last.rights === one.rights && last.va + last.bytes === one.va && last.pa + last.bytes === one.pa;
    if (joins) found[found.length - 1] = { ...last, bytes: last.bytes + one.bytes };
    else found.push(one);
  };
  walk(symbol("stage1_root"), 1, 0);
  return found;
}

function rights(entry: bigint): string {
  const bit = (n: bigint): boolean => ((entry >> n) & 1n) !== 0n;
  const type = ((entry >> 2n) & 7n) === 0n ? "normal" : "device";
  const el0 = bit(6n) || !bit(54n) ? " EL0!" : "";
  const accessed = bit(10n) ? "" : " AF=0!";
  return `${type} r${bit(7n) ? "-" : "w"}${bit(53n) ? "-" : "x"}${el0}${accessed}`;
}

test("stage 1 maps exactly this: nothing writable is executable, linear memory and the stacks have nothing beside them", () => {
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const linear = hex(symbol("axv_linear_start"));
  expect(mappings().map(({ va, pa, bytes, rights }) => `${hex(va)} ${hex(bytes)} → ${hex(pa)} ${rights}`)).toEqual([
    "0x8000000 0x200000 → 0x8000000 device rw-", // GICD, GICC, GICR
    "0x40000000 0x8000 → 0x40000000 normal r-x", // text
    "0x40008000 0x4000 → 0x40008000 normal r--", // rodata
    "0x4000c000 0x2000 → 0x4000c000 normal rw-", // data
    "0x4000f000 0x4000 → 0x4000f000 normal rw-", // stack
    "0x40014000 0x2000 → 0x40014000 normal rw-", // panic stack
    "0x50000000 0x1000000 → 0x50000000 normal rw-", // channels and mailbox
    `0x4000000000 0x10000 → ${linear} normal rw-`, // linear memory
  ]);
});

test("the stacks are where the tables say, an unmapped page below each", () => {
  expect(symbol("axv_stack_bottom")).toBe(symbol("axv_data_start") + 0x2000 + PAGE);
  expect(symbol("axv_stack_top") - symbol("axv_stack_bottom")).toBe(0x4000);
  expect(symbol("axv_panic_stack_bottom")).toBe(symbol("axv_stack_top") + PAGE);
});

test("map.ts, which AssemblyScript uses, and layout.h, which the tables are made of, agree", () => {
  const read = (file: string): string => readFileSync(new URL(`../../rtos-guests/plc/${file}`, import.meta.url), "utf8");
  const inMap = (name: string): number =>
    Number(new RegExp(`${name}: u64 = (\\w+)`).exec(read("map.ts") + read("aarch64/map.ts"))?.[1]);
  const inLayout = (name: string): number => Number(new RegExp(`#define ${name}\\s+(\\w+)`).exec(read("aarch64/layout.h"))?.[1]);
  expect(inMap("CHANNEL_IPA")).toBe(inLayout("CHANNEL_IPA"));
  expect(inMap("SHARED_BYTES")).toBe(inLayout("SHARED_BYTES"));
  expect(inMap("GICD_IPA")).toBe(inLayout("GIC_IPA"));
  expect(inMap("GICC_IPA") - inLayout("GIC_IPA")).toBeLessThanOrEqual(0x20_0000 - 0x2000);
  expect(inMap("GICR_IPA") - inLayout("GIC_IPA")).toBeLessThanOrEqual(0x20_0000 - 0x2_0000);
});

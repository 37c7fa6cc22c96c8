// Images that somebody has tampered with, each in one way, are refused: by a check of the file, by the core, or by what the core
// then lets partitions reach.
import { describe, expect, test } from "vitest";
import type { Blob, BlobRecord } from "../../partitions/blob/codec.ts";
import { encodeBlob } from "../../partitions/blob/write.ts";
import { HEADER_SIZE, IMAGE_SIZE } from "../../partitions/images/arm64-image.ts";
import { LOAD_ALIGN } from "../../tools/build/pack.ts";
import { prove } from "../../tools/prove/prove.ts";
import { reportOf } from "../../tools/prove/report.ts";
import { formatReport } from "../../tools/prove/show.ts";
import { plain } from "../../tools/run/paint.ts";
import { CORE, imageOf, KNOWN, MIXED, open, repacked, withRecord } from "./bench.ts";

const IMAGE = imageOf(MIXED);
const [NET, PLC, LOG] = [0, 1, 2];
const { blob: BLOB } = open(IMAGE).said;

/** The checks that are broken, and what they say. */
function brokenIn(bytes: Uint8Array, known = KNOWN): Record<string, string> {
  const { checks, isProven } = prove(bytes, CORE, known);
  const broken = checks.filter(({ verdict }) => verdict === "broken");
  expect(isProven).toBe(broken.length === 0);
  return Object.fromEntries(broken.map(({ id, findings }) => [id, findings.join("; ")]));
}

const patched = (at: number, value: number): Uint8Array => {
  const bytes = IMAGE.slice();
  bytes[at] = value;
  return bytes;
};

/** Index in the blob of a partition's first region of a kind: 0 RAM, 1 device, 2 channel, 3 mailbox. */
function regionOf(partition: number, kind: number): number {
  const { regionFirst = 0, regionCount = 0 } = BLOB.records["Partition"]?.[partition] ?? {};
  const regions = (BLOB.records["Region"] ?? []).slice(Number(regionFirst), Number(regionFirst) + Number(regionCount));
  return Number(regionFirst) + regions.findIndex((region) => region["kind"] === kind);
}
const region = (index: number): BlobRecord => BLOB.records["Region"]?.[index] ?? {};
const RAM = 0;
const DEVICE = 1;
const CHANNEL = 2;

const changed = (kind: string, index: number, change: BlobRecord) =>
  repacked(IMAGE, withRecord(kind, index, (record) => ({ ...record, ...change })));
const header = (change: BlobRecord) => repacked(IMAGE, (blob) => ({ ...blob, header: { ...blob.header, ...change } }));
const machine = (change: BlobRecord) => repacked(IMAGE, (blob) => ({ ...blob, machine: { ...blob.machine, ...change } }));

/** Index in the blob of a partition's first interrupt. */
const interruptOf = (partition: number): number => Number(BLOB.records["Partition"]?.[partition]?.["interruptFirst"]);
/** The last partition gets another record. */
const withMore = (kind: "Region" | "Interrupt", more: BlobRecord) => repacked(IMAGE, (blob) => {
  const count = `${kind.toLowerCase()}Count`;
  const { records } = withRecord("Partition", LOG, (one) => ({ ...one, [count]: Number(one[count]) + 1 }))(blob);
  return { ...blob, records: { ...records, [kind]: [...(records[kind] ?? []), more] } };
});
const withDevice = (pa: bigint) => withRegion({ ipa: pa, pa, size: 0x1000n, kind: DEVICE, access: 3 });
const withRegion = (more: BlobRecord) => withMore("Region", { colours: 0, reserved: 0, ...more });

describe("bytes of the image", () => {
  /** Of an image with room behind its blob: where there is none, there is with a record of 8 bytes more. */
  const behindBlob = (): Uint8Array => {
    const endOf = (image: Uint8Array): number => CORE.binary.length + open(image).blob.length;
    const hasRoom = endOf(IMAGE) % LOAD_ALIGN > 0;
    const bytes = hasRoom ? Uint8Array.from(IMAGE) : withMore("Interrupt", { line: 60, trigger: 1 });
    const end = endOf(bytes);
    bytes[end] = 1;
    return bytes;
  };
  test.each<[string, Uint8Array, string, string]>([
    ["a byte of the core", patched(0x2000, 0xff ^ (IMAGE[0x2000] ?? 0)), "core", "byte 0x00002000 is 0x"],
    ["its last byte", patched(CORE.binary.length - 1, 1), "core", "and this tool builds 0x0"],
    ["image_size", patched(IMAGE_SIZE, 1), "header", "image_size in the header is"],
    ["the UART's address in the header", patched(HEADER_SIZE + 3, 0x0a), "header", "is 0xa000000,"],
    ["the UART's kind there", patched(HEADER_SIZE + 8, 2), "header", "the UART behind the header"],
    ["a byte of the blob", patched(CORE.binary.length + 40, 0xff), "blob", "checksum"],
    ["the blob's magic", patched(CORE.binary.length, 0), "blob", "AXVB"],
    ["a byte between blob and loads", behindBlob(), "layout", "there is something"],
    ["cut off in the core", IMAGE.subarray(0, 0x1000), "core", "it is cut off"],
    ["cut off in the blob", IMAGE.subarray(0, CORE.binary.length + 300), "blob", "cut off"],
    ["cut off in the blob's header", IMAGE.subarray(0, CORE.binary.length + 20), "blob", "cut off"],
    ["cut off in a load", IMAGE.subarray(0, IMAGE.length - 64), "header", "image_size"],
    ["something behind it", Buffer.concat([IMAGE, new Uint8Array(64)]), "header", "image_size"],
    ["nothing but a header", IMAGE.subarray(0, 64), "core", "cut off"],
  ])("%s", (_, bytes, check, words) => {
    const broken = brokenIn(bytes);
    expect(Object.keys(broken)[0]).toBe(check);
    expect(broken[check]).toContain(words);
  });
});

describe("the plan in the blob, its checksum right", () => {
  test.each<[string, Uint8Array, string, RegExp]>([
    ["another partition's memory", changed("Region", regionOf(PLC, RAM), { pa: region(regionOf(NET, RAM))["pa"] ?? 0n }), "boot",
      /overlapping/],
    ["memory that reaches into another's", changed("Region", regionOf(LOG, RAM), { size: 0x1000_0000n }), "boot", /overlapping/],
    ["a shared page that no channel declares", withRegion({ ...region(regionOf(NET, CHANNEL)), ipa: 0x6000_0000n }), "boot",
      /overlapping|channel/],
    ["two ends of a channel in one partition's memory", changed("Region", regionOf(LOG, CHANNEL),
      { pa: region(regionOf(NET, CHANNEL))["pa"] ?? 0n }), "boot", /overlapping|channel/],
    ["a device twice", withRegion({ ...region(regionOf(NET, DEVICE)) }), "boot", /overlapping/],
    ["an interrupt twice", changed("Interrupt", interruptOf(LOG), { line: BLOB.records["Interrupt"]?.[interruptOf(NET)]?.["line"]
      ?? 0 }), "boot", /gives an interrupt twice/],
    ["a page of the hypervisor's", withRegion({ ipa: 0x6000_0000n, pa: 0x4020_0000n, size: 0x1000n, kind: RAM, access: 3 }),
      "boot", /overlapping/],
    ["GICD", withDevice(0x0800_0000n), "boot", /overlapping/],
    ["the hypervisor's UART", withDevice(0x0900_0000n), "boot", /overlapping/],
    ["a pCPU twice", changed("Partition", LOG, { cpus: 0b1100 }), "boot", /pCPU twice/],
    ["registers that no device of the board has", withDevice(0x0c00_0000n), "devices",
      /log: reaches 0x0c000000…0x0c001000, and nothing says what is there/],
    ["a device whose interrupt another partition has", withMore("Interrupt", { line: 51, trigger: 1 }), "device-owner",
      /virtio3 is in net and in log/],
    ["a register that is written at first", repacked(IMAGE, (blob: Blob) => ({ ...blob, records: { ...blob.records,
      Init: [{ pa: 0x0a00_0070n, mask: 0xffff_ffff, value: 0 }] } })), "inits", /0x0a000070 is written/],
    ["RAM that the board has not", changed("Ram", 0, { size: 0x8000_0000n }), "board", /Ram 0: size is 0x80000000, and/],
    ["another GIC", machine({ gicd: 0x0a00_0000n }), "board", /gicd is 0xa000000/],
    ["another redistributor", changed("Cpu", 1, { gicr: 0x0a00_0000n }), "board", /Cpu 1: gicr/],
    ["an image that may be anywhere", header({ imageBase: 0n }), "board", /imageBase is 0x0/],
    ["no device tree of the firmware's", header({ noTree: 1 }), "board", /noTree/],
    ["colours that the cache has not", header({ colourCount: 4 }), "board", /colourCount is 4/],
    ["reserved bits", changed("Cpu", 0, { reserved: 7 }), "blob", /what is reserved is 7/],
    ["a load that is somewhere else", (() => {
      const { blob } = open(IMAGE).said;
      const moved = withRecord("Load", 0, (load) => ({ ...load, source: (load["source"] as bigint) + 64n }))(blob);
      const bytes = IMAGE.slice();
      bytes.set(encodeBlob(moved), CORE.binary.length);
      return bytes;
    })(), "layout", /load 0 is said to be at/],
  ])("%s", (_, bytes, check, words) => {
    expect(brokenIn(bytes)[check] ?? "holds").toMatch(words);
  });

  test("what is not tampered with is proven, packed anew as it is", () => {
    expect(repacked(IMAGE, (blob) => blob)).toEqual(IMAGE);
    expect(brokenIn(IMAGE)).toEqual({});
  });

  test("a name that says something to a terminal is shown, not obeyed", () => {
    const bytes = changed("Partition", PLC, { name: "a\u001b[2J\u202eb" });
    const text = formatReport(reportOf(prove(bytes, CORE, KNOWN), CORE), plain);
    expect(text).toContain("Proven: ");
    expect(text).toContain("a\\u001b[2J\\u202eb");
    expect(text).not.toMatch(/[\0-\t\v-\x1f\u202e]/);
  });

  test("another board than the one that it has to be for", () => {
    const boards = KNOWN.boards.filter(({ name }) => name === "qemu-aarch64-gicv2");
    expect(brokenIn(IMAGE, { ...KNOWN, boards })["board"]).toContain("gicVersion is 0x3, and qemu-aarch64-gicv2 has 0x2");
  });
});

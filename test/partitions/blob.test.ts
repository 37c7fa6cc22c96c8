// The blob: written by the planner, read back here by the same table that generates the core's accessors; and every way
// in which a blob can be wrong.
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ISAS } from "../../boards/isa.ts";
import { ON_FAILURE_INSPECT, ON_FAILURE_RESTART } from "../../core/abi.ts";
import type { Blob, BlobRecord, FieldValue } from "../../partitions/blob/codec.ts";
import { BlobError } from "../../partitions/blob/errors.ts";
import { place } from "../../partitions/blob/field.ts";
import type { FieldType, RecordLayout } from "../../partitions/blob/field.ts";
import { layoutOf } from "../../partitions/blob/isas.ts";
import * as table from "../../partitions/blob/layout.table.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { CHECKSUM_FROM, encodeBlob } from "../../partitions/blob/write.ts";
import { formatBlob } from "../../tools/plan/blob-report.ts";
import { plain } from "../../tools/run/paint.ts";
import { here, plan, sound } from "./systems.ts";

const { blob, loads, plan: planned } = sound(plan(here("golden/system.yaml")));
const read = readBlob(blob);
const records = (name: string): readonly BlobRecord[] => read.records[name] ?? [];

/** What the writer derives by itself from the records. */
const DERIVED = new Set([
  "magic",
  "version",
  "isa",
  "size",
  "checksum",
  ...Object.keys(read.header).filter((name) => /(Offset|Count)$/.test(name)),
]);

const VALUE: Readonly<Record<FieldType, fc.Arbitrary<FieldValue>>> = {
  u32: fc.nat(0xffffffff),
  u64: fc.bigInt(0n, 0xffffffffffffffffn),
  bytes16: fc.string({ unit: "grapheme-ascii", maxLength: 15 }),
};
const record = (layout: RecordLayout): fc.Arbitrary<BlobRecord> =>
  fc.record(Object.fromEntries(layout.fields.map((field) => [field.name, VALUE[field.type]])));

describe("encodeBlob and readBlob", () => {
  test.each(ISAS)("are inverse to each other, whatever the records of %s hold", (isa) => {
    const layout = layoutOf(isa);
    const lists = fc.record(
      Object.fromEntries(layout.records.map((each) => [each.name, fc.array(record(each), { maxLength: 4 })])),
    );
    fc.assert(
      fc.property(record(layout.header), record(layout.machine), lists, (header, machine, packed) => {
        const bytes = encodeBlob({ isa, header, machine, records: packed });
        const back = readBlob(bytes);
        expect(back).toMatchObject({ isa, machine });
        expect(back.records).toEqual(packed);
        for (const [name, value] of Object.entries(header))
          if (!DERIVED.has(name)) expect(back.header[name]).toEqual(value);
        expect(bytes.length % 8).toBe(0);
        expect(back.header["size"]).toBe(bytes.length);
      }),
    );
  });

  test("refuse to write more than the core has room for", () => {
    const many = Array.from({ length: 600 }, () => ({
      ipa: 0n,
      pa: 0n,
      size: 0n,
      kind: 0,
      access: 0,
      colours: 0,
      reserved: 0,
    }));
    expect(() => encodeBlob({ ...read, records: { Region: many } })).toThrow(/AXV-P075/);
  });

  test("refuse a value of another type than the table says", () => {
    const altered = (change: Partial<Blob>) => () => encodeBlob({ ...read, ...change });
    const words = (field: string): TypeError => new TypeError(`blob field ${field} is u64, and was given number`);
    expect(altered({ header: { ...read.header, housekeeper: 1n } })).toThrow("field housekeeper is u32, and was given bigint");
    expect(altered({ header: { ...read.header, uart: 1 } })).toThrow(words("uart"));
    expect(altered({ machine: { ...read.machine, gicd: 1 } })).toThrow(words("gicd"));
    const [first] = records("Partition");
    const named = altered({ records: { ...read.records, Partition: [{ ...first, name: 1 }] } });
    expect(named).toThrow("blob field name is bytes16, and was given number");
  });
});

describe("a blob that is wrong is refused", () => {
  const altered = (change: (view: DataView) => void, repair: boolean): Uint8Array => {
    const bytes = blob.slice();
    const view = new DataView(bytes.buffer);
    change(view);
    if (repair) view.setUint32(12, crc32(bytes.subarray(CHECKSUM_FROM)), true);
    return bytes;
  };
  const codeOf = (bytes: Uint8Array): string => {
    try {
      readBlob(bytes);
    } catch (error) {
      if (error instanceof BlobError) return error.code;
      throw error;
    }
    return "accepted";
  };
  const offsetOf = (field: string): number =>
    place(table.HEADER).fields.find(({ name }) => name === field)?.offset ?? 0;
  const regionOffset = offsetOf("regionOffset");
  const inMachine = place(table.HEADER).size;

  test.each<[string, string, Uint8Array]>([
    ["AXV-P071", "empty", new Uint8Array()],
    ["AXV-P071", "cut off in its header", blob.subarray(0, 100)],
    ["AXV-P071", "cut off behind its header", blob.subarray(0, blob.length - 8)],
    ["AXV-P070", "something else", new Uint8Array(4096)],
    ["AXV-P072", "of another version", altered((view) => view.setUint32(4, 99, true), true)],
    ["AXV-P076", "of an ISA that nobody knows", altered((view) => view.setUint32(offsetOf("isa"), 99, true), true)],
    ["AXV-P073", "altered", altered((view) => view.setUint8(blob.length - 1, 0xff), false)],
    ["AXV-P071", "longer than any", altered((view) => view.setUint32(8, 0x7fffffff, true), true)],
    ["AXV-P071", "shorter than its machine", altered((view) => view.setUint32(8, inMachine, true), true)],
    ["AXV-P071", "cut off by a byte", blob.subarray(0, blob.length - 1)],
    ["AXV-P074", "with one record more", altered((view) => view.setUint32(offsetOf("updateCount"), 1, true), true)],
    ["AXV-P074", "with an array outside", altered((view) => view.setUint32(regionOffset, blob.length, true), true)],
    ["AXV-P074", "with an array in its header", altered((view) => view.setUint32(regionOffset, 0, true), true)],
    ["AXV-P074", "with one in its machine", altered((view) => view.setUint32(regionOffset, inMachine, true), true)],
  ])("%s: %s", (code, _, bytes) => {
    expect(codeOf(bytes)).toBe(code);
  });

  test.each<[string, Uint8Array]>([
    ["0x0 at its start", new Uint8Array(4096)],
    [`99, not ${table.BLOB_VERSION}`, altered((view) => view.setUint32(4, 99, true), true)],
    [`99, none of ${ISAS.join(", ")}`, altered((view) => view.setUint32(offsetOf("isa"), 99, true), true)],
    ["0 bytes, fewer than its header", new Uint8Array()],
    [`${inMachine - 1} bytes, fewer than its header`, blob.subarray(0, inMachine - 1)],
    [`its header says ${blob.length} bytes, and ${inMachine} are there`, blob.subarray(0, inMachine)],
    [`its header says ${blob.length} bytes, and ${blob.length - 8} are there`, blob.subarray(0, blob.length - 8)],
    [`its header says 99 bytes, and ${blob.length} are there`, altered((view) => view.setUint32(8, 99, true), true)],
    [`1 × Update at ${blob.length}`, altered((view) => view.setUint32(offsetOf("updateCount"), 1, true), true)],
    [`${blob.length} bytes`, altered((view) => view.setUint8(blob.length - 1, 0xff), false)],
    [`12 × Region at ${blob.length}`, altered((view) => view.setUint32(regionOffset, blob.length, true), true)],
  ])("with what was found: %s", (found, bytes) => {
    expect(() => readBlob(bytes)).toThrow(`(${found}); build it again`);
  });

  test("longer than any, though all of it is there", () => {
    const long = new Uint8Array(table.BLOB_MAX_BYTES + 8);
    long.set(blob);
    const view = new DataView(long.buffer);
    view.setUint32(8, long.length, true);
    view.setUint32(12, crc32(long.subarray(CHECKSUM_FROM)), true);
    expect(codeOf(long)).toBe("AXV-P071");
  });

  test("but not one without any record", () => {
    const { isa, header, machine } = read;
    expect(Object.values(readBlob(encodeBlob({ isa, header, machine, records: {} })).records).flat()).toEqual([]);
  });

  test("every single altered bit is noticed", () => {
    fc.assert(
      fc.property(fc.nat(blob.length * 8 - 1), (bit) => {
        const bytes = altered((view) => view.setUint8(bit >> 3, view.getUint8(bit >> 3) ^ (1 << (bit & 7))), false);
        expect(codeOf(bytes)).not.toBe("accepted");
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the blob of golden/system.yaml", () => {
  test("says what the plan says", () => {
    expect(read.header).toMatchObject({
      imageBase: 0x40200000n,
      hypervisorSize: BigInt(planned.image.size),
      isa: 1,
      uart: 0x09000000n,
      housekeeper: 2, // the PMU of linux would count what it does
    });
    expect(read.machine).toMatchObject({
      gicd: 0x08000000n,
      gicVersion: 3,
      spiLimit: 256,
      hypervisorTimer: 26,
      virtualTimer: 27,
      physicalTimer: 30,
      maintenance: 25,
    });
    const PMU = { pmuInterrupt: 23, reserved: 0 };
    expect(records("Cpu")).toEqual([
      { id: 0n, partition: 0, vcpu: 1, gicr: 0x080a0000n, interface: 0, ...PMU },
      { id: 1n, partition: 0, vcpu: 0, gicr: 0x080c0000n, interface: 0, ...PMU },
      { id: 2n, partition: 2, vcpu: 0, gicr: 0x080e0000n, interface: 0, ...PMU },
      { id: 3n, partition: 1, vcpu: 0, gicr: 0x08100000n, interface: 0, ...PMU },
    ]);
    expect(records("Partition")).toMatchObject([
      {
        name: "linux",
        flags: table.PARTITION_AUTOSTART + table.PARTITION_PMU + table.PARTITION_TELEMETRY,
        onFailure: ON_FAILURE_RESTART,
        cpus: 0b11,
        bootCpu: 1,
      },
      {
        name: "plc",
        flags: table.PARTITION_AUTOSTART,
        onFailure: ON_FAILURE_INSPECT,
        cpus: 0b1000,
        watchdogMicroseconds: 50_000,
        argument: 0n,
      },
      { name: "old-linux", flags: 0, cpus: 0b100, entry: 0x80080000n, argument: 0x80600000n },
    ]);
  });

  test("has virtual and physical timer as PPIs, and the PMU's for who has the PMU", () => {
    expect(records("Partition").map(({ ppis }) => ppis)).toEqual([2 ** 23, 0, 0].map((pmu) => pmu + 2 ** 27 + 2 ** 30));
  });

  test("silences each device that does DMA when its partition stops", () => {
    expect(records("Quiesce").map(({ pa, value }) => [pa, value])).toEqual(
      [0x0a000070n, 0x0a000270n, 0x0a001070n].map((pa) => [pa, 0]),
    );
  });

  test("loads lie behind one another in the image, 64-aligned, as long as what is given to the packer", () => {
    const lengths = records("Load").map(({ size }) => Number(size));
    expect(lengths).toEqual(loads.map(({ length }) => length));
    const sources = records("Load").map(({ source }) => Number(source));
    sources.forEach((source, index) => {
      expect(source % 64).toBe(0);
      expect(source).toBeGreaterThanOrEqual(
        index === 0 ? 0x100000 + blob.length : (sources[index - 1] ?? 0) + (lengths[index - 1] ?? 0),
      );
    });
  });

  test("is shown with every field of the table", () => {
    const Init = [{ pa: 0n, mask: 0, value: 0 }];
    const Match = [{ path: 0, property: 0, value: 0, how: 0 }];
    const Text = [{ bytes: 0n }];
    const fields = layoutOf(read.isa).records.find(({ name }) => name === "Update")?.fields ?? [];
    const zero: Readonly<Record<FieldType, FieldValue>> = { u32: 0, u64: 0n, bytes16: "x" };
    const Update = [Object.fromEntries(fields.map(({ name, type }) => [name, zero[type]]))];
    const shown = formatBlob({ ...read, records: { ...read.records, Init, Match, Text, Update } }, plain);
    const { header, machine, records: arrays } = layoutOf(read.isa);
    for (const layout of [header, machine, ...arrays]) {
      for (const { name } of layout.fields) expect(shown).toMatch(new RegExp(`^  ${name} `, "m"));
    }
  });
});

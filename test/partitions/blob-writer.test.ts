// What the writer makes of each thing that a plan can say, alone: its field of the blob, and no other.
import { describe, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import * as aarch64 from "../../partitions/blob/aarch64.table.ts";
import { fixedPart, NAME_BYTES_MAX } from "../../partitions/blob/codec.ts";
import type { BlobRecord } from "../../partitions/blob/codec.ts";
import { BlobError } from "../../partitions/blob/errors.ts";
import { place } from "../../partitions/blob/field.ts";
import { isaOf, layoutOf } from "../../partitions/blob/isas.ts";
import * as table from "../../partitions/blob/layout.table.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { textsOf } from "../../partitions/blob/texts.ts";
import { blobSize, encodeBlob, uartOf, writeBlob } from "../../partitions/blob/write.ts";
import type {
  Aarch64Plan as Plan, Aarch64PlannedPartition as PlannedPartition, PlannedRegion,
} from "../../partitions/plan/plan.ts";
import { here, plan, sound } from "./systems.ts";

const good = sound(plan(here("golden/system.yaml"))).plan;
const gicv2 = sound(plan(here("golden/gicv2.yaml"))).plan;
const PLC = 1;

const withPlc = (change: Partial<PlannedPartition>): Plan =>
  ({ ...good, partitions: good.partitions.map((each, n) => (n === PLC ? { ...each, ...change } : each)) });
const withRegion = (change: Partial<PlannedRegion>): Plan => {
  const [first, ...rest] = good.partitions[PLC]?.regions ?? [];
  if (first === undefined) throw new Error("no region");
  return withPlc({ regions: [{ ...first, ...change }, ...rest] });
};
const written = (of: Plan, kind: string): readonly BlobRecord[] => readBlob(writeBlob(of)).records[kind] ?? [];
const plc = (of: Plan): BlobRecord => written(of, "Partition")[PLC] ?? {};

/** Fields that differ from those of the good plan, with their values. */
const differing = (one: BlobRecord, other: BlobRecord): BlobRecord =>
  Object.fromEntries(Object.entries(other).filter(([field, value]) => one[field] !== value));

describe("a partition", () => {
  const STARTS = table.PARTITION_AUTOSTART;
  test.each<[string, Partial<PlannedPartition>, BlobRecord]>([
    ["not started", { autostart: false }, { flags: 0 }],
    ["with the PMU", { pmu: true }, { flags: STARTS + table.PARTITION_PMU }],
    ["with direct interrupts", { direct: true }, { flags: STARTS + table.PARTITION_DIRECT }],
    ["with a clock of its own", { ownClock: true }, { flags: STARTS + table.PARTITION_OWN_CLOCK }],
    ["that reads along", { telemetry: true }, { flags: STARTS + table.PARTITION_TELEMETRY }],
    ["that commits", { commits: true }, { flags: STARTS + table.PARTITION_COMMITS }],
    ["that counts EL2", { countEl2: true }, { flags: STARTS + aarch64.PARTITION_COUNT_EL2 }],
    ["that sends SGIs", { trustedSgi: true }, { flags: STARTS + aarch64.PARTITION_TRUSTED_SGI }],
    ["that probes priorities", { probesPriority: true }, { flags: STARTS + aarch64.PARTITION_PROBES_PRIORITY }],
    ["that stops", { onFailure: "stop" }, { onFailure: abi.ON_FAILURE_STOP }],
    ["that starts again", { onFailure: "restart" }, { onFailure: abi.ON_FAILURE_RESTART }],
    ["on two pCPUs", { cpus: [2, 0] }, { cpus: 0b101, bootCpu: 2 }],
    ["on none", { cpus: [] }, { cpus: 0, bootCpu: table.NONE }],
    ["with an entry", { entry: 0x4000_1000 }, { entry: 0x4000_1000n }],
    ["with a device tree", { argument: 0x4080_0000, seed: 0x4080_0100 }, { argument: 0x4080_0000n, seed: 0x4080_0100n }],
    ["with another console", { console: 0x1000, consoleInterrupt: 99 }, { console: 0x1000n, consoleInterrupt: 99 }],
    ["without a mailbox", { mailbox: 0 }, { mailbox: 0n }],
    ["with a tag image that is sent", { tagImage: { ipa: 0x5000_0000, size: 64, overLink: true } },
      { tags: 0x5000_0000n, tagBytes: 64 }],
    ["with one that is not", { tagImage: { ipa: 0x5000_0000, size: 64, overLink: false } }, {}],
    ["that commands", { controls: [0, 2] }, { controls: 0b101 }],
    ["without a watchdog", { watchdogMicroseconds: 0 }, { watchdogMicroseconds: 0 }],
    ["with another tag of overruns", { overrunTag: 3 }, { overrunTag: 3 }],
    ["with a bandwidth", { bandwidth: { budget: 4096, refills: 64, periodMicroseconds: 1000 } },
      { bandwidthRefills: 64, bandwidthMicroseconds: 1000 }],
    ["with ways", { ways: [1, 3] }, { clusterWays: 0b1010 }],
    ["with other PPIs", { ppis: [27] }, { ppis: 2 ** 27 }],
    ["without redistributors", { gicr: null }, { gicr: BigInt(aarch64.NO_GICR) }],
    ["with another GICD", { gicd: 0x1000_0000 }, { gicd: 0x1000_0000n }],
  ])("%s", (_, change, wanted) => {
    expect(differing(plc(good), plc(withPlc(change)))).toEqual(wanted);
  });

  test("has its records behind those of the partition before it", () => {
    const records = readBlob(writeBlob(good)).records;
    const counts = (field: string): readonly unknown[] => (records["Partition"] ?? []).map((each) => each[field]);
    for (const kind of ["region", "interrupt", "load", "channel", "quiesce"]) {
      const sizes = counts(`${kind}Count`).map(Number);
      const firsts = sizes.map((_, n) => sizes.slice(0, n).reduce((sum, size) => sum + size, 0));
      expect(counts(`${kind}First`), kind).toEqual(firsts);
    }
    expect(counts("regionCount")).toEqual([5, 4, 3]);
    expect(counts("interruptCount")).toEqual([8, 3, 3]);
    expect(counts("loadCount")).toEqual([3, 1, 3]);
    expect(counts("channelCount")).toEqual([2, 2, 2]);
    expect(counts("quiesceCount")).toEqual([3, 0, 0]);
  });
});

describe("what a partition has", () => {
  /** The first by IPA, of plc: its memory. */
  const region = (of: Plan): BlobRecord => written(of, "Region")[5] ?? {};
  test.each<[Partial<PlannedRegion>, BlobRecord]>([
    [{ kind: "device" }, { kind: table.REGION_DEVICE }],
    [{ kind: "channel" }, { kind: table.REGION_CHANNEL }],
    [{ kind: "mailbox" }, { kind: table.REGION_MAILBOX }],
    [{ kind: "interface" }, { kind: table.REGION_DEVICE }],
    [{ access: "r" }, { access: table.REGION_READ }],
    [{ access: "w" }, { access: table.REGION_WRITE }],
    [{ access: "x" }, { access: table.REGION_EXECUTE }],
    [{ access: "" }, { access: 0 }],
    [{ colours: [0, 5] }, { colours: 0b10_0001 }],
    [{ pa: 0x5000_0000 }, { pa: 0x5000_0000n }],
    [{ size: 0x2000 }, { size: 0x2000n }],
  ])("%o of a region", (change, wanted) => {
    expect(region(good)).toMatchObject({ kind: table.REGION_RAM, ipa: 0x4000_0000n, colours: 0, reserved: 0 });
    expect(differing(region(good), region(withRegion(change)))).toEqual(wanted);
  });

  test("regions stand by their IPAs, wherever the plan has them", () => {
    const [linux, ...others] = good.partitions;
    if (linux === undefined) throw new Error("no linux");
    const turned = { ...good, partitions: [{ ...linux, regions: linux.regions.toReversed() }, ...others] };
    expect(writeBlob(turned)).toEqual(writeBlob(good));
    const ipas = written(good, "Region").slice(0, 5).map(({ ipa }) => Number(ipa));
    expect(ipas).toEqual(ipas.toSorted((one, other) => one - other));
  });

  test("interrupts by level and by edge, loads in whole lines, and from where on they are zeros", () => {
    expect(written(good, "Interrupt").slice(0, 3)).toEqual([
      { line: 34, trigger: table.INTERRUPT_LEVEL }, { line: 39, trigger: table.INTERRUPT_LEVEL },
      { line: 48, trigger: table.INTERRUPT_EDGE },
    ]);
    const load = (size: number, zeros?: number): BlobRecord =>
      written(withPlc({ loads: [{ name: "image", source: 0x10_0000, ipa: 0x4000_0000, size, zeros }] }), "Load")[3] ?? {};
    const common = { source: 0x10_0000n, target: 0x4000_0000n };
    expect(load(64)).toEqual({ ...common, size: 64n, zeros: 64n });
    expect(load(65)).toEqual({ ...common, size: 128n, zeros: 128n });
    expect(load(65, 64)).toEqual({ ...common, size: 128n, zeros: 64n });
  });

  test("ends of channels, with their doorbells", () => {
    expect(written(good, "Channel").slice(2, 4)).toEqual([
      { ipa: 0x5000_0000n, size: 0x1000n, peer: 0, doorbell: 238 },
      { ipa: 0x5000_1000n, size: 0x2000n, peer: 2, doorbell: 236 },
    ]);
  });
});

describe("the board", () => {
  const header = (of: Plan): BlobRecord => readBlob(writeBlob(of)).header;
  const uart = good.uart;
  test.each<[string, Partial<Plan>, BlobRecord]>([
    ["a 16550", { uart: { ...uart, kind: "ns16550" } }, { uartKind: table.UART_NS16550 }],
    ["Cadence's UART", { uart: { ...uart, kind: "cadence" } }, { uartKind: table.UART_CADENCE }],
    ["i.MX's UART", { uart: { ...uart, kind: "imx" } }, { uartKind: table.UART_IMX }],
    ["its registers' places", { uart: { ...uart, shift: 2 } }, { uartShift: 2 }],
    ["their width", { uart: { ...uart, wide: true } }, { uartWide: 1 }],
    ["its divisor", { uart: { ...uart, divisor: 13 } }, { uartDivisor: 13 }],
    ["a watchdog", { watchdog: { kind: "dw", address: 0x0c00_0000, top: 7 } }, { watchdog: 0x0c00_0000n, watchdogTop: 7 }],
    ["i.MX's", { watchdog: { kind: "imx", address: 0x0c00_0000, top: 0 } }, { watchdog: 0x0c00_0000n, watchdogKind: 1 }],
    ["no device tree", { firmwareTree: { ...good.firmwareTree, expected: false } }, { noTree: 1 }],
    ["the housekeeper", { housekeeper: 3 }, { housekeeper: 3 }],
    ["a tick", { tickMicroseconds: 500 }, { tickMicroseconds: 500 }],
    ["telemetry", { telemetryMilliseconds: 250 }, { telemetryMilliseconds: 250 }],
    ["a trial", { healthyMicroseconds: 7, commitMicroseconds: 9 }, { healthyMicroseconds: 7, commitMicroseconds: 9 }],
    ["bits of IPA", { ipaBits: 36 }, { ipaBits: 36 }],
    ["colours, of which nobody has any", { cache: { ...good.cache, colours: 8 } }, {}],
  ])("%s", (_, change, wanted) => {
    const { checksum: _own, ...other } = differing(header(good), header({ ...good, ...change }));
    expect(other).toEqual(wanted);
  });

  test("has colours once a partition has some", () => {
    expect(header(good)["colourCount"]).toBe(0);
    expect(header(withRegion({ colours: [1] }))["colourCount"]).toBe(16);
  });

  test("a GICv2 has CPU interfaces, and a spare pCPU is nobody's", () => {
    const interfaces = { gicc: 0x0801_0000n, gich: 0x0803_0000n, gicv: 0x0804_0000n };
    expect(readBlob(writeBlob(gicv2)).machine).toMatchObject({ ...interfaces, gicVersion: 2 });
    expect(readBlob(writeBlob(good)).machine).toMatchObject({ gicc: 0n, gich: 0n, gicv: 0n, refillEvent: 17, busAccesses: 4 });
    expect(written(gicv2, "Cpu")[2]).toMatchObject({ id: 2n, partition: table.NONE, interface: 2 });
  });

  test("RAM is what firmware leaves of it", () => {
    const reserved = [{ base: 0x5000_0000, size: 0x1000, what: "firmware" }];
    expect(written({ ...good, reserved }, "Ram")).toEqual([
      { base: 0x4000_0000n, size: 0x1000_0000n }, { base: 0x5000_1000n, size: 0x2fff_f000n },
    ]);
  });

  test("registers, and properties of firmware's tree", () => {
    const inits = [{ pa: 0x0d00_0000, mask: 3, value: 1, by: "plc" }];
    const match = { path: "/soc", property: "model", value: "x" };
    const matches = (["is", "has", "absent"] as const).map((how) => ({ ...match, how }));
    const read = readBlob(writeBlob({ ...good, inits, firmwareTree: { expected: true, matches } })).records;
    expect(read["Init"]).toEqual([{ pa: 0x0d00_0000n, mask: 3, value: 1 }]);
    expect(read["Match"]).toEqual([table.MATCH_IS, table.MATCH_HAS, table.MATCH_ABSENT].map((how) =>
      ({ property: 0, value: 1, path: 2, how })));
    expect(read["Text"]).toEqual(["model", "x", "soc", ""].map((text) =>
      ({ bytes: Buffer.from(text.padEnd(8, "\0")).readBigUInt64LE() })));
  });

  test("a new image: for whom, by whom, where, and the key in four words", () => {
    const key = Array.from({ length: 32 }, (_, n) => n.toString(16).padStart(2, "0")).join("");
    const update = { partition: 1, bringer: 0, staging: 0x5000_0000, size: 0x1000, ring: 0x6000_0000, key, version: 7 };
    expect(written({ ...good, update }, "Update")).toEqual([{
      guest: "plc", partition: 1, bringer: 0, load: 3, version: 7, staging: 0x5000_0000n, size: 0x1000n, ring: 0x6000_0000n,
      key0: 0x0706_0504_0302_0100n, key1: 0x0f0e_0d0c_0b0a_0908n, key2: 0x1716_1514_1312_1110n, key3: 0x1f1e_1d1c_1b1a_1918n,
    }]);
    expect(written(good, "Update")).toEqual([]);
  });

  test("the packer's words of the UART: its address; kind, shift, width, divisor", () => {
    const other = { kind: "ns16550", address: 0xfe66_0000, shift: 2, wide: true, divisor: 13 } as const;
    const setup = BigInt(table.UART_NS16550) | 0x2_00n | 0x1_0000n | 13n << 32n;
    expect(uartOf({ ...good, uart: other })).toEqual([0xfe66_0000n, setup]);
  });
});

describe("texts", () => {
  test("of 7 bytes are one word, of 8 two: a NUL is behind each", () => {
    const words = (value: string): number =>
      textsOf([{ path: "/", property: "p", how: "is", value }]).words.length;
    expect([7, 8, 15, 16].map((length) => words("x".repeat(length)))).toEqual([3, 4, 4, 5]);
  });

  test("of more than a word are in order", () => {
    const { words } = textsOf([{ path: "/", property: "abcdefghij", how: "is", value: "" }]);
    const bytes = Buffer.from(new BigUint64Array(words.slice(0, 2)).buffer);
    expect(bytes.toString()).toBe("abcdefghij\0\0\0\0\0\0");
  });

  test("each stands once, and paths are last", () => {
    const { words, places } = textsOf([
      { path: "/a/b", property: "p", how: "is", value: "v" },
      { path: "/a/b", property: "v", how: "is", value: "p" },
      { path: "/", property: "p", how: "absent", value: "" },
    ]);
    expect(places).toEqual([
      { path: 3, property: 0, value: 1 }, { path: 3, property: 1, value: 0 }, { path: 6, property: 0, value: 2 },
    ]);
    const text = (word: bigint): string => String.fromCharCode(Number(word & 0xffn)).replace("\0", "");
    expect(words.map(text)).toEqual(["p", "v", "", "a", "b", "", ""]);
  });
});

describe("the bytes", () => {
  test("are as many as was said beforehand, and begin with AXVB", () => {
    const bytes = writeBlob(good);
    expect(bytes.length).toBe(blobSize(good));
    expect(Buffer.from(bytes.subarray(0, 4)).toString()).toBe("AXVB");
  });

  test("a name may have 15 bytes; what is more is left out, and a NUL ends it", () => {
    const name = (of: string): unknown => plc(withPlc({ name: of }))["name"];
    expect(name("x".repeat(NAME_BYTES_MAX))).toBe("x".repeat(15));
    expect(name("x".repeat(NAME_BYTES_MAX + 1))).toBe("x".repeat(15));
    expect(name("ab\0cd")).toBe("ab");
  });

  test("as long as the core has room for, and not a record more", () => {
    const { isa, header, machine } = readBlob(writeBlob(good));
    const words = (table.BLOB_MAX_BYTES - fixedPart(isa).size) / 8;
    const blob = (count: number) =>
      ({ isa, header, machine, records: { Text: Array.from({ length: count }, () => ({ bytes: 0n })) } });
    expect(readBlob(encodeBlob(blob(words))).records["Text"]).toHaveLength(words);
    expect(() => encodeBlob(blob(words + 1))).toThrow(`${table.BLOB_MAX_BYTES + 8} bytes, and ${table.BLOB_MAX_BYTES} are there`);
  });

  test("an array may end where they do, and begin where the machine ends", () => {
    const { isa, header, machine } = readBlob(writeBlob(good));
    const { size } = fixedPart(isa);
    const read = readBlob(encodeBlob({ isa, header, machine, records: { Text: [{ bytes: 7n }] } }));
    expect(read.header).toMatchObject({ cpuOffset: size, textOffset: size, size: size + 8 });
    expect(read.records).toMatchObject({ Cpu: [], Text: [{ bytes: 7n }] });
  });

  test("fields stand at multiples of their sizes, records at multiples of 8", () => {
    const f = (name: string, type: "u32" | "u64" | "bytes16") => ({ name, type, doc: "" });
    const all = [f("a", "u32"), f("b", "u64"), f("c", "u32"), f("d", "bytes16"), f("e", "u32")];
    const { fields, size } = place({ name: "X", doc: "", most: 1, fields: all });
    expect(fields.map(({ offset }) => offset)).toEqual([0, 8, 16, 24, 40]);
    expect(size).toBe(48);
  });

  test("flags have the ISA's range, others their own", () => {
    for (const isa of ["aarch64", "riscv64"] as const) {
      const partition = layoutOf(isa).records.find(({ name }) => name === "Partition");
      const range = (field: string): unknown => partition?.fields.find(({ name }) => name === field)?.range;
      expect(range("flags")).toMatchObject({ promise: "flags", least: 0 });
      expect(range("onFailure")).toEqual({ promise: "flags", least: abi.ON_FAILURE_STOP, most: abi.ON_FAILURE_INSPECT });
      expect(range("entry")).toBeUndefined();
    }
    expect([isaOf(1), isaOf(2), isaOf(3)]).toEqual(["aarch64", "riscv64", undefined]);
  });

  test("an error says what to do, but where the plan is too large: then it has said it", () => {
    expect(new BlobError("AXV-P073", "8 bytes").message).toBe(
      "the blob was altered after it was written: its checksum is wrong (8 bytes); " +
        "build it again with `axv-part build` [AXV-P073]",
    );
    expect(new BlobError("AXV-P075", "x").message).toMatch(/fewer devices, SPIs or channels \(x\) \[AXV-P075\]$/);
    expect(new BlobError("AXV-P075", "x")).toMatchObject({ name: "BlobError", code: "AXV-P075" });
  });
});

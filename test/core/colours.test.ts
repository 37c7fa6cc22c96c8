// Coloured memory: stage 2 of a coloured region maps exactly the pages of its colours, one behind the other
// (arch/aarch64/stage2.ts, core/colours.ts), and what is loaded, written and cleared there stays in them.
import { describe, expect, test } from "vitest";
import type { PlannedRegion } from "../../partitions/plan/plan.ts";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import { Stage2 } from "../../tools/machine/aarch64/stage2.ts";
import { COLOURS, ENTRY_OFFSET, LINUX, makeSystem, pagesOf, PLC, shared, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec, SystemSpec } from "../../tools/machine/aarch64/system.ts";
import * as abi from "../../core/abi.ts";
import { Bench, value } from "./bench.ts";
import { BlobBench } from "./blobBench.ts";

const PAGE = 4096;
const MIB = 0x10_0000;
const SPAN = 0x6000_0000;

const coloured = (ipa: number, size: number, colours: readonly number[], pa = SPAN): PlannedRegion => ({
  name: "memory",
  ipa,
  pa,
  size,
  kind: "ram",
  access: "rwx",
  colours,
});
const IMAGE = Uint8Array.from({ length: 5 * PAGE + 100 }, (_, n) => (n * 31 + (n >> 8)) & 0xff);

const FIRST: PartitionSpec = {
  ...LINUX,
  regions: [coloured(0x4000_0000, 4 * MIB, [0, 1, 2, 3, 4, 5, 6, 7]), shared(0x7000_0000, 0x5000_0000)],
  quiesce: [],
  image: IMAGE,
};
const SECOND: PartitionSpec = {
  ...PLC,
  regions: [coloured(0x4000_0000, 1 * MIB, [9, 12, 15]), shared(0x5000_0000, 0x5000_0000)],
  image: IMAGE.map((byte) => byte ^ 0xff),
};
const COLOURED: SystemSpec = { ...STANDARD, partitions: [FIRST, SECOND] };

/** Page by page: where each IPA of a region is. */
function pages(bench: Bench, pcpu: number, region: PlannedRegion): number[] {
  const { registers } = bench.machine.pcpu(pcpu);
  const stage2 = new Stage2(registers.VTTBR_EL2, registers.VTCR_EL2, (pa) => bench.machine.memory.read64(pa));
  return Array.from({ length: region.size / PAGE }, (_, n) => {
    const found = stage2.translate(region.ipa + n * PAGE);
    return "pa" in found ? found.pa + (region.ipa + n * PAGE - found.ipa) : -1;
  });
}

const colourOf = (pa: number): number => (pa / PAGE) % COLOURS;
const regionOf = ({ regions }: PartitionSpec): PlannedRegion => regions[0] ?? coloured(0, 0, []);

describe("a coloured region", () => {
  test.each([
    ["one stretch of colours", 0, FIRST],
    ["scattered ones", 3, SECOND],
  ] as const)("of %s: each page has one of its colours, ascending, none twice, none left out", (_, pcpu, spec) => {
    const bench = new Bench(COLOURED);
    const region = regionOf(spec);
    const found = pages(bench, pcpu, region);
    expect(found).toEqual(pagesOf(region).map(({ pa }) => pa));
    expect(new Set(found.map(colourOf))).toEqual(new Set(region.colours));
  });

  test("two with no colour in common share no page, though they lie in the same stretch of memory", () => {
    const bench = new Bench(COLOURED);
    const [first, second] = [pages(bench, 0, regionOf(FIRST)), pages(bench, 3, regionOf(SECOND))];
    expect(first.filter((pa) => second.includes(pa))).toEqual([]);
    expect(Math.max(...second)).toBeLessThan(Math.max(...first));
  });

  test("may end where RAM does: it takes the stretch that its colours take, in whole blocks, and no page behind it", () => {
    const END = 0x8000_0000; // of the standard board's RAM
    const boot = (size: number, colours: readonly number[], pa: number): string => {
      const moved = (spec: PartitionSpec, region: PlannedRegion): PartitionSpec => ({
        ...spec,
        regions: [region, ...spec.regions.slice(1)],
      });
      const [first, second] = [coloured(0x4000_0000, size, colours, pa), coloured(0x4000_0000, 1 * MIB, [9, 12, 15], pa)];
      return new BlobBench({ ...COLOURED, partitions: [moved(FIRST, first), moved(SECOND, second)] }).boot();
    };
    const half = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(boot(4 * MIB, half, END - 8 * MIB)).toBe("runs");
    expect(boot(4 * MIB, half, END - 6 * MIB)).toContain("axv: the blob has overlapping or unaligned memory");
    // 256 pages of three colours are 86 rounds of 16 pages: 5.4 MiB, in whole blocks 6.
    expect(boot(1 * MIB, [0, 1, 2], END - 6 * MIB)).toBe("runs");
    expect(boot(1 * MIB, [0, 1, 2], END - 4 * MIB)).toContain("axv: the blob has overlapping or unaligned memory");
    // 193 pages of two colours are 97 rounds, one more than three blocks have.
    expect(boot(193 * PAGE, [0, 1], END - 8 * MIB)).toBe("runs");
    expect(boot(193 * PAGE, [0, 1], END - 6 * MIB)).toContain("axv: the blob has overlapping or unaligned memory");
  });

  test.each([[0, 1], [1, 0], [14, 15]])("two of one colour each, %i and %i, are apart", (one, other) => {
    const of = (spec: PartitionSpec, colour: number): PartitionSpec => ({
      ...spec, regions: [coloured(0x4000_0000, 1 * MIB, [colour]), ...spec.regions.slice(1)],
    });
    expect(new BlobBench({ ...COLOURED, partitions: [of(FIRST, one), of(SECOND, other)] }).boot()).toBe("runs");
  });

  test("images are loaded into its pages, and again when it starts again", () => {
    const bench = new Bench(COLOURED);
    for (const [pcpu, spec] of [[0, FIRST], [3, SECOND]] as const) {
      const image = spec.image ?? new Uint8Array();
      const where = pages(bench, pcpu, regionOf(spec)).slice(ENTRY_OFFSET / PAGE);
      const loaded = (): Uint8Array =>
        Uint8Array.from({ length: image.length }, (_, n) =>
          Number(bench.machine.memory.read((where[Math.floor(n / PAGE)] ?? 0) + (n % PAGE), 1)),
        );
      expect(loaded()).toEqual(image);
      bench.guest(pcpu).store(0x4000_0000 + ENTRY_OFFSET + 4 * PAGE, 8, 0n);
      expect(loaded()).not.toEqual(image);
      bench.command(pcpu === 0 ? 0 : 1, abi.COMMAND_RESTART);
      expect(loaded()).toEqual(image);
    }
  });

  test("the hypervisor writes to nobody's pages but those of the partition that starts", () => {
    const bench = new Bench(COLOURED);
    const own = new Set(pages(bench, 3, regionOf(SECOND)));
    bench.machine.writes.length = 0;
    bench.command(1, abi.COMMAND_RESTART);
    const outside = bench.machine.writes.filter(({ pa }) => pa >= SPAN).flatMap(({ pa, size }) => [pa, pa + size - 1]);
    expect(outside.length).toBeGreaterThan(0);
    expect(outside.every((pa) => own.has(pa - (pa % PAGE)))).toBe(true);
  });

  test("a guest sees one stretch of memory, and reaches nothing behind it", () => {
    const bench = new Bench(COLOURED);
    const guest = bench.guest(3);
    const { ipa, size } = regionOf(SECOND);
    for (let at = ipa; at < ipa + size; at += PAGE) value(guest.store(at, 8, BigInt(at)));
    for (let at = ipa; at < ipa + size; at += PAGE) expect(value(guest.load(at, 8))).toBe(BigInt(at));
    expect(bench.guest(0).running).toBe(true);
    expect(guest.load(ipa + size, 8).kind).not.toBe("done");
  });

  test("a partition that has one runs, direct too, and can be stopped and started", () => {
    const bench = new Bench({ ...COLOURED, partitions: [FIRST, { ...SECOND, direct: true }] });
    for (const partition of [0, 1]) {
      expect(bench.command(partition, abi.COMMAND_STOP)).toBe(abi.REPLY_OK);
      expect(bench.command(partition, abi.COMMAND_START)).toBe(abi.REPLY_OK);
    }
    expect(bench.guests.map(({ running }) => running)).toEqual([true, false, false, true]);
  });

  test.each([1, 2, 3, 5, 7, 11, 15, 16])("of %i colours maps as many pages as it says", (count) => {
    const region = coloured(
      0x4000_0000,
      2 * MIB,
      Array.from({ length: count }, (_, n) => (n * 5 + 3) % COLOURS).sort((a, b) => a - b),
    );
    const bench = new Bench({ ...STANDARD, partitions: [{ ...PLC, channels: [], regions: [region] }] });
    expect(pages(bench, 3, region)).toEqual(pagesOf(region).map(({ pa }) => pa));
  });

  test("more coloured memory than there are page tables for stops the boot with a message", () => {
    const machine = machineFor(
      makeSystem({
        ...STANDARD,
        partitions: [{ ...PLC, channels: [], regions: [coloured(0x4000_0000, 200 * MIB, [0, 1, 2, 3, 4, 5, 6, 7])] }],
      }),
    );
    machine.boot();
    machine.uart.drain();
    expect(machine.pcpu(0).phase).toBe("halted");
    expect(new TextDecoder().decode(Uint8Array.from(machine.uart.sent))).toContain("more tables");
  });
});

// Who has which device, interrupt and pCPU; and what guests have built in that the board has not: all that is said, in whole.
import { describe, expect, test } from "vitest";
import type { Aarch64Board, Device } from "../../boards/schema.ts";
import { checkUnits } from "../../partitions/check/board-tree.ts";
import { checkCpus, checkHousekeeper } from "../../partitions/check/cpus.ts";
import { checkDevices } from "../../partitions/check/devices.ts";
import { checkGuests } from "../../partitions/check/guests.ts";
import { checkTrust } from "../../partitions/check/trust.ts";
import type { PartitionRequest } from "../../partitions/request.ts";
import { gicv2, profile, qemu, reported, request } from "./reported.ts";

type Fields = PartitionRequest["fields"];

const device = (base: number, size: number, spis: readonly number[], more: Partial<Device> = {}): Device => ({
  dma: false, behind: "none", node: "x", compatible: ["x"], dma_coherent: false, clock_names: [],
  windows: [{ base, size }], spis: spis.map((spi) => ({ spi, trigger: "level" })), ...more,
});
const PAGE = 0x1000;
const board: Aarch64Board = {
  ...qemu,
  name: "mine",
  devices: {
    low: device(0x0b00_0000, 0x800, [60]),
    high: device(0x0b00_0800, 0x800, [61, 62]),
    next: device(0x0b00_1000, PAGE, [62]),
    wide: device(0x0b00_3000, 0x10, [], { windows: [{ base: 0x0b00_3000, size: 0x10 }, { base: 0x0b00_17f0, size: 0x10 }] }),
    dma: device(0x0b01_0000, PAGE, [63], { dma: true }),
    confined: device(0x0b02_0000, PAGE, [64], { dma: true, behind: "smmu" as string as "none" }),
  },
};

describe("devices", () => {
  const said = (...partitions: readonly PartitionRequest[]): string[] =>
    reported((findings) => checkDevices(board, partitions, findings));
  const a = (fields: Fields): PartitionRequest => request("a", fields);
  const b = (fields: Fields): PartitionRequest => request("b", fields);

  test("that are not there, and that two have", () => {
    expect(said(a({ devices: ["low", "lo"] }), b({ devices: ["low"] }), request("c", { devices: ["low"] }))).toEqual([
      'partitions.a.devices.1 AXV-P012 mine has no device "lo" to give away: did you mean "low"?',
      'partitions.b.devices.0 AXV-P021 device "low" already belongs to partition "a": remove it here or there',
      'partitions.c.devices.0 AXV-P021 device "low" already belongs to partition "a": remove it here or there',
    ]);
  });

  test("in one page go together: the page is the first that both have", () => {
    const shared = (device: string, page: string, other: string): string =>
      `device "${device}" shares the 4 KiB page ${page} with "${other}" of partition "a", and a page has one owner: give both ` +
      "to one partition, or use a device of another page";
    expect(said(a({ devices: ["low", "high"] }), b({ devices: ["wide"] }))).toEqual([]);
    expect(said(a({ devices: ["low"] }), b({ devices: ["next"] }))).toEqual([]);
    expect(said(a({ devices: ["low"] }), b({ devices: ["high"] }))).toEqual([
      `partitions.b.devices.0 AXV-P023 ${shared("high", "0x0b000000", "low")}`,
    ]);
    expect(said(a({ devices: ["next"] }), b({ devices: ["wide"] }))).toEqual([
      `partitions.b.devices.0 AXV-P023 ${shared("wide", "0x0b001000", "next")}`,
    ]);
  });

  test("with DMA are where the partition's addresses are physical ones, or of a coloured one elsewhere", () => {
    const needs = (name: string, ipa: string): string =>
      `partitions.a.devices.0 AXV-P040 "${name}" reads and writes memory by itself (DMA), at physical addresses as no SMMU ` +
      `stands behind it, but this partition's memory is at IPA ${ipa}: write \`memory: { size: …, ipa: identity }\`, or give ` +
      "the device to a partition whose memory is at IPA = PA";
    const with_ = (memory: Fields["memory"], name = "confined", more: Fields = {}): string[] =>
      said(a({ devices: [name], ...(memory && { memory }), ...more }));
    const size = 0x20_0000;
    expect(with_({ size, ipa: "identity" })).toEqual([]);
    expect(with_(undefined)).toEqual([]);
    expect(with_({ size, ipa: 0x4000_0000 })).toEqual([needs("confined", "0x40000000")]);
    expect(with_({ size, ipa: 0x4000_0000, at: 0x4000_0000 })).toEqual([]);
    expect(with_({ size, ipa: 0x4000_0000, at: 0x5000_0000 })).toEqual([needs("confined", "0x40000000")]);
    expect(with_({ size, ipa: 0x4000_0000 }, "low")).toEqual([]);
    expect(with_({ size, ipa: 0x4000_0000 }, "confined", { cache: { colours: [0] } })).toEqual([]);
    expect(with_({ size, ipa: 0x4000_0000 }, "confined", { cache: { ways: [0] } })).toEqual([needs("confined", "0x40000000")]);
  });

  test("with DMA that nothing confines are warned of, until that is accepted", () => {
    const warning = 'partitions.a.devices.0 AXV-P069 "dma" reads and writes memory by itself (DMA), and no IOMMU stands behind ' +
      'it: through it "a" reaches all memory of the board, the hypervisor\'s and every partition\'s: write `accepts: [dma]` in ' +
      "the partition if its guest is trusted that far, or remove the device";
    expect(said(a({ devices: ["dma"] }))).toEqual([warning]);
    expect(said(a({ devices: ["dma"], accepts: ["providers"] }))).toEqual([warning]);
    expect(said(a({ devices: ["dma"], accepts: ["dma"] }))).toEqual([]);
    expect(said(a({ devices: ["confined", "low"] }))).toEqual([]);
  });

  const one = "remove it here or there: an interrupt has one owner";
  test("share their interrupts within a partition, and with nobody else", () => {
    expect(said(a({ devices: ["high", "next"] }))).toEqual([]);
    const c = request("c", { spis: [{ spi: 62, trigger: "edge" }] });
    expect(said(a({ devices: ["high"] }), b({ devices: ["next"] }), c)).toEqual([
      `partitions.b.devices.0 AXV-P022 SPI 62 already belongs to "high" of partition "a": ${one}`,
      `partitions.c.spis.0 AXV-P022 SPI 62 already belongs to "high" of partition "a": ${one}`,
    ]);
  });

  const spis = (...numbers: number[]): Fields => ({ spis: numbers.map((spi) => ({ spi, trigger: "level" })) });
  test("and SPIs by their numbers: each has one owner, and what is a timer's number is hardly meant", () => {
    const meant = "if it was meant, remove it: a partition has the timers of its pCPUs without asking";
    expect(said(a(spis(100, 100)), b(spis(101, 100)))).toEqual([
      `partitions.a.spis.1 AXV-P022 SPI 100 already belongs to partition "a": ${one}`,
      `partitions.b.spis.1 AXV-P022 SPI 100 already belongs to partition "a": ${one}`,
    ]);
    expect(said(a(spis(27)), b(spis(27, 28)))).toEqual([
      `partitions.a.spis.0 AXV-P062 this is SPI 27; the virtual timer, INTID 27, is no SPI: each pCPU has its own: ${meant}`,
      'partitions.b.spis.0 AXV-P027 SPI 27 already belongs to partition "a"; and the virtual timer, INTID 27, can be given to ' +
        "nobody: each pCPU has its own: remove it here and there: a partition has the timers of its pCPUs without asking",
    ]);
    const timers = [[0, 26, "hypervisor"], [1, 29, "secure"], [2, 30, "physical"]] as const;
    expect(said(a(spis(26, 29, 30, 31)))).toEqual(timers.map(([n, spi, kind]) =>
      `partitions.a.spis.${n} AXV-P062 this is SPI ${spi}; the ${kind} timer, INTID ${spi}, is no SPI: each pCPU has its own: ` +
      meant));
  });

  test("nor are those of the hypervisor's, of PMUs, spare ones, and none", () => {
    const pmus = { ...board, pmu: { spis: [110, 111, 112, 113] } };
    const of = (spi: number): string[] => reported((findings) => checkDevices(pmus, [a(spis(spi))], findings));
    const choose = "choose an SPI of a device of the board";
    expect(of(1)).toEqual([`partitions.a.spis.0 AXV-P026 SPI 1 is the hypervisor's own UART: ${choose}`]);
    expect([109, 114, 199, 224].map((spi) => of(spi).length)).toEqual([0, 0, 0, 1]);
    for (const [cpu, spi] of [110, 111, 112, 113].entries())
      expect(of(spi)).toEqual([
        `partitions.a.spis.0 AXV-P026 SPI ${spi} is the PMU's of pCPU ${cpu}, which goes to a partition by \`pmu: true\`: ` +
          choose,
      ]);
    for (const spi of [200, 223])
      expect(of(spi)).toEqual([
        `partitions.a.spis.0 AXV-P026 SPI ${spi} is one of the spare SPIs that consoles and channels use: ${choose}`,
      ]);
    expect(of(224)).toEqual([
      "partitions.a.spis.0 AXV-P015 mine has no SPI 224: use 0 to 223, numbered as in device trees (INTID - 32)",
    ]);
  });

  test("of a board that is not known: only what two have", () => {
    const without = (...partitions: readonly PartitionRequest[]): string[] =>
      reported((findings) => checkDevices(undefined, partitions, findings));
    expect(without(a({ devices: ["x", "y"], ...spis(27, 500) }), b({ devices: ["y"], ...spis(500) }))).toEqual([
      'partitions.b.devices.0 AXV-P021 device "y" already belongs to partition "a": remove it here or there',
      `partitions.b.spis.0 AXV-P022 SPI 500 already belongs to partition "a": ${one}`,
    ]);
  });

  test("of a board's own tree that are in a page of the hypervisor's", () => {
    const near = { ...board, devices: { ...board.devices, uart: device(0x0900_0800, 4, []), after: device(0x0900_1000, 4, []) } };
    expect(reported((findings) => checkUnits(near, [a({ devices: ["low", "uart", "after", "none"] })], findings))).toEqual([
      'partitions.a.devices.1 AXV-P173 "uart" is in a 4 KiB page of the UART: leave it out: no partition can have it',
    ]);
  });
});

describe("pCPUs", () => {
  const cpus = (...lists: readonly (readonly number[])[]): PartitionRequest[] =>
    lists.map((list, index) => request("abc"[index] ?? "", { cpus: [...list] }));
  const said = (board: Aarch64Board | undefined, ...lists: readonly (readonly number[])[]): string[] =>
    reported((findings) => checkCpus(board, cpus(...lists), findings));
  const taken = (place: string, cpu: number, owner: string): string =>
    `partitions.${place} AXV-P020 pCPU ${cpu} already belongs to partition "${owner}"; a pCPU runs one vCPU for life, and that ` +
    "one has its timers";

  test("are there, and are one partition's", () => {
    expect(said(qemu, [0, 3], [1])).toEqual([]);
    expect(said(qemu, [4])).toEqual(["partitions.a.cpus.0 AXV-P014 qemu-aarch64 has no pCPU 4: use 0 to 3"]);
    expect(said(qemu, [0, 0], [0])).toEqual([
      `${taken("a.cpus.1", 0, "a")}: use a free one: 1, 2, 3`, `${taken("b.cpus.0", 0, "a")}: use a free one: 1, 2, 3`,
    ]);
    expect(said(qemu, [0, 1], [2, 3, 0])).toEqual([
      `${taken("b.cpus.2", 0, "a")}: remove it here or there: no pCPU of the board is free`,
    ]);
    expect(said(qemu, [0, 1, 4], [2, 4, 1])).toHaveLength(3);
    expect(said(undefined, [0, 9], [9])).toEqual([`${taken("b.cpus.0", 9, "a")}: remove it here or there`]);
  });

  const housekeeping = (...partitions: readonly PartitionRequest[]): string[] =>
    reported((findings) => checkHousekeeper(qemu, partitions, findings));
  const none = (owners: string): string =>
    `AXV-P038 no pCPU is left for the hypervisor's housekeeping: all of them belong to ${owners}, with direct interrupts, a ` +
    "limited bandwidth, or a PMU that would count the hypervisor's work: leave a pCPU of the board to no partition, or write " +
    "`interrupts: injected`, and no `bandwidth` or `pmu`, in one of them";
  const all = [0, 1, 2, 3];
  const bandwidth = { budget: 64, period: 1000 };

  test("keep house: one that nobody has, or a partition's that can", () => {
    expect(housekeeping(request("a", { cpus: [0, 1, 2], interrupts: "direct" }))).toEqual([]);
    expect(housekeeping(request("a", { cpus: all }, { profile: profile("linux") }))).toEqual([]);
    expect(housekeeping(request("a", { cpus: [0, 3] }), request("b", { cpus: [2, 1] }, { profile: profile("plc") }))).toEqual([
      'partitions.a.cpus AXV-P060 the hypervisor\'s housekeeping will run on pCPU 0 of the real-time partition "a": leave a ' +
        "pCPU of the board to no partition",
    ]);
    expect(housekeeping(request("a", { cpus: all, interrupts: "direct", bandwidth }))).toEqual([
      `partitions.a.interrupts (key) ${none('"a"')}`,
    ]);
    const counting = request("b", { cpus: [2, 3], pmu: true });
    expect(housekeeping(request("a", { cpus: [0, 1], pmu: true, bandwidth }), counting)).toEqual([
      `partitions.a.bandwidth (key) ${none('"a", "b"')}`,
    ]);
    expect(housekeeping(request("a", { cpus: all, pmu: true }))).toEqual([`partitions.a.pmu (key) ${none('"a"')}`]);
    expect(housekeeping(request("a", {}), request("b", { cpus: all, pmu: true }))).toEqual([
      `partitions.b.pmu (key) ${none('"b"')}`,
    ]);
  });

  test("nobody is told who will keep house while there are mistakes", () => {
    const said = reported((findings) => {
      findings.report([], { code: "AXV-P000", severity: "error", message: "m", remedy: "r" });
      checkHousekeeper(qemu, [request("a", { cpus: all }, { profile: profile("plc") })], findings);
    });
    expect(said).toEqual([" AXV-P000 m: r"]);
  });
});

describe("trust", () => {
  const said = (board: Aarch64Board, fields: Fields): string[] =>
    reported((findings) => checkTrust(board, [request("a", fields)], findings));
  const direct: Fields = { trust: ["sgi"], interrupts: "direct" };
  const moved = (affinities: string): string =>
    "partitions.a.trust (key) AXV-P068 it would send its SGIs to other pCPUs than it means: it sees its vCPUs as 0x0, 0x1, …, " +
    `and trusted ones name pCPUs by their affinity, here ${affinities}: give it pCPUs with just these affinities, in order, or ` +
    "one pCPU, or remove it";

  test.each<[string, Aarch64Board, Fields, string[]]>([
    ["nobody is trusted", gicv2, { cpus: [1], trust: [], interrupts: "injected" }, []],
    ["with nothing", qemu, { cpus: [1], trust: ["sgi"], interrupts: "injected" }, [
      "partitions.a.trust (key) AXV-P066 only with `interrupts: direct` is a CPU interface the partition's own: otherwise " +
        "there is nothing to trust it with: add `interrupts: direct`, or remove it",
    ]],
    ["one pCPU, whichever", qemu, { ...direct, cpus: [3] }, []],
    ["the first ones, in order", qemu, { ...direct, cpus: [0, 1, 2] }, []],
    ["others", qemu, { ...direct, cpus: [0, 2] }, [moved("0x00000000, 0x00000002")]],
    ["in another order", qemu, { ...direct, cpus: [1, 0] }, [moved("0x00000001, 0x00000000")]],
    ["of which nothing is known", qemu, direct, []],
    ["on a GICv2", gicv2, { ...direct, cpus: [1] }, [
      "partitions.a.trust (key) AXV-P067 qemu-aarch64-gicv2 has a GICv2, where SGIs are sent by a register of the distributor " +
        "(GICD_SGIR), which nobody can be given: remove it: there nothing else of its CPU interface is trapped",
    ]],
  ])("%s", (_, board, fields, expected) => expect(said(board, fields)).toEqual(expected));
});

describe("what guests have built in", () => {
  const old = profile("plc");
  const knowing = (gic: readonly (2 | 3)[], consoleSpi?: number): PartitionRequest["profile"] =>
    ({ ...old, name: "old", gic, machine: { console_spi: consoleSpi } }) as unknown as PartitionRequest["profile"];
  const said = (board: Aarch64Board, ...profiles: readonly PartitionRequest["profile"][]): string[] =>
    reported((findings) =>
      checkGuests(board, profiles.map((each, n) => request("abc"[n] ?? "", {}, { profile: each })), findings));

  test("is another GIC", () => {
    expect(said(qemu, knowing([3]), knowing([2, 3]), undefined)).toEqual([]);
    const suits = "choose a board or a guest that suits the other";
    expect(said(qemu, knowing([2]))).toEqual([
      `partitions.a.guest AXV-P058 guest profile "old" needs a GICv2, and qemu-aarch64 has a GICv3: ${suits}`,
    ]);
    expect(said({ ...gicv2, name: "x" }, knowing([3]))).toEqual([
      `partitions.a.guest AXV-P058 guest profile "old" needs a GICv3, and x has a GICv2: ${suits}`,
    ]);
  });

  test("is the UART's interrupt, of which there is one, or another's", () => {
    const deaf = (place: string, spi: number, why: string): string =>
      `partitions.${place}.guest AXV-P065 what is typed into this console is not heard by interrupt: SPI ${spi}, which "old" ` +
      `guests have built in for their UART, ${why}`;
    expect(said(qemu, knowing([3], 1))).toEqual([]);
    expect(said(qemu, knowing([3]), knowing([3], 1), knowing([3], 1))).toEqual([
      deaf("c", 1, 'rings "b": type into that one only, or use a build with another one'),
    ]);
    expect(said(qemu, knowing([3], 1), knowing([3], 33))).toEqual([
      deaf("b", 33, "is none of the board's for consoles: use a build of it for this board"),
    ]);
  });
});

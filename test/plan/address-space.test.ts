// What a partition sees where, and what is said when two things are at one place or beyond all: at the edges, in whole.
import { describe, expect, test } from "vitest";
import type { Aarch64Board, Device } from "../../boards/schema.ts";
import { checkAddressSpace, guestAddressBits, planAddressSpace } from "../../partitions/plan/address-space.ts";
import type { AddressSpace } from "../../partitions/plan/address-space.ts";
import { checkFits, DEVICE_TREE_MAX } from "../../partitions/plan/boot.ts";
import type { BootLayout } from "../../partitions/plan/boot.ts";
import type { MemoryPlan } from "../../partitions/plan/memory.ts";
import type { PlannedRegion } from "../../partitions/plan/plan.ts";
import type { ChannelRequest, PartitionRequest } from "../../partitions/request.ts";
import { KIB, MIB, PAGE } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";
import { channel, gicv2, profile, qemu, reported, request } from "../partitions/reported.ts";

const RAM = 0x4000_0000;
const memoryOf = (plan: Partial<Record<"partitions" | "channels" | "mailboxes", Record<string, Span>>>): MemoryPlan => ({
  partitions: new Map(Object.entries(plan.partitions ?? {})),
  channels: new Map(Object.entries(plan.channels ?? {})),
  mailboxes: new Map(Object.entries(plan.mailboxes ?? {})),
  staging: undefined,
});
const spanOf = (base: number, size = PAGE): Span => ({ base, size });

describe("a partition's address space", () => {
  const plc = profile("plc");
  const place = plc.channels?.ipa ?? 0;
  const of = (
    partition: PartitionRequest, memory: MemoryPlan, channels: readonly ChannelRequest[] = [], board: Aarch64Board = qemu,
  ): string[] =>
    planAddressSpace(board, memory, partition, channels).regions.map(({ name, ipa, pa, size, kind, access, colours }) =>
      [name, ipa.toString(16), pa.toString(16), size.toString(16), kind, access, ...(colours ?? [])].join(" "));
  const between = (name: string, ...ends: [string, string]): ChannelRequest => channel(name, { between: ends, size: PAGE });
  const [b, c] = [between("b", "a", "x"), between("c", "x", "a")];
  const spans = { channels: { b: spanOf(0x7000_0000, 2 * PAGE), c: spanOf(0x7100_0000), other: spanOf(0x7200_0000) } };
  const box = { mailboxes: { a: spanOf(0x7300_0000) } };

  test("has memory at its PA, or where it was asked for, with its colours; none where that is not known", () => {
    const partitions = { a: spanOf(0x6000_0000, 16 * MIB) };
    const memory = { size: 2 * MIB };
    expect(of(request("a", { memory: { ...memory, ipa: "identity" } }), memoryOf({ partitions }))).toEqual([
      "memory 60000000 60000000 200000 ram rwx",
    ]);
    const coloured = request("a", { memory: { ...memory, ipa: RAM }, cache: { colours: [1, 3, 16] } });
    expect(of(coloured, memoryOf({ partitions }))).toEqual([
      "memory 40000000 60000000 200000 ram rwx 1 3",
    ]);
    expect(of(request("a", { memory: { ...memory, ipa: RAM } }), memoryOf({}))).toEqual([]);
    expect(of(request("a", {}), memoryOf({ partitions }))).toEqual([]);
    expect(of(request("a", { memory }), memoryOf({ partitions }))).toEqual([]);
  });

  test("has channels one behind another from where they are built in, the mailbox behind them; else all at their PAs", () => {
    const memory = memoryOf({ ...spans, ...box });
    const at = (ipa: number): string => ipa.toString(16);
    expect(of(request("a", {}, { profile: plc }), memory, [b, c, between("d", "a", "x"), between("other", "x", "y")])).toEqual([
      `b ${at(place)} 70000000 2000 channel rw`, `c ${at(place + 2 * PAGE)} 71000000 1000 channel rw`,
      `mailbox ${at(place + 3 * PAGE)} 73000000 1000 mailbox rw`,
    ]);
    expect(of(request("a", {}, { profile: plc }), memoryOf(box))).toEqual([`mailbox ${at(place)} 73000000 1000 mailbox rw`]);
    const linux = request("a", {}, { profile: profile("linux") });
    expect(of(linux, memory, [b, c])).toEqual([
      "b 70000000 70000000 2000 channel rw", "c 71000000 71000000 1000 channel rw", "mailbox 73000000 73000000 1000 mailbox rw",
    ]);
    expect(of(request("a", { mailbox: { ipa: 0x1000 } }, { profile: plc }), memory, [b])).toContain(
      "mailbox 1000 73000000 1000 mailbox rw",
    );
  });

  test("has devices at their PAs, in order, those that share or adjoin pages as one", () => {
    const device = (...windows: readonly (readonly [number, number])[]): Device => ({
      dma: false, behind: "none", node: "x", compatible: ["x"], dma_coherent: false, clock_names: [], spis: [],
      windows: windows.map(([base, size]) => ({ base, size })) as [Span, ...Span[]],
    });
    const board = { ...qemu, devices: {
      last: device([0xb00_8000, PAGE]), one: device([0xb00_0000, 0x2000], [0xb00_0800, 4]), two: device([0xb00_1000, 4]),
      apart: device([0xb00_4000, PAGE], [0xb00_6000, PAGE]),
    } };
    expect(of(request("a", { devices: ["last", "one", "none", "two", "apart"] }), memoryOf({}), [], board)).toEqual([
      "one, two b000000 b000000 2000 device rw", "apart b004000 b004000 1000 device rw", "apart b006000 b006000 1000 device rw",
      "last b008000 b008000 1000 device rw",
    ]);
    const touching = { ...board, devices: { ...board.devices, one: device([0xb00_2000, PAGE]) } };
    expect(of(request("a", { devices: ["one", "two"] }), memoryOf({}), [], touching)).toEqual([
      "two, one b001000 b001000 2000 device rw",
    ]);
  });

  test("has of a GICv2 the interface that is its own", () => {
    expect(of(request("a", {}), memoryOf({}), [], gicv2)).toEqual(["GICC 8010000 8040000 2000 interface rw"]);
    expect(of(request("a", { interrupts: "direct" }), memoryOf({}), [], gicv2)).toEqual(["GICC 8010000 8010000 1000 interface " +
      "rw"]);
  });

  test("has an emulated GIC and UART where its guest has them built in, or the board has its own", () => {
    const windows = (board: Aarch64Board, partition: PartitionRequest): unknown => {
      const { windows: gic, console } = planAddressSpace(board, memoryOf({}), partition, []);
      return { ...gic, console };
    };
    const own = request("a", {}, { profile: { ...plc, machine: undefined } as typeof plc });
    expect(windows(qemu, own)).toEqual({ gicd: 0x800_0000, gicr: 0x80a_0000, console: 0x900_0000 });
    expect(windows(gicv2, own)).toEqual({ gicd: 0x800_0000, gicr: null, console: 0x900_0000 });
    const machine = { gicd: 0x1000, gicr: 0x2000, gicc: 0x3000, console: 0x4000, console_spi: 1 };
    const built = request("a", {}, { profile: { ...plc, machine } as typeof plc });
    expect(windows(qemu, built)).toEqual({ gicd: 0x1000, gicr: 0x2000, console: 0x4000 });
    expect(of(built, memoryOf({}), [], gicv2)).toEqual(["GICC 3000 8040000 2000 interface rw"]);
  });

  test("has as many bits as the pCPUs have, and at most what stage 2 is built for", () => {
    expect([32, 40, 48].map((pa_bits) => guestAddressBits({ ...qemu, cpus: { ...qemu.cpus, pa_bits } }))).toEqual([32, 40, 40]);
  });
});

describe("two things at one place", () => {
  const region = (name: string, kind: PlannedRegion["kind"], ipa: number, size = PAGE): PlannedRegion =>
    ({ name, ipa, pa: ipa, size, kind, access: "rw" });
  const WINDOWS = { windows: { gicd: 0x800_0000, gicr: 0x80a_0000 }, console: 0x900_0000 };
  const said = (
    regions: readonly PlannedRegion[], fields: PartitionRequest["fields"] = { cpus: [0] }, more: Partial<AddressSpace> = {},
    board: Aarch64Board = qemu,
  ): string[] =>
    reported((findings) => checkAddressSpace(board, request("a", fields), { regions, ...WINDOWS, ...more }, findings));
  const over = (key: string, one: string, other: string, remedy = "choose another `ipa`, or less memory"): string =>
    `partitions.a.${key}.ipa AXV-P025 in the partition's own address space (IPA), ${one} overlaps ${other}: ${remedy}`;
  const memory = region("memory", "ram", RAM, 4 * PAGE);

  test("what touches is apart", () => {
    expect(said([memory, region("c", "channel", RAM + 4 * PAGE), region("d", "device", RAM - PAGE)])).toEqual([]);
    expect(said([region("d", "device", 0x801_0000), region("e", "device", 0x80c_0000), region("f", "device", 0x900_1000)]))
      .toEqual([]);
  });

  test("regions with each other, each called by its kind", () => {
    const at = "0x40000000…0x40001000";
    expect(said([memory, region("c", "channel", RAM), region("d", "device", RAM + PAGE)])).toEqual([
      over("memory", "the memory at 0x40000000…0x40004000", `channel "c" at ${at}`),
      over("memory", "the memory at 0x40000000…0x40004000", 'device "d" at 0x40001000…0x40002000'),
    ]);
    expect(said([region("GICC", "interface", RAM), region("d", "device", RAM)])).toEqual([
      over("memory", `the CPU interface at ${at}`, `device "d" at ${at}`),
    ]);
  });

  test("a mailbox: where one has put it, or with a place where it could be", () => {
    const box = region("mailbox", "mailbox", RAM + PAGE);
    const own = { cpus: [0], mailbox: { ipa: RAM + PAGE } } satisfies PartitionRequest["fields"];
    const theirs = "0x40001000…0x40002000";
    expect(said([memory, box], own)).toEqual([
      over("mailbox", "the memory at 0x40000000…0x40004000", `the mailbox at ${theirs}`),
    ]);
    const free = (place: string): string =>
      `write \`mailbox: { ipa: ${place} }\`, or another place that the guest has mapped, or less memory`;
    expect(said([memory, box])).toEqual([
      over("memory", "the memory at 0x40000000…0x40004000", `the default place of the mailbox at ${theirs}`, free("0x40004000")),
    ]);
    // Not where something else is, nor where it has not as much room.
    const more = [memory, { ...box, size: 2 * PAGE }, region("c", "channel", RAM + 5 * PAGE)];
    expect(said(more)[0]).toContain(free("0x40006000"));
    expect(said([memory, region("mailbox", "mailbox", 0x800_f000), region("c", "channel", 0x801_0000)])).toEqual([
      over("memory", "the default place of the mailbox at 0x0800f000…0x08010000", "the emulated GICD at 0x08000000…0x08010000",
        free("0x08011000")),
    ]);
    const top = 2 ** 40;
    const full = [region("memory", "ram", top - 2 * PAGE, 2 * PAGE), region("mailbox", "mailbox", top - PAGE)];
    expect(said(full)).toEqual([
      over("memory", "the memory at 0xffffffe000…0x10000000000", "the default place of the mailbox at " +
        "0xfffffff000…0x10000000000"),
    ]);
    // Of two other things it says nothing.
    expect(said([memory, region("c", "channel", RAM), region("mailbox", "mailbox", 0x7000_0000)], own)).toEqual([
      over("memory", "the memory at 0x40000000…0x40004000", 'channel "c" at 0x40000000…0x40001000'),
    ]);
    expect(said([region("mailbox", "mailbox", top)], { ...own, mailbox: { ipa: top } })).toEqual([
      "partitions.a.mailbox.ipa AXV-P039 the mailbox at 0x10000000000…0x10000001000 (IPA) is not all below 0x10000000000: the " +
        "pCPUs of qemu-aarch64 have guest addresses of 40 bits: place it lower: it may end at 0x10000000000",
    ]);
  });

  test("what is emulated: with regions, and with each other", () => {
    const d = (ipa: number): PlannedRegion => region("d", "device", ipa);
    const two = { cpus: [0, 1] };
    expect(said([d(0x80c_0000)], two)).toEqual([
      over("memory", 'device "d" at 0x080c0000…0x080c1000', "the emulated GICR at 0x080a0000…0x080e0000"),
    ]);
    expect(said([d(0x80e_0000)], two)).toEqual([]);
    expect(said([d(0x900_0000), d(0x900_1000)], { ...two, telemetry: true })).toEqual([
      over("memory", 'device "d" at 0x09000000…0x09001000', "the emulated PL011 at 0x09000000…0x09001000"),
      over("memory", 'device "d" at 0x09001000…0x09002000', "the emulated PL011 for telemetry at 0x09001000…0x09002000"),
    ]);
    expect(said([d(0x900_1000)], { ...two, telemetry: false })).toEqual([]);
    const built = "correct `machine` in its profile, or give it fewer pCPUs";
    expect(said([], two, { console: 0x800_0000 })).toEqual([
      "partitions.a.guest AXV-P097 the emulated GICD at 0x08000000…0x08010000 overlaps the emulated PL011 at " +
        `0x08000000…0x08001000 in the address space of this guest, which has them built in: ${built}`,
    ]);
    expect(said([d(0x800_1000)], two, { windows: { gicd: 0x800_0000, gicr: null } })).toEqual([]);
    expect(said([d(0x800_0000)], {}, { windows: { gicd: 0x800_0000, gicr: null } })).toHaveLength(1);
  });

  test("beyond the pCPUs' addresses", () => {
    const small = { ...qemu, name: "small", cpus: { ...qemu.cpus, pa_bits: 32 } };
    const top = 2 ** 32;
    expect(said([region("memory", "ram", top - PAGE)], {}, {}, small)).toEqual([]);
    const beyond = (what: string): string =>
      `partitions.a.memory.ipa AXV-P039 ${what} (IPA) is not all below 0x100000000: the pCPUs of small have guest addresses of ` +
      "32 bits: place it lower: it may end at 0x100000000";
    expect(said([region("memory", "ram", top - PAGE, 2 * PAGE)], {}, {}, small)).toEqual([
      beyond("the memory at 0xfffff000…0x100001000"),
    ]);
    expect(said([], {}, { console: top - PAGE }, small)).toEqual([]);
    expect(said([], {}, { console: top }, small)).toEqual([beyond("the emulated PL011 at 0x100000000…0x100001000")]);
  });
});

test("what is loaded fits the memory, or is told where the image, else the memory, else the guest was named", () => {
  const layout = (needed: number, deviceTree?: BootLayout["deviceTree"]): BootLayout =>
    ({ image: [], entry: 0, initrd: undefined, deviceTree, needed });
  const said = (fields: PartitionRequest["fields"], boot: BootLayout): string[] =>
    reported((findings) => checkFits(request("a", fields), boot, 4 * MIB, findings));
  const memory = { size: 4 * MIB };
  expect(said({}, layout(4 * MIB))).toEqual([]);
  const wrong = (key: string, what: string, needed: string): string[] => [
    `partitions.a.${key} AXV-P033 ${what} needs ${needed} of memory, and the partition has 4M: give the partition more ` +
      "`memory`",
  ];
  expect(said({}, layout(4 * MIB + 1))).toEqual(wrong("guest", "the image", "4097K"));
  expect(said({ memory }, layout(4 * MIB + KIB))).toEqual(wrong("memory", "the image", "4097K"));
  expect(said({ memory, image: "x" }, layout(5 * MIB, { offset: 4 * MIB }))).toEqual(
    wrong("image", "the image with its initrd and device tree", "5M"),
  );
  expect(DEVICE_TREE_MAX).toBe(0x1_0000);
});

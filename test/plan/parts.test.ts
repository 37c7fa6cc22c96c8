// Small decisions of the planner, one by one: interrupts, exits, tags, caches, and what of each ISA a machine has.
import { describe, expect, test } from "vitest";
import { MAILBOX_TAG_IMAGE } from "../../core/abi.ts";
import type { Aarch64Board, Riscv64Board } from "../../boards/schema.ts";
import { planMachine, planPrivate, planCpu } from "../../partitions/plan/aarch64/machine.ts";
import { planBandwidth, refillsOf } from "../../partitions/plan/bandwidth.ts";
import { cacheBytes, colourOf, ownColours, sharedCache, spreadOf } from "../../partitions/plan/cache.ts";
import { planExits } from "../../partitions/plan/exits.ts";
import { chooseHousekeeper } from "../../partitions/plan/housekeeper.ts";
import { placeInImage } from "../../partitions/plan/image.ts";
import { assignSpares, heirOfUart, planDevices, planInterrupts } from "../../partitions/plan/interrupts.ts";
import { planMatch } from "../../partitions/plan/match.ts";
import type { PlannedRegion } from "../../partitions/plan/plan.ts";
import { planConsole, planInterface, planWindows, windowsOf } from "../../partitions/plan/riscv64/windows.ts";
import { bytesBehindMailbox, partitionsWithCopy, planTagImage, tagChannelOf } from "../../partitions/plan/tag-images.ts";
import { collisions } from "../../partitions/plan/violation.ts";
import type { PartitionRequest } from "../../partitions/request.ts";
import { boards } from "../../partitions/shelf.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { PAGE } from "../../partitions/units.ts";
import type { Riscv64Profile } from "../../rtos-guests/profiles/schema.ts";
import { riscv64Board } from "../riscv64.ts";
import { channel, gicv2, profile, qemu, request } from "../partitions/reported.ts";
import { here, plan, sound } from "../partitions/systems.ts";

const MIB = 0x10_0000;
const riscv = (): Riscv64Board =>
  riscv64Board(boards().get("qemu-riscv64", new Findings({ file: "", locate: () => ({ line: 1, column: 1 }) })));

describe("interrupts", () => {
  test("of devices are the board's; a device that it has not has none", () => {
    expect(planDevices(qemu, request("a", { devices: ["none", "virtio0", "rtc"] }))).toEqual([
      {
        name: "virtio0", windows: [{ base: 0xa00_0000, size: 0x200 }], interrupts: [{ intid: 48, trigger: "edge" }],
        node: "virtio_mmio", compatible: ["virtio,mmio"], dmaCoherent: true, reachesAllMemory: true, clockNames: [],
        quiesce: { pa: 0xa00_0070, value: 0 },
      },
      {
        name: "rtc", windows: [{ base: 0x901_0000, size: PAGE }], interrupts: [{ intid: 34, trigger: "level" }], node: "pl031",
        compatible: ["arm,pl031", "arm,primecell"], dmaCoherent: false, reachesAllMemory: false, clockNames: ["apb_pclk"],
      },
    ]);
    expect(planDevices(qemu, request("a", {}))).toEqual([]);
  });

  test("that are spare go to consoles, then to both ends of each channel; the UART's to the first that has it built in", () => {
    const built = { ...profile("plc"), machine: { console_spi: 1 } } as PartitionRequest["profile"];
    const partitions = [request("a", {}), request("b", {}, { profile: built }), request("c", {}, { profile: built })];
    const channels = [channel("x", { between: ["a", "b"] }), channel("y", {}), channel("z", { between: ["b", "c"] })];
    expect(heirOfUart(qemu, partitions)?.name).toBe("b");
    const spares = assignSpares(qemu, partitions, channels);
    expect(["a", "b", "c"].map(spares.console)).toEqual([232, 33, 233]);
    expect([["x", "a"], ["x", "b"], ["z", "b"], ["z", "c"]].map(([of = "", to = ""]) => spares.doorbell(of, to))).toEqual(
      [234, 235, 236, 237],
    );
    const nobody = "an interrupt was asked for that nobody has been given";
    expect(() => spares.console("d")).toThrow(nobody);
    expect(() => spares.doorbell("y", "a")).toThrow(nobody);
  });

  test("of a partition are each there once, in order", () => {
    const partition = request("a", { cpus: [2, 0], pmu: true, devices: ["rtc"], spis: [{ spi: 90, trigger: "edge" }] });
    const channels = [channel("x", { between: ["a", "b"] })];
    const pmus: Aarch64Board = { ...qemu, pmu: { spis: [10, 11, 12, 13] } };
    const spares = assignSpares(pmus, [partition], channels);
    const devices = planDevices(pmus, partition);
    const of = (board: Aarch64Board, asked: PartitionRequest): string[] =>
      planInterrupts(board, asked, [...devices, ...devices], channels, spares).map(({ intid, trigger, use }) =>
        `${intid} ${trigger} ${use}`);
    const common = ["122 edge spis", "232 edge console", "233 edge doorbell of x"];
    expect(of(pmus, partition)).toEqual(["34 level rtc", "42 level PMU", "44 level PMU", ...common]);
    expect(of(qemu, partition)).toEqual(["34 level rtc", ...common]);
    expect(of(pmus, { ...partition, fields: { ...partition.fields, pmu: false, spis: [] } })).toEqual(
      ["34 level rtc", ...common.slice(1)],
    );
  });
});

describe("exits", () => {
  const exits = (known: unknown, fields: PartitionRequest["fields"] = {}, board: Aarch64Board | Riscv64Board = qemu): unknown => {
    const guest = { ...profile("plc"), exits: known } as unknown as PartitionRequest["profile"];
    return planExits(board, request("a", fields, { profile: guest }));
  };
  const all = { pmr: "it masks", sgi: "to wake", other: "more", sbi: "timer" };

  test("of which nothing is known, or none, or what is trapped", () => {
    expect(exits(undefined)).toEqual(["every interrupt"]);
    expect(exits(undefined, { interrupts: "direct" })).toBeNull();
    expect(exits({})).toEqual(["every interrupt"]);
    expect(exits(all)).toEqual(["every interrupt", "SGIs (to wake)", "more"]);
    const direct = { interrupts: "direct" } as const;
    expect(exits({}, direct)).toEqual([]);
    expect(exits(all, direct)).toEqual(["writes of ICC_PMR_EL1 (it masks)", "SGIs (to wake)", "more"]);
    expect(exits(all, { ...direct, trust: ["sgi"] })).toEqual(["more"]);
    expect(exits(all, direct, gicv2)).toEqual(["SGIs (to wake)", "more"]);
    expect(exits(all, direct, riscv())).toEqual(["SBI calls (timer)", "more"]);
    expect(exits({ other: "more" }, {}, riscv())).toEqual(["every interrupt", "more"]);
  });
});

describe("tag images", () => {
  const tagged = (name: string, count: number): PartitionRequest => {
    const tags = Array.from({ length: count }, (_, n) => ({ name: `T${n}`, type: "f64[1024]", access: "ro" as const }));
    return request(name, { tags } as PartitionRequest["fields"]);
  };
  const [a, none] = [tagged("a", 1), request("b", {})];
  const carrier = channel("t", { between: ["a", "b"], carries: "tags" });
  const plain = channel("p", { between: ["a", "b"] });
  const foreign = channel("f", { between: ["x", "y"], carries: "tags" });

  test("go through the channel that carries them, or behind the mailbox", () => {
    expect([tagChannelOf(a, [plain, foreign, carrier])?.name, tagChannelOf(a, [plain, foreign])]).toEqual(["t", undefined]);
    expect([bytesBehindMailbox(a, [carrier]), bytesBehindMailbox(none, []), bytesBehindMailbox(a, [plain])]).toEqual(
      [0, 0, 3 * PAGE],
    );
    const region = (name: string, kind: PlannedRegion["kind"], ipa: number): PlannedRegion =>
      ({ name, kind, ipa, pa: 0, size: PAGE, access: "rw" });
    const regions = [
      region("t", "device", 1), region("p", "channel", 2), region("t", "channel", 3), region("mailbox", "mailbox", 4),
    ];
    const image = (partition: PartitionRequest, channels = [plain], given = regions): unknown =>
      planTagImage(partition, { partitions: [a, none], channels }, given);
    expect(image(a, [carrier])).toMatchObject({ ipa: 3, overLink: true });
    expect(image(a)).toMatchObject({ ipa: 4 + MAILBOX_TAG_IMAGE });
    expect([image(none), image(a, [plain], []), image(a, [carrier], regions.slice(0, 2))]).toEqual([null, null, null]);
  });

  test("are sent as far as there is room, in the order of the file", () => {
    expect([...partitionsWithCopy([tagged("a", 3), none, tagged("c", 4), tagged("d", 2), tagged("e", 1)])]).toEqual(["a", "d"]);
    expect([...partitionsWithCopy([tagged("c", 6), tagged("d", 5)])]).toEqual(["d"]);
  });
});

describe("the cache", () => {
  const level = (n: number, sets: number) => ({ level: n, kind: "unified" as const, sets, ways: 8, line: 64 as const });
  const cached = (...caches: ReturnType<typeof level>[]): Aarch64Board => ({ ...qemu, cpus: { ...qemu.cpus, caches } });

  test("that all share is the last one", () => {
    const shared = { level: 3, sets: 1024, ways: 8, line: 64, colours: 16, wayGroups: 0 };
    expect(sharedCache(cached(level(1, 64), level(3, 1024), level(2, 512)))).toEqual(shared);
    expect(sharedCache({ ...cached(level(3, 1024), level(3, 64)), cluster: { kind: "dsu", way_groups: 4 } })).toEqual(
      { ...shared, wayGroups: 4 },
    );
    expect(sharedCache({ ...qemu, cpus: { ...qemu.cpus, caches: { none: "why" } } })).toEqual(
      { level: 0, sets: 0, ways: 0, line: 0, colours: 1, wayGroups: 0, unknown: "why" },
    );
    expect(cacheBytes(sharedCache(cached(level(3, 1024))))).toBe(512 * 1024);
  });

  test("has pages of colours, in turn; memory of some is spread over whole blocks of 2 MiB", () => {
    const cache = sharedCache(cached(level(3, 1024)));
    expect([0, PAGE, 15 * PAGE, 16 * PAGE].map((pa) => colourOf(cache, pa))).toEqual([0, 1, 15, 0]);
    expect(spreadOf(cache, 2 * MIB, [0])).toBe(32 * MIB);
    expect(spreadOf(cache, 2 * MIB, [0, 1, 2])).toBe(12 * MIB);
    expect(spreadOf(cache, PAGE, [0])).toBe(2 * MIB);
    const own = (...colours: number[]): unknown => ownColours(cache, request("a", { cache: { colours } }));
    expect([own(3, 15, 16), own(16), ownColours(cache, request("a", {}))]).toEqual([[3, 15], undefined, undefined]);
  });

  test("is refilled by whole lines, of each vCPU as many", () => {
    const cache = sharedCache(qemu);
    expect([refillsOf(cache, 1000, 1), refillsOf(cache, 1000, 2), refillsOf(cache, 128, 2), refillsOf(cache, 127, 2)]).toEqual(
      [15, 7, 1, 0],
    );
    const bandwidth = { budget: 1000, period: 50 };
    expect(planBandwidth(cache, request("a", { bandwidth, cpus: [1, 2] }))).toEqual(
      { budget: 1000, refills: 7, periodMicroseconds: 50 },
    );
    expect([planBandwidth(cache, request("a", { bandwidth })), planBandwidth(cache, request("a", { cpus: [0] }))])
      .toEqual([null, null]);
  });
});

describe("the machine", () => {
  test("of AArch64: INTIDs, and what a refill is worth", () => {
    expect(planMachine(qemu, 64)).toEqual({
      gic: { gicd: 0x800_0000, version: 3, cpuInterface: null, spiLimit: 256, maintenance: 25 }, counterHz: 62_500_000,
      timers: { hypervisor: 26, virtual: 27, physical: 30 }, pmu: { refillEvent: 0x11, busAccesses: 4, countsEl2: true },
    });
    const { counter_hz: _hz, ...silent } = qemu;
    const newer = { ...silent, cpus: { ...qemu.cpus, bus_bytes: undefined, pmu_version: 6 } } as Aarch64Board;
    expect(planMachine(newer, 64)).toMatchObject({ counterHz: null, pmu: { busAccesses: 0, countsEl2: false } });
    expect(planMachine({ ...newer, cpus: { ...newer.cpus, pmu_version: 5 } }, 64).pmu.countsEl2).toBe(true);
    expect(planMachine(gicv2, 64).gic.cpuInterface).toEqual({ gicc: 0x801_0000, gich: 0x803_0000, gicv: 0x804_0000 });
    expect([1, 3].map((cpu) => planCpu(qemu, cpu))).toEqual([
      { mpidr: 1, gicr: 0x80c_0000, interface: 0, pmuInterrupt: 23 },
      { mpidr: 3, gicr: 0x810_0000, interface: 0, pmuInterrupt: 23 },
    ]);
    expect(planCpu({ ...gicv2, pmu: { spis: [8, 9, 10, 11] } }, 2))
      .toEqual({ mpidr: 2, gicr: 0, interface: 2, pmuInterrupt: 42 });
    expect(planCpu({ ...qemu, pmu: undefined }, 2).pmuInterrupt).toBe(0);
    expect([planPrivate(qemu, true), planPrivate(qemu, false), planPrivate({ ...qemu, pmu: { spis: [1] } }, true)]).toEqual(
      [{ ppis: [23, 27, 30] }, { ppis: [27, 30] }, { ppis: [27, 30] }],
    );
  });

  test("of RISC-V: a PLIC or an APLIC, files one behind another, a console where two pages are free", () => {
    const board = riscv();
    const machine = { plic: 0xc00_0000, console: 0x2000_0000, console_source: 3 };
    const guest = { ...profile("plc", "riscv64"), machine } as Riscv64Profile;
    expect([planWindows(board, undefined, true), planWindows(board, undefined, false), planWindows(board, guest, false)]).toEqual(
      [{ aplic: 0xd00_0000, plic: 0 }, { aplic: 0, plic: 0xd00_0000 }, { aplic: 0, plic: 0xc00_0000 }],
    );
    expect(windowsOf({ aplic: 1, plic: 2 })).toEqual([
      { what: "the emulated APLIC", base: 1, size: 0x4000 }, { what: "the emulated PLIC", base: 2, size: 0x21_0000 },
    ]);
    expect(windowsOf({ aplic: 0, plic: 0 })).toEqual([]);
    const harts = { ...board, cpus: { ...board.cpus, harts: [4, 5, 6, 7] } };
    expect(planInterface(harts, undefined, true, [2, 0]).map(({ name, ipa, pa, size, kind, access }) =>
      [name, ipa.toString(16), pa.toString(16), size, kind, access].join(" "))).toEqual([
      "IMSIC of vCPU 0 28000000 2800d000 4096 interface rw", "IMSIC of vCPU 1 28001000 28009000 4096 interface rw",
    ]);
    expect(planInterface(harts, undefined, false, [2, 0])).toEqual([]);
    const uart = { ...board, uart: { ...board.uart, reg: 0x1000_0100 } };
    expect([planConsole(uart, undefined, false), planConsole(uart, guest, false)]).toEqual([0x1000_0000, 0x2000_0000]);
    // virtio is at 0x10001000 to 0x10008fff.
    expect([planConsole(uart, undefined, true), planConsole(uart, guest, true)]).toEqual([0x1000_9000, 0x2000_0000]);
  });

  test("properties that are compared: what one is, has, or is not there", () => {
    const match = { path: "/", property: "p" };
    expect([{ ...match, is: "x" }, { ...match, has: "y" }, { ...match, absent: true as const }].map(planMatch)).toEqual([
      { ...match, how: "is", value: "x" }, { ...match, how: "has", value: "y" }, { ...match, how: "absent", value: "" },
    ]);
  });
});

test("a housekeeper is on a spare pCPU, else on one that is not real-time, else on any that can, else nowhere", () => {
  const [linux, plc] = [profile("linux"), profile("plc")];
  const chosen = (...partitions: PartitionRequest[]): unknown => {
    const found = chooseHousekeeper(qemu, partitions);
    return found && [found.cpu, found.realtimeOwner?.name];
  };
  const [early, late] = [{ cpus: [0, 1] }, { cpus: [3, 2] }];
  expect(chosen(request("a", early, { profile: plc }))).toEqual([2, undefined]);
  expect(chosen(request("a", early, { profile: plc }), request("b", late, { profile: linux }))).toEqual([3, undefined]);
  expect(chosen(request("a", early, { profile: plc }), request("b", late, { profile: plc }))).toEqual([0, "a"]);
  expect(chosen(request("a", { ...early, pmu: true }, { profile: linux }), request("b", late, { profile: plc })))
    .toEqual([3, "b"]);
  expect(chosen(request("a", { ...early, pmu: true }), request("b", { ...late, interrupts: "direct" }))).toBeUndefined();
  const free = { ...qemu, cpus: { ...qemu.cpus, pmu_version: 6 } };
  expect(chooseHousekeeper(free, [request("a", { cpus: [0, 1, 2, 3], pmu: true })])?.cpu).toBe(0);
});

test("loads are placed in the image one after another; it is in whole pages", () => {
  const { plan: planned } = sound(plan(here("golden/system.yaml")));
  const count = planned.partitions.flatMap(({ loads }) => loads).length;
  const offsets = Array.from({ length: count - 1 }, (_, n) => 0x1000 * (n + 1));
  const placed = placeInImage(planned, { blobOffset: 0x800, loadOffsets: offsets, total: 0x10_0001 }, 0x40);
  expect(placed.image).toEqual({ base: planned.image.base, size: 0x10_1000, loadsFrom: 0x840 });
  expect(placed.partitions.flatMap(({ loads }) => loads.map(({ source }) => source))).toEqual([...offsets, 0]);
});

test("claims that touch are apart; each that reaches into the next one is told, where that begins", () => {
  const claim = (from: number, to: number, by: string) => ({ from, to, by });
  expect(collisions([])).toEqual([]);
  expect(collisions([claim(8, 16, "b"), claim(0, 8, "a")])).toEqual([]);
  expect(collisions([claim(8, 20, "b"), claim(0, 9, "a"), claim(16, 17, "c")])).toEqual([
    "a and b both have 0x8", "b and c both have 0x10",
  ]);
});

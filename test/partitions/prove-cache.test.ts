// The proof over finished plans, of what partitions have for themselves of cache, bandwidth and interrupts: good plans have
// nothing against them, and each way of spoiling one is noticed.
import { describe, expect, test } from "vitest";
import type {
  Aarch64Plan as Plan, Aarch64PlannedPartition as PlannedPartition, PlannedRegion,
} from "../../partitions/plan/plan.ts";
import { prove } from "../../partitions/plan/prove.ts";
import { said } from "./said.ts";
import { here, plan, planText, sound } from "./systems.ts";

const coloured = sound(
  planText(
    "board: qemu-aarch64\npartitions:\n" +
      "  one: { guest: plc, cpus: [0], cache: { colours: 0-3 } }\n" +
      "  two: { guest: plc, cpus: [1], cache: { colours: 8-9 }, interrupts: direct }\n" +
      "  linux: { guest: linux, cpus: [3], memory: 64M, bandwidth: { budget: 1M, period: 1ms } }\n" +
      "channels: { c: { between: [one, linux] } }\n",
  ),
).plan;
const ways = sound(
  planText(
    "board: test-dsu\npartitions:\n" +
      "  one: { guest: plc, cpus: [0], cache: { ways: [0, 1] } }\n" +
      "  two: { guest: plc, cpus: [1], cache: { ways: [3] } }\n",
  ),
).plan;
const gicv2 = sound(plan(here("golden/gicv2.yaml"))).plan;

function spoilt(good: Plan, name: string, change: (partition: PlannedPartition) => Partial<PlannedPartition>): Plan {
  return {
    ...good,
    partitions: good.partitions.map((each) => (each.name === name ? { ...each, ...change(each) } : each)),
  };
}

const withRegion = (good: Plan, name: string, kind: string, change: Partial<PlannedRegion>): Plan =>
  spoilt(good, name, ({ regions }) => ({
    regions: regions.map((region) => (region.kind === kind ? { ...region, ...change } : region)),
  }));
const withoutRegion = (good: Plan, name: string, kind: string): Plan =>
  spoilt(good, name, ({ regions }) => ({ regions: regions.filter((region) => region.kind !== kind) }));

const page = (plan: Plan, name: string, kind: string): number =>
  plan.partitions.find((each) => each.name === name)?.regions.find((region) => region.kind === kind)?.pa ?? -1;

test("good plans are sound", () => {
  expect([coloured, ways, gicv2].map((plan) => prove(plan))).toEqual([[], [], []]);
});

describe("colours", () => {
  test.each<[string, Plan, RegExp]>([
    [
      "a colour in two partitions: its pages have two owners, too",
      withRegion(coloured, "two", "ram", { colours: [3, 8] }),
      /one and two share sets of the cache/,
    ],
    [
      "another cache than was thought of",
      { ...coloured, cache: { ...coloured.cache, sets: 512 } },
      /one and two share sets of the cache/,
    ],
    [
      "a mailbox in another one's colour",
      withRegion(coloured, "two", "mailbox", { pa: page(coloured, "two", "mailbox") - 8 * 4096 }),
      /one and two share sets of the cache/,
    ],
    [
      "a channel in a third one's colour",
      withRegion(withRegion(coloured, "one", "channel", { pa: 0x50008000 }), "linux", "channel", {
        pa: 0x50008000,
      }),
      /a channel of one is in sets of the cache that two has/,
    ],
    [
      "memory that is not coloured beside memory that is",
      spoilt(coloured, "one", ({ regions }) => ({
        regions: [
          ...regions,
          { name: "more", ipa: 0x60000000, pa: 0x50000000, size: 0x1000, kind: "ram", access: "rw" },
        ],
      })),
      /not all the memory of one, and only that, is coloured/,
    ],
    [
      "a channel that is coloured",
      withRegion(coloured, "one", "channel", { colours: [1] }),
      /not all the memory of one, and only that, is coloured/,
    ],
    [
      "a page between the colours given to another one",
      withRegion(coloured, "linux", "channel", { pa: page(coloured, "one", "ram") + 2 * 4096 }),
      /"memory" of one and "c" of linux|"c" of linux and "memory" of one/,
    ],
    [
      "coloured pages on the hypervisor",
      withRegion(coloured, "one", "ram", { pa: 0x40200000 }),
      /the hypervisor's image and "memory" of one/,
    ],
    [
      "colours that there are not",
      withRegion(coloured, "one", "ram", { colours: [16] }),
      /"memory" of one has colours that are not there/,
    ],
    [
      "no colours",
      withRegion(coloured, "one", "ram", { colours: [] }),
      /"memory" of one has colours that are not there/,
    ],
    [
      "a stretch that begins within 2 MiB",
      withRegion(coloured, "one", "ram", { pa: page(coloured, "one", "ram") + 4096 }),
      /"memory" of one does not begin at a multiple of 2M/,
    ],
    [
      "a load that begins within a page",
      spoilt(coloured, "one", () => ({ loads: [{ name: "image", source: 0x200000, ipa: 0x40000040, size: 64 }] })),
      /image of one does not begin at a multiple of 4096/,
    ],
  ])("%s", (_, bad, reason) => {
    expect(said(bad)).toMatch(reason);
  });

  test("pages between another one's are its own", () => {
    expect(prove(withRegion(coloured, "two", "ram", { colours: [10, 11] }))).toEqual([]);
  });
});

describe("way groups", () => {
  const withWays = (list: readonly number[]): Plan => spoilt(ways, "two", () => ({ ways: list }));

  test.each<[string, Plan, RegExp]>([
    ["a group in two partitions", withWays([1]), /a way group of the cache is in two partitions/],
    ["a group that is not there", withWays([4]), /^ways: a way group is not there$/m],
    ["a group below 0", withWays([-1]), /^ways: a way group is not there$/m],
    ["all groups given away", withWays([2, 3]), /^ways: no way group of the cache is left for the rest$/m],
    ["groups of a cache that has none", { ...ways, cache: coloured.cache }, /a way group is not there/],
  ])("%s", (_, bad, reason) => {
    expect(said(bad)).toMatch(reason);
  });
});

describe("bandwidth", () => {
  test("the budget is that of all vCPUs together", () => {
    const pair = sound(
      planText(
        "board: qemu-aarch64\npartitions: { a: { guest: linux, cpus: [2, 3], memory: 64M, bandwidth: { budget: 1M, period: " +
          "1ms } } }\n",
      ),
    ).plan;
    const refills = pair.partitions[0]?.bandwidth?.refills ?? 0;
    expect(refills).toBe(0x100000 / 64 / 2);
    const more = spoilt(pair, "a", ({ bandwidth }) => ({ bandwidth: bandwidth && { ...bandwidth, refills: refills + 1 } }));
    expect(prove(pair)).toEqual([]);
    expect(prove(more)).toMatchObject([{ reason: "the vCPUs of a have more than its budget" }]);
  });
  const linux = (change: Partial<PlannedPartition>): Plan => spoilt(coloured, "linux", () => change);
  const bandwidth = (refills: number, periodMicroseconds = 1000): Partial<PlannedPartition> => ({
    bandwidth: { budget: 0x100000, refills, periodMicroseconds },
  });

  const unwired = { ...coloured, cpus: coloured.cpus.map((cpu) => ({ ...cpu, pmuInterrupt: 0 })) };
  test.each<[string, Plan, RegExp]>([
    ["no refill at all", linux(bandwidth(0)), /linux would never run/],
    ["no period", linux(bandwidth(1, 0)), /linux would never run/],
    ["more than the budget", linux(bandwidth(0x4001)), /the vCPUs of linux have more than its budget/],
    ["the PMU given away", linux({ pmu: true }), /linux has a bandwidth, and the PMU that measures it/],
    ["the PMU's interrupt given away", linux({ ppis: [23, 27, 30] }), /and the PMU that measures it/],
    ["direct interrupts", linux({ direct: true }), /linux has a bandwidth, but cannot be held/],
    ["PMUs that are not wired", unwired, /nobody notices/],
    ["on the housekeeper's pCPU", { ...coloured, housekeeper: 3 }, /linux has a bandwidth, and its pCPU 3 keeps house/],
  ])("%s", (_, bad, reason) => {
    expect(said(bad)).toMatch(reason);
  });
});

describe("interrupts", () => {
  test.each<[string, Plan, RegExp]>([
    ["a housekeeper that takes no interrupts", { ...coloured, housekeeper: 1 }, /its pCPU 1 cannot keep house/],
    [
      "a timer that its pCPU's owner has not",
      spoilt(coloured, "one", () => ({ ppis: [27] })),
      /does not own the timers/,
    ],
    [
      "one pCPU, and with it its timers, in two partitions",
      spoilt(coloured, "one", () => ({ cpus: [1] })),
      /pCPU 1 is in 2 partitions/,
    ],
    [
      "the physical CPU interface in the hand of a guest whose interrupts are injected",
      spoilt(gicv2, "direct-linux", () => ({ direct: false })),
      /direct-linux has not its CPU interface/,
    ],
    [
      "the virtual one in the hand of one whose interrupts are direct",
      spoilt(gicv2, "linux", () => ({ direct: true })),
      /linux has not its CPU interface/,
    ],
    [
      "GICC_DIR in the hand of a guest",
      withRegion(gicv2, "direct-linux", "interface", { size: 0x2000 }),
      /direct-linux has not its CPU interface/,
    ],
    ["no CPU interface", withoutRegion(gicv2, "linux", "interface"), /linux has not its CPU interface/],
    ["GICH given away", withRegion(gicv2, "linux", "interface", { pa: 0x08030000 }), /linux has not its CPU interface/],
    [
      "GICV within a device",
      withRegion(gicv2, "linux", "interface", { pa: 0x08040000, kind: "device" }),
      /the physical GICV and "GICC" of linux|"GICC" of linux and the physical GICV/,
    ],
    ["trust in one whose interrupts are injected", spoilt(coloured, "one", () => ({ trustedSgi: true })), /^flags: one is/m],
    ["trust with a GICv2", spoilt(gicv2, "direct-linux", () => ({ trustedSgi: true })), /^flags: direct-linux is trusted/m],
    ["redistributors of a GICv2", spoilt(gicv2, "linux", () => ({ gicr: 0x080a0000 })), /a GIC of another version/],
    [
      "one CPU interface for two pCPUs",
      { ...gicv2, cpus: gicv2.cpus.map((cpu) => ({ ...cpu, interface: 0 })) },
      /do not have a CPU interface each/,
    ],
  ])("%s", (_, bad, reason) => {
    expect(said(bad)).toMatch(reason);
  });

  test("one whose interrupts are direct may be trusted with its SGIs", () => {
    expect(said(spoilt(coloured, "two", () => ({ trustedSgi: true })))).toBe("");
  });
});

describe("mailboxes", () => {
  const reason = /the mailbox of one is not where the hypervisor looks for it/;

  test.each<[string, Plan, RegExp]>([
    ["none, but looked for", withoutRegion(coloured, "one", "mailbox"), reason],
    ["one that nobody looks for", spoilt(coloured, "one", () => ({ mailbox: 0 })), reason],
    ["somewhere else", withRegion(coloured, "one", "mailbox", { ipa: 0x70000000 }), reason],
    ["of more than a page", withRegion(coloured, "one", "mailbox", { size: 0x2000 }), reason],
    [
      "the same one for two",
      withRegion(coloured, "one", "mailbox", { pa: page(coloured, "two", "mailbox") }),
      /"mailbox" of one and "mailbox" of two both have/,
    ],
  ])("%s", (_, bad, reason) => {
    expect(said(bad)).toMatch(reason);
  });
});

// The proof over finished plans: a good plan has nothing against it, and each way of spoiling it is noticed. The planner
// makes none of these; so they are made here.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unsound } from "../../partitions/diagnostics/catalogue.ts";
import type {
  Aarch64Plan as Plan, Aarch64PlannedPartition as PlannedPartition, PlannedRegion,
} from "../../partitions/plan/plan.ts";
import { prove } from "../../partitions/plan/prove.ts";
import { said } from "./said.ts";
import { here, plan, planText, sound } from "./systems.ts";

const good = sound(plan(here("golden/system.yaml"))).plan;

/** The plan with one partition changed. */
function spoilt(name: string, change: (partition: PlannedPartition) => Partial<PlannedPartition>): Plan {
  return {
    ...good,
    partitions: good.partitions.map((each) => (each.name === name ? { ...each, ...change(each) } : each)),
  };
}

const withRegion = (name: string, index: number, change: Partial<PlannedRegion>): Plan =>
  spoilt(name, ({ regions }) => ({
    regions: regions.map((region, at) => (at === index ? { ...region, ...change } : region)),
  }));

test("a good plan is sound", () => {
  expect(prove(good)).toEqual([]);
});

describe("a spoilt plan is not", () => {
  const regionIndex = (partition: string, region: string): number =>
    good.partitions.find(({ name }) => name === partition)?.regions.findIndex(({ name }) => name === region) ?? -1;
  const recipes = regionIndex("linux", "recipes");

  test.each<[string, Plan, RegExp]>([
    [
      "memory of two partitions overlaps",
      withRegion("plc", 0, { pa: 0x7f000000 }),
      /"memory" of linux and "memory" of plc both have 0x7f000000/,
    ],
    [
      "memory on the hypervisor",
      withRegion("plc", 0, { pa: 0x40200000 }),
      /the hypervisor's image and "memory" of plc/,
    ],
    ["memory on the physical GICD", withRegion("plc", 0, { pa: 0x08000000 }), /physical GICD/],
    ["memory on a physical GICR", withRegion("plc", 0, { pa: 0x08100000, size: 0x1000 }), /physical GICR of pCPU 3/],
    ["memory on the hypervisor's UART", withRegion("plc", 0, { pa: 0x09000000, size: 0x1000 }), /hypervisor's UART/],
    [
      "a channel's ends are in different places",
      withRegion("linux", recipes, { pa: 0x4f000000, ipa: 0x4f000000 }),
      /is shared by linux$|is shared by old-linux$/m,
    ],
    ["a region is no whole page", withRegion("plc", 0, { size: 0x1000001 }), /not in whole pages/],
    ["a region is empty", withRegion("plc", 0, { size: 0 }), /not in whole pages/],
    [
      "a channel is executable",
      withRegion("linux", recipes, { access: "rwx" }),
      /"recipes" of linux is no RAM, but executable/,
    ],
    ["a device is not at its PA", withRegion("linux", 1, { ipa: 0x0b000000 }), /is not at its PA/],
    ["regions of one partition overlap", withRegion("linux", recipes, { ipa: 0x60000000 }), /address space of linux/],
    ["memory over the emulated GICD", withRegion("plc", 0, { ipa: 0x07800000 }), /"memory" and GICD/],
    [
      "the console is inside the memory",
      spoilt("plc", () => ({ console: 0x40000000 })),
      /PL011 and "memory"|"memory" and PL011/,
    ],
    ["one pCPU in two partitions", spoilt("plc", () => ({ cpus: [3, 2] })), /pCPU 2 is in 2 partitions/],
    ["one pCPU twice in a partition", spoilt("plc", () => ({ cpus: [3, 3] })), /pCPUs of plc are not a set/],
    ["a partition without pCPUs", spoilt("plc", () => ({ cpus: [] })), /pCPUs of plc are not a set/],
    ["a pCPU that is not there", spoilt("plc", () => ({ cpus: [3, 4] })), /plc has a pCPU that is not there/],
    ["vCPUs the wrong way round", spoilt("linux", () => ({ cpus: [0, 1] })), /does not know its vCPU/],
    [
      "a pCPU of another partition",
      { ...good, cpus: good.cpus.map((cpu) => ({ ...cpu, partition: 0 })) },
      /does not know its partition/,
    ],
    ["a housekeeper that is not there", { ...good, housekeeper: 4 }, /housekeeper/],
    [
      "an interrupt in two partitions",
      spoilt("plc", ({ interrupts }) => ({ interrupts: [...interrupts, { intid: 48, trigger: "edge", use: "" }] })),
      /INTID 48 belongs to linux and to plc/,
    ],
    [
      "an SPI that is not there",
      spoilt("plc", ({ interrupts }) => ({ interrupts: [...interrupts, { intid: 288, trigger: "edge", use: "" }] })),
      /INTID 288 of plc is no SPI/,
    ],
    [
      "a console without its interrupt",
      spoilt("plc", () => ({ consoleInterrupt: 250 })),
      /does not own its console's interrupt/,
    ],
    ["the hypervisor's timer given away", spoilt("plc", () => ({ ppis: [26] })), /PPI that is not for it/],
    ["the maintenance interrupt given away", spoilt("plc", () => ({ ppis: [25, 27] })), /PPI that is not for it/],
    [
      "a load outside the memory",
      spoilt("plc", ({ loads }) => ({ loads: loads.map((load) => ({ ...load, ipa: 0x60000000 })) })),
      /image of plc is not in its RAM/,
    ],
    [
      "loads on top of each other",
      spoilt("linux", ({ loads }) => ({
        loads: loads.map((load) => ({ ...load, ipa: 0x60000000 })),
      })),
      /both have 0x60000000/,
    ],
    ["an entry outside the memory", spoilt("plc", () => ({ entry: 0x50000000 })), /entered outside its RAM/],
    [
      "a device tree outside the memory",
      spoilt("linux", () => ({ argument: 0x40000000 })),
      /device tree of linux is outside/,
    ],
    [
      "a doorbell that rings somewhere else",
      spoilt("plc", ({ channels }) => ({ channels: channels.map((end) => ({ ...end, doorbell: 48 })) })),
      /doorbell of channel process-image at plc/,
    ],
    [
      "a doorbell that rings at oneself",
      spoilt("plc", ({ channels }) => ({ channels: channels.map((end) => ({ ...end, peer: 1 })) })),
      /doorbell of channel process-image at plc/,
    ],
  ])("%s", (_, bad, reason) => {
    expect(said(bad)).toMatch(reason);
  });

  test("and is reported as a mistake of the planner", () => {
    expect(unsound("x")).toMatchObject({
      code: "AXV-P090",
      severity: "error",
      message: "the finished plan is not sound: x",
    });
  });
});

describe("whatever is asked for", () => {
  const MIB = 1024 * 1024;
  const sizes = fc.constantFrom("2M", "16M", "100M", "128M", "300M", "512M");
  const memory = fc.oneof(
    sizes,
    fc.record(
      {
        size: sizes,
        at: fc.integer({ min: 0, max: 640 }).map((n) => 0x40000000 + 2 * MIB * n),
        ipa: fc.constantFrom("identity", 0x40000000, 0x10000000),
      },
      { requiredKeys: ["size"] },
    ),
  );
  const partition = fc.record({
    guest: fc.constantFrom("linux", "plc"),
    cpus: fc.subarray([0, 1, 2, 3], { minLength: 1, maxLength: 2 }),
    ownCpu: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
    memory,
    devices: fc.oneof(fc.constant([]), fc.subarray(["virtio0", "virtio7", "virtio8", "virtio16"], { maxLength: 2 })),
    spis: fc.subarray([2, 7, 16, 90], { maxLength: 1 }),
  });
  /** Often nothing: with all of these at once hardly anything fits together. */
  const share = fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    fc.constant({ interrupts: "direct" }),
    fc.record({ bandwidth: fc.record({ budget: fc.constantFrom("0K", "4K", "1M"), period: fc.constant("1ms") }) }),
    fc.record({
      guest: fc.constant("plc"),
      cache: fc.record({ colours: fc.uniqueArray(fc.nat(16), { minLength: 1, maxLength: 4 }) }),
      devices: fc.constant([]),
      memory: fc.constantFrom("2M", "16M", "30M"),
    }),
    fc.record({ cache: fc.record({ ways: fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 3 }) }) }),
  );
  const shared = fc.tuple(partition, share).map(([one, own]) => ({ ...one, ...own }));
  const system = fc.array(fc.oneof(partition, shared), { minLength: 1, maxLength: 3 }).chain((partitions) => {
    const names = partitions.map((_, index) => `p${index}`);
    // Mostly a pCPU of its own: else nearly all would be refused for this alone.
    const placed = partitions.map(({ ownCpu, ...each }, index) => (ownCpu ? { ...each, cpus: [index] } : each));
    const channel = fc.record({
      between: fc
        .tuple(fc.nat(names.length - 1), fc.nat(3))
        .map(([one, step]) => [names[one], names[(one + Math.max(step, 1)) % names.length]]),
      size: fc.constantFrom("4K", "1M", "68K"),
    });
    const board = fc.constantFrom("qemu-aarch64", "qemu-aarch64-gicv2", "test-dsu");
    const most = names.length === 1 ? 0 : 3; // a channel to itself is refused
    return fc.tuple(board, fc.array(channel, { maxLength: most })).map(([name, channels]) => ({
      board: name,
      partitions: Object.fromEntries(placed.map((each, index) => [names[index], each])),
      channels: Object.fromEntries(channels.map((each, index) => [`c${index}`, each])),
    }));
  });

  test("there are errors, or a plan that is sound; and never a plan that had to be refused", () => {
    let planned = 0;
    let coloured = 0;
    fc.assert(
      fc.property(system, (request) => {
        // JSON is YAML.
        const outcome = planText(JSON.stringify(request));
        expect(outcome.diagnostics.filter(({ code }) => code === "AXV-P090")).toEqual([]);
        const errors = outcome.diagnostics.filter(({ severity }) => severity === "error");
        expect(outcome.system === undefined).toBe(errors.length > 0);
        if (outcome.system !== undefined) {
          planned += 1;
          if (outcome.system.plan.partitions.some(({ regions }) => regions.some(({ colours }) => colours)))
            coloured += 1;
          expect(prove(outcome.system.plan)).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
    // Otherwise this would prove little.
    expect(planned).toBeGreaterThan(40);
    expect(coloured).toBeGreaterThan(0);
  });

  test("mangled text is answered with diagnostics that lie inside it, never with an exception", () => {
    const scrap = fc.string({ unit: fc.constantFrom(..."{}[]:,-&*!|>'\"%@#? \n\tab0~"), maxLength: 6 });
    const demo =
      "board: qemu-aarch64\npartitions:\n  a: { guest: plc, cpus: [1] }\n  b:\n    guest: plc\n    cpus: [2]\n    memory: 2M\n" +
      "channels: { c: { between: [a, b] } }\n";
    fc.assert(
      fc.property(fc.nat(demo.length), fc.nat(12), scrap, (at, cut, insert) => {
        const mangled = demo.slice(0, at) + insert + demo.slice(at + cut);
        const outcome = planText(mangled);
        const lines = mangled.split("\n").length;
        for (const { line, column } of outcome.diagnostics) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines + 1);
          expect(column).toBeGreaterThanOrEqual(1);
        }
        expect(outcome.system !== undefined || outcome.diagnostics.length > 0).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });
});

// Shares of what all have in common, at their edges: cache, bandwidth, translation tables, room in the blob.
import { describe, expect, test } from "vitest";
import type { Aarch64Board } from "../../boards/schema.ts";
import { checkBandwidth } from "../../partitions/check/bandwidth.ts";
import { checkCache } from "../../partitions/check/cache.ts";
import { checkRoom } from "../../partitions/check/room.ts";
import { checkTables } from "../../partitions/check/tables.ts";
import { MAX_INTERRUPTS, MAX_LOADS, MAX_QUIESCES, MAX_REGIONS } from "../../partitions/blob/layout.table.ts";
import type { AddressSpace } from "../../partitions/plan/address-space.ts";
import type { Aarch64PlannedPartition, PlannedRegion } from "../../partitions/plan/plan.ts";
import { POOL_TABLES, tablesNeeded } from "../../partitions/plan/tables.ts";
import type { PartitionRequest } from "../../partitions/request.ts";
import { withPartition } from "./keptAndBroken.ts";
import { gicv2, profile, qemu, reported, request } from "./reported.ts";
import { here, plan, sound } from "./systems.ts";

type Fields = PartitionRequest["fields"];

const dsu: Aarch64Board = { ...qemu, name: "dsu", cluster: { kind: "dsu", way_groups: 4 } };
const cached = (sets: number): Aarch64Board =>
  ({ ...qemu, cpus: { ...qemu.cpus, caches: [{ level: 2, kind: "unified", sets, ways: 4, line: 64 }] } });
const unknown: Aarch64Board = { ...qemu, name: "dark", cpus: { ...qemu.cpus, caches: { none: "nobody looked" } } };

describe("bandwidth", () => {
  const said = (fields: Fields, board: Aarch64Board = qemu): string[] =>
    reported((findings) => checkBandwidth(board, [request("a", fields)], findings));
  const budget = (bytes: number): NonNullable<Fields["bandwidth"]> => ({ budget: bytes, period: 1000 });
  const small = "partitions.a.bandwidth.budget AXV-P049 a budget of";

  test.each<[string, Fields, string[]]>([
    ["none", { cpus: [0], pmu: true, interrupts: "direct" }, []],
    ["a line", { cpus: [0], bandwidth: budget(64) }, []],
    ["a line for each of two", { cpus: [0, 1], bandwidth: budget(128) }, []],
    ["less than a line", { cpus: [0], bandwidth: budget(63) },
      [`${small} 63 bytes is less than one cache line: it would never run: write at least 64, such as 64K`]],
    ["less than a line for each of two", { cpus: [0, 1], bandwidth: budget(127) },
      [`${small} 127 bytes is less than one cache line for each of 2 vCPUs: it would never run: write at least 128, such as ` +
        "64K"]],
    ["less than a line, of whose pCPUs nothing is known", { bandwidth: budget(63) },
      [`${small} 63 bytes is less than one cache line: it would never run: write at least 64, such as 64K`]],
    ["with the PMU", { cpus: [0], bandwidth: budget(64), pmu: true },
      ["partitions.a.bandwidth (key) AXV-P046 the bandwidth is measured by the PMU, which `pmu: true` gives to the partition " +
        "itself: remove one of the two"]],
    ["with direct interrupts", { cpus: [0], bandwidth: budget(64), interrupts: "direct" },
      ["partitions.a.bandwidth (key) AXV-P047 a partition with direct interrupts takes none of the hypervisor's, so it cannot " +
        "be held when its budget is used up: remove `bandwidth`, or write `interrupts: injected`"]],
    ["with neither", { cpus: [0], bandwidth: budget(64), pmu: false, interrupts: "injected" }, []],
  ])("%s", (_, fields, expected) => expect(said(fields)).toEqual(expected));

  test("where nothing measures it, or nothing is known of the caches", () => {
    const { pmu: _none, ...without } = qemu;
    expect(said({ cpus: [0], bandwidth: budget(64) }, { ...without, pmu: undefined })).toEqual([
      "partitions.a.bandwidth (key) AXV-P048 the PMU of qemu-aarch64 has no interrupt, so nobody would notice when a budget is " +
        "used up: remove it",
    ]);
    expect(said({ cpus: [0], bandwidth: budget(1) }, unknown)).toEqual([
      "partitions.a.bandwidth (key) AXV-P078 nothing is known of the caches of dark (nobody looked): there are no colours, and " +
        "no lines to count a bandwidth in: remove it, or say in its board.yaml which `caches` it has",
    ]);
  });
});

describe("the cache", () => {
  const said = (board: Aarch64Board, ...partitions: readonly PartitionRequest[]): string[] =>
    reported((findings) => checkCache(board, partitions, findings));
  const coloured = (name: string, colours: number[], more: Fields = {}): PartitionRequest =>
    request(name, { cache: { colours }, memory: { size: 0x20_0000, ipa: 0x4000_0000 }, ...more });
  const withWays = (name: string, ways: number[]): PartitionRequest => request(name, { cache: { ways } });

  test("of colours the last one is there, and the one behind it is not", () => {
    expect(said(qemu, coloured("a", [0, 15]))).toEqual([]);
    expect(said(qemu, coloured("a", [14, 16, 17]))).toEqual([
      "partitions.a.cache.colours AXV-P018 the last-level cache of qemu-aarch64 has no colour 16, 17: use 0 to 15",
    ]);
  });

  test("of one colour nobody has any, and of caches that are not known neither", () => {
    const one = { ...cached(64), name: "one" };
    expect(said(one, coloured("a", [0]), coloured("b", [0]))).toEqual([
      "partitions.a.cache.colours AXV-P018 the last-level cache of one has no colour 0: remove it: its pages cannot be told " +
        "apart",
      "partitions.b.cache.colours AXV-P018 the last-level cache of one has no colour 0: remove it: its pages cannot be told " +
        "apart",
    ]);
    expect(said(unknown, coloured("a", [0]))[0]).toMatch(/^partitions\.a\.cache\.colours AXV-P078 nothing is known of the/);
  });

  test("a colour has one owner: who was first; each other owner is told once, with all that it has", () => {
    const remedy = "remove it here or there: two coloured partitions share no set of the cache";
    expect(said(qemu, coloured("a", [0, 1]), coloured("b", [2]), coloured("c", [0, 1, 2, 3]), coloured("d", [3, 0]))).toEqual([
      `partitions.c.cache.colours AXV-P028 colour 0, 1 of the cache already belongs to partition "a": ${remedy}`,
      `partitions.c.cache.colours AXV-P028 colour 2 of the cache already belongs to partition "b": ${remedy}`,
      `partitions.d.cache.colours AXV-P028 colour 3 of the cache already belongs to partition "c": ${remedy}`,
      `partitions.d.cache.colours AXV-P028 colour 0 of the cache already belongs to partition "a": ${remedy}`,
    ]);
  });

  const DMA = '"virtio0" reads and writes memory by itself (DMA), at physical addresses as no SMMU stands behind it, but ' +
    "coloured memory is at IPA ≠ PA";
  test("coloured memory is not where DMA would be, nor at an address of its own, nor at its PA", () => {
    const dma = coloured("a", [0], { devices: ["rtc", "virtio0", "virtio1", "nothing"] });
    expect(said(qemu, dma)).toEqual([
      `partitions.a.cache.colours AXV-P041 ${DMA}: remove \`cache\`, or give the device to another partition; this board has ` +
        "no `ways` to use instead",
    ]);
    expect(said(dsu, dma)).toEqual([
      `partitions.a.cache.colours AXV-P041 ${DMA}: write \`cache: { ways: [0] }\`, which leaves the memory where it is, or ` +
        "give the device to another partition",
    ]);
    expect(said(qemu, coloured("a", [0], { devices: ["rtc"] }))).toEqual([]);
    expect(said(qemu, coloured("a", [0], { memory: { size: 0x20_0000, at: 0x5000_0000, ipa: 0x4000_0000 } }))).toEqual([
      "partitions.a.memory.at AXV-P043 coloured memory is spread over RAM, together with that of all other coloured " +
        "partitions: remove `at`",
    ]);
    const remedy = "write `memory: { size: …, ipa: 0x40000000 }`, or remove `cache`";
    const identity = coloured("a", [0], { memory: { size: 0x20_0000, ipa: "identity" } });
    expect(said(qemu, identity)).toEqual([
      `partitions.a.memory.ipa AXV-P042 coloured memory is spread over RAM, so it cannot be at IPA = PA, as this says: ${remedy}`,
    ]);
    const linux = request("a", { cache: { colours: [0] } }, { profile: profile("linux") });
    expect(said(qemu, linux)).toEqual([
      "partitions.a.cache.colours AXV-P042 coloured memory is spread over RAM, so it cannot be at IPA = PA, as the profile " +
        `"linux" says: ${remedy}`,
    ]);
    expect(said(qemu, { ...identity, fields: { ...identity.fields, devices: ["virtio0"] } })).toHaveLength(1);
  });

  test("of way groups the last one is there, and the one behind it is not; each has one owner, and one is left", () => {
    expect(said(dsu, withWays("a", [0, 3]))).toEqual([]);
    expect(said(dsu, withWays("a", [3, 4, 5]))).toEqual([
      "partitions.a.cache.ways AXV-P019 the cluster of dsu has no way group 4, 5: use 0 to 3",
    ]);
    expect(said(dsu, withWays("a", [0, 1]), withWays("b", [1, 2]))).toEqual([
      'partitions.b.cache.ways AXV-P029 way group 1 of the cache already belongs to partition "a": remove it here or there: a ' +
        "group is one partition's, or everybody's",
    ]);
    const left = "leave one group to nobody";
    const all = "all 4 way groups of the cache are given away, and the hypervisor and who has none of its own need one";
    expect(said(dsu, withWays("a", [0, 1]), withWays("b", [2, 3]), request("c", {}))).toEqual([
      `partitions.b.cache.ways AXV-P037 ${all}: ${left}`,
    ]);
    expect(said(dsu, withWays("a", [0, 1]), withWays("b", [2]))).toEqual([]);
    expect(said(dsu, withWays("a", [0, 1, 2]), withWays("b", [4])).filter((text) => text.includes("P037"))).toEqual([]);
  });

  test("where there are none, what is instead", () => {
    const none = "has no cluster whose cache can be parted by ways (Arm DSU)";
    expect(said(qemu, withWays("a", [0]))).toEqual([
      `partitions.a.cache.ways AXV-P045 qemu-aarch64 ${none}: write \`cache: { colours: 0-3 }\`, or remove it`,
    ]);
    expect(said(unknown, withWays("a", [0]))).toEqual([`partitions.a.cache.ways AXV-P045 dark ${none}: remove it`]);
    expect(said(cached(128), withWays("a", [0]))[0]).toMatch(/: write `cache: \{ colours: 0-0 \}`, or remove it$/);
  });

  test("who is not coloured beside others is warned, with what could be done", () => {
    const warning = (name: string, owners: string): string =>
      `partitions.${name} (key) AXV-P061 "${name}" is not coloured: its memory uses all 16 colours of the cache, also those of ` +
      owners;
    const plain = request("c", {});
    expect(said(qemu, plain)).toEqual([]);
    expect(said(qemu, coloured("a", [0]), coloured("b", [1]), plain)).toEqual([
      `${warning("c", '"a", "b"')}: give it colours of its own: \`cache: { colours: … }\``,
    ]);
    expect(said(dsu, coloured("a", [0]), coloured("b", [1]), plain)).toEqual([
      `${warning("c", '"a", "b"')}: give "a", "b" \`cache: { ways: … }\` instead of colours: that holds against everybody`,
    ]);
    const why = "its devices do DMA and no SMMU translates, so it cannot be coloured, and this board has no `ways`";
    const dma: Fields = { devices: ["virtio0"] };
    expect(said(qemu, coloured("a", [0]), request("c", dma))).toEqual([`${warning("c", '"a"')}: ${why}: limit its ` +
      "`bandwidth`"]);
    expect(said(qemu, coloured("a", [0]), request("c", { ...dma, bandwidth: { budget: 64, period: 1000 } }))).toEqual([
      `${warning("c", '"a"')}: ${why}; its \`bandwidth\` limits it`,
    ]);
  });
});

describe("translation tables", () => {
  const MIB = 0x10_0000;
  const GIB = 1024 * MIB;
  const image = { base: 0x4020_0000, size: 2 * MIB };
  const ram = (ipa: number, size: number, more: Partial<PlannedRegion> = {}): PlannedRegion =>
    ({ name: "memory", ipa, pa: 0x6000_0000, size, kind: "ram", access: "rwx", ...more });
  const space = (...regions: readonly PlannedRegion[]): AddressSpace => ({ regions, windows: { gicd: 0, gicr: 0 }, console: 0 });
  const none = tablesNeeded(qemu, image, []);
  const ALL = Array.from({ length: 16 }, (_, colour) => colour);

  test("of the hypervisor itself: devices page by page, its image by blocks", () => {
    // The GIC and the UART are in two blocks of one GiB; the image is a block of another.
    expect(none).toBe(4);
    expect(tablesNeeded(qemu, { base: 0x4020_0000, size: 0x1000 }, [])).toBe(5);
    expect(tablesNeeded({ ...qemu, watchdog: { kind: "imx", reg: 0xc000_0000 } }, image, [])).toBe(6);
    // A GICv2's GICV is for guests alone.
    const far = { ...gicv2, gic: { ...gicv2.gic, gicv: 0xc000_0000 } } as Aarch64Board;
    expect(tablesNeeded(far, image, [])).toBe(tablesNeeded(gicv2, image, []));
  });

  test("of a partition: a root, and what maps its regions; once more in the hypervisor, but for interfaces", () => {
    expect(tablesNeeded(qemu, image, [[]])).toBe(none + 3);
    expect(tablesNeeded(qemu, image, [[ram(0x4000_0000, 32 * MIB)]])).toBe(none + 3 + 1);
    expect(tablesNeeded(qemu, image, [[ram(0x4000_0000, 32 * MIB)], [ram(0x4000_0000, 0x1000)]])).toBe(none + 3 + 1 + 3 + 2 + 1);
    const gicc = ram(0x1_0000_0000, 0x1000, { kind: "interface", pa: 0xc000_0000 });
    expect(tablesNeeded(qemu, image, [[gicc]])).toBe(none + 3 + 2);
    expect(tablesNeeded(qemu, image, [[{ ...gicc, kind: "device" }]])).toBe(none + 3 + 2 + 2);
    expect(tablesNeeded(qemu, image, [[ram(0x4000_0000, GIB, { pa: 0x8000_0000 })]])).toBe(none + 3);
    expect(tablesNeeded(qemu, image, [[ram(0x4000_0000, 2 * MIB, { colours: [0] })]])).toBe(none + 3 + 2);
    // 64 MiB of one of 16 colours are spread over 1 GiB.
    expect(tablesNeeded(qemu, image, [[ram(0x4000_0000, 64 * MIB, { colours: [0], pa: 0xc000_0000 })]])).toBe(none + 3 + 33);
  });

  test("as many as there are may be needed; one more is told where something is coloured, or of all", () => {
    const coloured = (tables: number): AddressSpace => space(ram(0x4000_0000, (tables - 1) * 2 * MIB, { colours: ALL }));
    const fitting = POOL_TABLES - none - 3;
    const a = request("a", {});
    const b = request("b", {});
    const said = (...spaces: readonly AddressSpace[]): string[] =>
      reported((findings) => checkTables(qemu, image, [a, b].slice(0, spaces.length), spaces, findings));
    expect(said(coloured(fitting))).toEqual([]);
    const words = (needed: number): string =>
      `AXV-P035 mapping all this memory takes ${needed} translation tables, and the hypervisor has ${POOL_TABLES}; each 2M of ` +
      "coloured memory takes one: give the coloured partitions less memory: 128M in all fit as a rule";
    expect(said(coloured(fitting + 1))).toEqual([`partitions.a.cache (key) ${words(POOL_TABLES + 1)}`]);
    expect(said(space(), coloured(fitting + 1))).toEqual([`partitions.b.cache (key) ${words(POOL_TABLES + 4)}`]);
    const scattered = space(...Array.from({ length: 50 }, (_, n) => ram(0x4000_0000 + n * 2 * MIB, 0x1000)));
    expect(said(scattered, scattered)).toEqual([`partitions (key) ${words(none + 2 * 54 + 1)}`]);
  });

  test("are not counted where there are mistakes already", () => {
    const a = request("a", {});
    const huge = space(ram(0x4000_0000, 512 * MIB, { colours: [0] }));
    const said = reported((findings) => {
      findings.report([], { code: "AXV-P000", severity: "error", message: "m", remedy: "r" });
      checkTables(qemu, image, [a], [huge], findings);
    });
    expect(said).toEqual([" AXV-P000 m: r"]);
  });
});

describe("room in the blob", () => {
  const good = sound(plan(here("golden/system.yaml"))).plan;
  type Lists = "regions" | "interrupts" | "loads";
  const many = <Name extends Lists>(name: Name, count: number): string[] => {
    const of = (index: number, length: number): Partial<Aarch64PlannedPartition> =>
      ({ [name]: Array.from({ length }, () => good.partitions[index]?.[name][0]) });
    const names = good.partitions.map((each) => each.name);
    const made = [0, count, 0].reduce((all, length, n) => withPartition(all, names[n] ?? "", () => of(n, length)), good);
    return reported((findings) => checkRoom(made, findings));
  };

  test.each<[Lists, string, number]>([
    ["regions", "stretches of memory and registers", MAX_REGIONS],
    ["interrupts", "interrupts", MAX_INTERRUPTS],
    ["loads", "pieces to load", MAX_LOADS],
  ])("%s: as many as there is room for, and no more", (name, words, most) => {
    expect(many(name, most)).toEqual([]);
    expect(many(name, most + 1)).toEqual([
      `partitions.plc (key) AXV-P113 ${most + 1} ${words} are more than the hypervisor has room for: describe at most ${most}, ` +
        "of all partitions",
    ]);
  });

  test("devices to silence; it is told where there are too many, of all of them", () => {
    const [virtio] = good.partitions[0]?.devices.filter(({ quiesce }) => quiesce !== undefined) ?? [];
    const rtc = good.partitions[0]?.devices.find(({ quiesce }) => quiesce === undefined);
    if (virtio === undefined || rtc === undefined) throw new Error("no devices");
    const silenced = (linux: number, plc: number, old: number): string[] => {
      const devices = (length: number): Partial<Aarch64PlannedPartition> =>
        ({ devices: [rtc, ...Array.from({ length }, () => virtio)] });
      const made = withPartition(
        withPartition(withPartition(good, "linux", () => devices(linux)), "plc", () => devices(plc)), "old-linux",
        () => devices(old));
      return reported((findings) => checkRoom(made, findings));
    };
    expect(silenced(1, MAX_QUIESCES - 1, 0)).toEqual([]);
    expect(silenced(1, MAX_QUIESCES, 5)).toEqual([
      `partitions.plc (key) AXV-P113 ${MAX_QUIESCES + 6} devices to silence are more than the hypervisor has room for: ` +
        `describe at most ${MAX_QUIESCES}, of all partitions`,
    ]);
  });
});

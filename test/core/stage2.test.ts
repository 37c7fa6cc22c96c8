// What stage 2 of each partition maps is exactly what the plan says, in the largest blocks that fit (arch/aarch64/stage2.ts).
import { describe, expect, test } from "vitest";
import type { PlannedRegion } from "../../partitions/plan/plan.ts";
import { qemuVirt } from "../../tools/machine/aarch64/board.ts";
import { machineFor } from "../../tools/machine/aarch64/core.ts";
import { MEMATTR_DEVICE_NGNRE, MEMATTR_NORMAL_WB, merge, SH_INNER, Stage2 } from "../../tools/machine/aarch64/stage2.ts";
import { device, LINUX, makeSystem, PLC, ram, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec } from "../../tools/machine/aarch64/system.ts";
import { Bench } from "./bench.ts";
import { SYSTEM_OFF, SYSTEM_RESET } from "./functions.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const tablesOf = (bench: Bench, pcpu: number): Stage2 => {
  const { registers } = bench.machine.pcpu(pcpu);
  return new Stage2(registers.VTTBR_EL2, registers.VTCR_EL2, (pa) => bench.machine.memory.read64(pa));
};

const expected = ({ ipa, pa, size, kind, access }: PlannedRegion) => ({
  ipa, pa, size,
  read: access.includes("r"), write: access.includes("w"), execute: access.includes("x"),
  memory: kind === "device" ? MEMATTR_DEVICE_NGNRE : MEMATTR_NORMAL_WB,
  shareability: kind === "device" ? 0 : SH_INNER,
});

const byIpa = (regions: readonly PlannedRegion[]): PlannedRegion[] => [...regions].sort((a, b) => a.ipa - b.ipa);

/** One partition on a board with 16 GiB of RAM. */
const withRegions = (regions: readonly PlannedRegion[]): Bench => {
  const only: PartitionSpec = { name: "only", cpus: [0], regions, interrupts: [], consoleInterrupt: 0 };
  return new Bench({ board: { ...qemuVirt, ram: [{ pa: GIB, size: 16 * GIB }] }, housekeeper: 2, partitions: [only] });
};

describe("stage 2", () => {
  test("maps every region of its partition, with its attributes, and nothing else", () => {
    const bench = new Bench();
    for (const [pcpu, spec] of [[0, LINUX], [1, LINUX], [3, PLC]] as const) {
      expect(merge(tablesOf(bench, pcpu).list())).toEqual(byIpa(spec.regions).map(expected));
    }
  });

  test("a region that may only be written cannot be read", () => {
    const regions = [ram(GIB, GIB, 2 * MIB), { ...ram(4 * GIB, 4 * GIB, 2 * MIB), access: "w" }];
    expect(merge(tablesOf(withRegions(regions), 0).list())).toEqual(regions.map(expected));
  });

  test("all vCPUs of a partition share one set of tables", () => {
    const { machine } = new Bench();
    expect(machine.pcpu(1).registers.VTTBR_EL2).toBe(machine.pcpu(0).registers.VTTBR_EL2);
    expect(machine.pcpu(3).registers.VTTBR_EL2).not.toBe(machine.pcpu(0).registers.VTTBR_EL2);
  });

  test("uses 1 GiB, then 2 MiB, then 4 KiB blocks, as IPA, PA and what is left allow", () => {
    const bench = withRegions([ram(2 * GIB - 2 * MIB, 6 * GIB - 2 * MIB, 2 * GIB + 4 * MIB + 8 * KIB)]);
    expect(tablesOf(bench, 0).list().map(({ size }) => size)).toEqual([2 * MIB, GIB, GIB, 2 * MIB, 4 * KIB, 4 * KIB]);
  });

  test("uses small blocks where IPA and PA are aligned differently", () => {
    const bench = withRegions([ram(GIB, 2 * GIB + 4 * KIB, 2 * MIB), ram(4 * GIB, 8 * GIB + 2 * MIB, 4 * MIB)]);
    const sizes = tablesOf(bench, 0).list().map(({ size }) => size);
    expect(sizes).toEqual([...new Array<number>(512).fill(4 * KIB), 2 * MIB, 2 * MIB]);
  });

  test("read-only and no-execute regions are that", () => {
    const regions = [
      ram(GIB, 2 * GIB, 2 * MIB),
      { ...ram(2 * GIB, 3 * GIB, 8 * KIB), access: "r" },
      { ...ram(3 * GIB, 4 * GIB, 8 * KIB), access: "rx" },
      device(0x0a00_0000, 0x1000),
    ];
    const found = merge(tablesOf(withRegions(regions), 0).list());
    expect(found).toEqual(byIpa(regions).map(expected));
  });

  test("reaches 40 bits of IPA, with two concatenated level 1 tables", () => {
    const stage2 = tablesOf(withRegions([ram(GIB, 2 * GIB, 2 * MIB), ram(1023 * GIB, 4 * GIB, GIB)]), 0);
    expect(stage2.inputBits).toBe(40);
    expect(stage2.translate(1023 * GIB + 5)).toMatchObject({ pa: 4 * GIB, size: GIB });
  });

  test("finds them aligned to their whole size wherever linear memory is in the image (VTTBR_EL2.BADDR)", () => {
    for (const linearOffset of [0x2_0000, 0x2_1000, 0x2_2000, 0x2_3000]) {
      const bench = new Bench({ ...STANDARD, board: { ...qemuVirt, linearOffset } });
      expect(merge(tablesOf(bench, 0).list())).toEqual(byIpa(LINUX.regions).map(expected));
    }
  });

  test("a region above 40 bits of IPA, and more tables than there are, stop the boot with a message", () => {
    const refuse = (regions: readonly PlannedRegion[]): string => {
      const only: PartitionSpec = { name: "only", cpus: [0], regions, interrupts: [], consoleInterrupt: 0 };
      const machine = machineFor(
        makeSystem({ board: { ...qemuVirt, ram: [{ pa: GIB, size: 16 * GIB }] }, housekeeper: 2, partitions: [only] }),
      );
      machine.boot();
      machine.uart.drain();
      expect(machine.pcpu(0).phase).toBe("halted");
      return new TextDecoder().decode(Uint8Array.from(machine.uart.sent));
    };
    expect(refuse([ram(1024 * GIB, 2 * GIB, 2 * MIB)])).toMatch(/axv: .*overlapping or unaligned memory/);
    // Two tables for each page that is alone in its GiB, one for each that is not alone: of which level the
    // last one is depends on their number.
    const page = (n: number, ipa: number): PlannedRegion => ram(ipa, 2 * GIB + n * 4 * KIB, 4 * KIB);
    const alone = Array.from({ length: 50 }, (_, n) => page(n, (2 + n) * GIB));
    for (const more of [[], [page(50, GIB + 4 * MIB)]])
      expect(refuse([ram(GIB, 4 * GIB, 2 * MIB), ...more, ...alone])).toMatch(/larger, aligned regions/);
    expect(refuse([ram(GIB, 2 * GIB + 4 * KIB, 512 * MIB)])).toMatch(/larger, aligned regions/);
  });

  // Pages that are alone in their GiB take two tables each; what a partition has of them is close together, and takes few.
  const lonely = Array.from({ length: 50 }, (_, n) => (8 + n) * GIB);
  test.each<[string, Partial<PartitionSpec>]>([
    [
      "memory",
      { regions: [ram(GIB, 2 * GIB, 2 * MIB), ...lonely.map((pa, n) => ram(GIB + 2 * MIB + n * 4 * KIB, pa, 4 * KIB))] },
    ],
    [
      "devices that are silenced",
      {
        regions: [ram(GIB, 2 * GIB, 2 * MIB), ...lonely.map((pa) => device(128 * GIB + pa, 4 * KIB))],
        quiesce: lonely.map((pa) => ({ pa: 128 * GIB + pa, value: 0 })),
      },
    ],
  ])("the hypervisor's own tables (stage 1) are not enough for %s: it stops the boot with a message", (_, change) => {
    const only: PartitionSpec = { name: "only", cpus: [0], regions: [], interrupts: [], consoleInterrupt: 0, ...change };
    const machine = machineFor(
      makeSystem({ board: { ...qemuVirt, ram: [{ pa: GIB, size: 64 * GIB }] }, housekeeper: 2, partitions: [only] }),
    );
    machine.boot();
    machine.uart.drain();
    expect(machine.pcpus.map(({ phase }) => phase)).toEqual(["halted", "off", "off", "off"]);
    expect(new TextDecoder().decode(Uint8Array.from(machine.uart.sent))).toContain("inconsistent");
  });

  test("of a partition without a console maps nothing where one that has none would have it: at 0", () => {
    const bench = withRegions([ram(GIB, GIB, 2 * MIB)]);
    expect(bench.guest(0).load(0x18, 4)).toEqual({ kind: "parked" });
  });

  test("of a direct partition may be in many GiB, and have many regions in one of them", () => {
    const small = Array.from({ length: 40 }, (_, n) => ram(GIB + n * 4 * MIB, 50 * GIB + n * 4 * MIB, 2 * MIB));
    const regions = [ram(2 * GIB, 2 * GIB, 40 * GIB), ...small];
    const only: PartitionSpec = { name: "only", cpus: [0], regions, interrupts: [], consoleInterrupt: 0, direct: true };
    const bench = new Bench({ board: { ...qemuVirt, ram: [{ pa: GIB, size: 64 * GIB }] }, housekeeper: 2, partitions: [only] });
    expect(bench.guest(0).running).toBe(true);
  });

  test("never changes again: not by a restart, not by anything a partition does", () => {
    const bench = new Bench();
    const before = [0, 3].map((pcpu) => tablesOf(bench, pcpu).list());
    bench.guest(0).smc(SYSTEM_RESET);
    bench.guest(3).smc(SYSTEM_OFF);
    bench.pass(5);
    expect([0, 3].map((pcpu) => tablesOf(bench, pcpu).list())).toEqual(before);
  });

  test("a guest reaches its memory through it, and its channel partner sees what it writes", () => {
    const bench = new Bench(STANDARD);
    bench.guest(3).store(0x5000_0010, 4, 0x1234n);
    expect(bench.guest(0).load(0x7000_0010, 4)).toEqual({ kind: "done", value: 0x1234n });
    bench.guest(3).store(0x4000_0000, 8, 0xabcdn);
    expect(bench.machine.memory.read64(0x4800_0000)).toBe(0xabcdn);
  });
});

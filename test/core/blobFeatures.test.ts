// What a blob may ask for besides memory and interrupts, checked before anything is started: GICv2, direct interrupts, mailboxes,
// colours, cluster ways, bandwidth (core/blobCheck.ts).
import { describe, expect, test } from "vitest";
import { PARTITION_AUTOSTART, PARTITION_DIRECT, PARTITION_PMU } from "../../partitions/blob/layout.table.ts";
import { qemuVirtGicv2 } from "../../tools/machine/aarch64/board.ts";
import { LINUX, mailbox, PLC, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec } from "../../tools/machine/aarch64/system.ts";
import { BlobBench, show } from "./blobBench.ts";
import type { Change } from "./blobBench.ts";

const CPU = /gives a pCPU twice/;
const REGION = /overlapping/;
const INTERRUPT = /gives an interrupt twice/;
const INCONSISTENT = /inconsistent/;

/** Each change of one record is refused, with those words. */
function refuses(bench: BlobBench, kind: string, index: number, changes: readonly Change[], words: RegExp): void {
  const changed = (change: Change): Uint8Array => {
    if (kind === "header") return bench.headerWith(change);
    return kind === "machine" ? bench.machineWith(change) : bench.changed(kind, index, change);
  };
  for (const change of changes) expect(bench.boot(changed(change)), show(change)).toMatch(words);
}

describe("GICv2", () => {
  const bench = new BlobBench({ ...STANDARD, board: qemuVirtGicv2, partitions: [LINUX, { ...PLC, direct: true }] });
  /** Regions of LINUX: GICC, device, memory, channel; of PLC: GICC, memory, channel. */
  const [LINUX_GICC, PLC_GICC] = [0, 4];

  test("as planned it runs", () => expect(bench.boot()).toBe("runs"));

  test("a frame that is not there, or not a page, or where GICD is; a version that nobody knows", () => {
    refuses(
      bench,
      "machine",
      0,
      [
        { gicc: 0n },
        { gich: 0n },
        { gicv: 0n },
        { gicc: 0x801_0800n },
        { gich: 0x803_0001n },
        { gicd: 0n },
        { gicVersion: 1 },
        { gicVersion: 4 },
        { gicVersion: 3 },
      ],
      INCONSISTENT,
    );
    refuses(bench, "machine", 0, [{ gicc: 1n << 40n }, { gicv: 1n << 50n }], INCONSISTENT);
  });

  test("two pCPUs with one CPU interface, or one that does not exist", () => {
    refuses(bench, "Cpu", 1, [{ interface: 0 }, { interface: 8 }, { interface: 0xffff_ffff }], CPU);
  });

  test("an injected partition has GICV and nothing else, a direct one GICC but for its second page", () => {
    refuses(
      bench,
      "Region",
      LINUX_GICC,
      [
        { pa: 0x0801_0000n },
        { pa: 0x0803_0000n, size: 0x1000n },
        { pa: 0x0800_0000n, size: 0x1000n, ipa: 0x0c00_0000n },
        { pa: 0x0804_1000n },
        { size: 0x3000n },
      ],
      REGION,
    );
    refuses(
      bench,
      "Region",
      PLC_GICC,
      [{ pa: 0x0804_0000n, size: 0x2000n }, { size: 0x2000n }, { pa: 0x0801_1000n }, { pa: 0x0803_0000n }],
      REGION,
    );
  });

  test("GICC as memory or as a channel", () => refuses(bench, "Region", PLC_GICC, [{ kind: 0 }, { kind: 2 }], REGION));

  test("a partition that is said to be injected, and was planned direct", () =>
    refuses(bench, "Partition", 1, [{ flags: PARTITION_AUTOSTART }], REGION));
});

describe("direct interrupts", () => {
  const DIRECT: PartitionSpec = { ...PLC, direct: true };

  test("not where the housekeeper has its tick", () => {
    expect(new BlobBench({ ...STANDARD, housekeeper: 3, partitions: [LINUX, DIRECT] }).boot()).toMatch(CPU);
    const bench = new BlobBench({ ...STANDARD, partitions: [LINUX, DIRECT] });
    expect(bench.boot()).toBe("runs");
    refuses(bench, "header", 0, [{ housekeeper: 3 }], CPU);
  });

  test("not with a bandwidth", () => {
    refuses(
      new BlobBench({ ...STANDARD, partitions: [LINUX, DIRECT] }),
      "Partition",
      1,
      [{ bandwidthRefills: 100, bandwidthMicroseconds: 1000 }],
      INCONSISTENT,
    );
  });
});

describe("a mailbox", () => {
  const bench = new BlobBench({
    ...STANDARD,
    partitions: [LINUX, { ...PLC, regions: [...PLC.regions, mailbox(0x5000_1000, 0x5000_1000)] }],
  });
  const MAILBOX = 5;

  test("as planned it runs", () => expect(bench.boot()).toBe("runs"));

  test("that is no region of its own: at another IPA, memory, the channel", () => {
    refuses(bench, "Partition", 1, [{ mailbox: 0x5000_2000n }, { mailbox: 0x4000_0000n }, { mailbox: 0x5000_1800n }], REGION);
    refuses(bench, "Region", MAILBOX, [{ kind: 0 }, { kind: 2 }, { ipa: 0x5000_2000n }], REGION);
    refuses(bench, "Region", 2, [{ kind: 3 }], REGION);
    refuses(bench, "Partition", 1, [{ mailbox: 0x5000_0000n }], REGION);
  });

  test("that somebody else has, too", () => {
    refuses(bench, "Region", 2, [{ pa: 0x5000_1000n }], REGION);
    refuses(bench, "Region", MAILBOX, [{ pa: 0x5000_0000n }, { pa: 0x6000_0000n }, { pa: 0x4020_0000n }], REGION);
  });
});

describe("colours", () => {
  const region = (colours: readonly number[]) => ({
    name: "memory",
    ipa: 0x4000_0000,
    pa: 0x6000_0000,
    size: 0x10_0000,
    kind: "ram" as const,
    access: "rwx",
    colours,
  });
  const bench = new BlobBench({
    ...STANDARD,
    partitions: [
      { ...LINUX, regions: [region([0, 1]), ...LINUX.regions.slice(1)] },
      { ...PLC, regions: [region([2, 3]), ...PLC.regions.slice(1)] },
    ],
  });
  const SECOND = LINUX.regions.length;

  test("as planned it runs", () => expect(bench.boot()).toBe("runs"));

  test("that two partitions share", () =>
    refuses(bench, "Region", SECOND, [{ colours: 0b0110 }, { colours: 0b0001 }, { colours: 0xffff }, { colours: 0 }], REGION));

  test("that do not exist", () => refuses(bench, "Region", SECOND, [{ colours: 1 << 16 }, { colours: 0x8000_0000 }], REGION));

  test("of what is no memory, or does not begin where a round of colours does", () => {
    refuses(bench, "Region", SECOND, [{ kind: 1 }, { kind: 2 }, { pa: 0x6000_1000n }, { pa: 0x6010_0000n }], REGION);
  });

  test("where the board has none, or no power of two, or too many", () => {
    refuses(bench, "header", 0, [{ colourCount: 0 }, { colourCount: 1 }], REGION);
    refuses(bench, "header", 0, [{ colourCount: 12 }, { colourCount: 64 }, { colourCount: 0xffff_ffff }], INCONSISTENT);
  });

  test("spread over what is the hypervisor's, another partition's, or more than there is", () => {
    refuses(
      bench,
      "Region",
      SECOND,
      [{ pa: 0x4000_0000n }, { size: 0x2000_0000n, pa: 0x3000_0000n }, { size: 1n << 37n }],
      REGION,
    );
  });

  test("an image that does not begin with a page", () => {
    expect(bench.boot(bench.changed("Load", 1, (before) => ({ target: (before["target"] as bigint) + 64n })))).toMatch(/loads/);
  });
});

describe("cluster ways", () => {
  const bench = new BlobBench({
    ...STANDARD,
    board: { ...STANDARD.board, cluster: "writable" },
    partitions: [
      { ...LINUX, ways: [0] },
      { ...PLC, ways: [1] },
    ],
  });

  test("as planned it runs", () => expect(bench.boot()).toBe("runs"));
  test("that two partitions have, or that do not exist", () =>
    refuses(
      bench,
      "Partition",
      1,
      [{ clusterWays: 1 }, { clusterWays: 3 }, { clusterWays: 0x10 }, { clusterWays: 0x8000_0000 }],
      INCONSISTENT,
    ));
});

describe("bandwidth", () => {
  const bench = new BlobBench({
    ...STANDARD,
    partitions: [{ ...LINUX, bandwidth: { budget: 128_000, refills: 1000, periodMicroseconds: 1000 } }, PLC],
  });

  test("as planned it runs", () => expect(bench.boot()).toBe("runs"));
  test("without a period, with the guest's own PMU, without its interrupt", () => {
    refuses(
      bench,
      "Partition",
      0,
      [
        { bandwidthMicroseconds: 0 },
        { flags: PARTITION_AUTOSTART + PARTITION_PMU },
        { flags: PARTITION_AUTOSTART + PARTITION_DIRECT },
      ],
      INCONSISTENT,
    );
    refuses(bench, "Cpu", 0, [{ pmuInterrupt: 0 }], INCONSISTENT);
  });
  test("with an interrupt that is none, or is the guest's, or the hypervisor's for something else", () => {
    refuses(bench, "Cpu", 0, [{ pmuInterrupt: 5 }, { pmuInterrupt: 48 }, { pmuInterrupt: 27 }], INTERRUPT);
    refuses(bench, "Partition", 0, [{ ppis: (1 << 27) | (1 << 30) | (1 << 23) }], INTERRUPT);
    for (const pmuInterrupt of [25, 26])
      expect(bench.boot(bench.changed("Cpu", 0, { pmuInterrupt })), String(pmuInterrupt)).not.toBe("runs");
  });
  test("on the housekeeper's pCPU", () => refuses(bench, "header", 0, [{ housekeeper: 0 }, { housekeeper: 1 }], CPU));
});

test("regions that no partition has", () => {
  const bench = new BlobBench(STANDARD);
  refuses(bench, "Partition", 1, [{ regionCount: 1 }], REGION);
});

test("the hypervisor's interrupts all the same", () => {
  const bench = new BlobBench(STANDARD);
  expect(bench.boot(bench.machineWith({ maintenance: 26 }))).not.toBe("runs");
  expect(bench.boot(bench.machineWith({ hypervisorTimer: 25 }))).not.toBe("runs");
});

describe("a seed", () => {
  const bench = new BlobBench({ ...STANDARD, partitions: [{ ...LINUX, seed: 0x1000 }, PLC] });
  const [BASE, SEED_BYTES, BEFORE] = [0x6000_0000n, 64n, 12n];
  const at = (seed: bigint): string => bench.boot(bench.changed("Partition", 0, { seed }));

  test("is in one page of the partition's RAM, and so is its property's head before it", () => {
    for (const seed of [
      0n,
      BASE + BEFORE,
      BASE + 0x1000n - SEED_BYTES,
      BASE + 0x1000n + BEFORE,
      BASE + 32n * 0x10_0000n - SEED_BYTES,
    ])
      expect(at(seed), seed.toString(16)).toBe("runs");
  });

  test("is refused where any of it is not", () => {
    const wrong = [
      BASE,
      BASE + BEFORE - 4n,
      BASE + BEFORE + 2n,
      BASE + 0x1000n - SEED_BYTES + 4n,
      BASE + 0x1000n - 4n,
      BASE + 0x1000n + BEFORE - 4n,
      BASE - 0x800n,
      BASE + 32n * 0x10_0000n + 0x800n,
      0x0a00_0100n,
      0x7000_0100n,
      1n << 40n,
    ];
    for (const seed of wrong) expect(at(seed), seed.toString(16)).toMatch(/entry|outside|argument/);
  });
});

describe("a channel", () => {
  const bench = new BlobBench(STANDARD);
  /** Of LINUX, and of PLC. */
  const [OURS, THEIRS] = [2, 4];

  test("is the same memory, all of it, at both of its ends", () => {
    const changes: Change[] = [
      { size: 0x2000n },
      { pa: 0x4fff_f000n, size: 0x2000n },
      { pa: 0x4fff_f000n, size: 0x3000n },
      { kind: 0 },
    ];
    for (const region of [OURS, THEIRS]) refuses(bench, "Region", region, changes, REGION);
  });
});

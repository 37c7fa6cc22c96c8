// A blob that is not what the planner wrote is refused, with a message, and nothing is started (core/blob.ts).
import { describe, expect, test } from "vitest";
import { place } from "../../partitions/blob/field.ts";
import { ISA_TABLES } from "../../partitions/blob/isas.ts";
import { BLOB_MAX_BYTES, BLOB_VERSION, HEADER, NONE } from "../../partitions/blob/layout.table.ts";
import type { PlannedRegion } from "../../partitions/plan/plan.ts";
import { writeFdt } from "../../partitions/devicetree/fdt.ts";
import { device, LINUX, mailbox, PLC, ram, STANDARD } from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec } from "../../tools/machine/aarch64/system.ts";
import { randomFrom } from "../verify/random-program.ts";
import { BlobBench, show } from "./blobBench.ts";
import type { Change } from "./blobBench.ts";

/** With something of everything that there is an array of. */
const TREE = writeFdt({ root: { name: "", properties: new Map(), children: [] }, reserved: [], bootCpu: 0 });
const bench = new BlobBench({
  ...STANDARD,
  board: { ...STANDARD.board, deviceTree: { pa: 0x4000_0000, bytes: TREE } },
  partitions: [LINUX, { ...PLC, regions: [...PLC.regions, mailbox(0x5010_0000, 0x5010_0000, 0x1_1000)] }],
  update: { partition: 0, bringer: 1, staging: 0x5200_0000, size: 0x2_0000, ring: 0x5010_1000, key: "5a".repeat(32), version: 1 },
  inits: [{ pa: 0x0a00_0000, mask: 0xffff_ffff, value: 1, by: "plc" }],
  firmwareTree: { matches: [{ path: "/a", property: "b", how: "absent", value: "" }] },
});
const { system } = bench;
/** Nothing but memory. */
const BARE: PartitionSpec = {
  name: "third", cpus: [2], regions: [ram(0x4000_0000, 0x4a00_0000, 0x10_0000)], interrupts: [], consoleInterrupt: 0,
};
/** Its regions are in ascending order: a device is first. */
const LINUX_MEMORY = 1;
const boot = (blob: Uint8Array): string => bench.boot(blob);
const changed: BlobBench["changed"] = (kind, index, change) => bench.changed(kind, index, change);
const patched: BlobBench["patched"] = (offset, value) => bench.patched(offset, value);
const headerWith: BlobBench["headerWith"] = (change) => bench.headerWith(change);
const machineWith: BlobBench["machineWith"] = (change) => bench.machineWith(change);
const with_ = (spec: PartitionSpec, more: readonly PlannedRegion[]): PartitionSpec =>
  ({ ...spec, regions: [...spec.regions, ...more] });
const offsetOf = (name: string): number => place(HEADER).fields.find((field) => field.name === name)?.offset ?? 0;

describe("a blob that is whole", () => {
  test("is taken", () => {
    expect(boot(system.blob)).toBe("runs");
    expect(boot(changed("Cpu", 2, {}))).toBe("runs");
    expect(boot(changed("Partition", 0, { argument: 0n })), "0 is no address: the guest wants none").toBe("runs");
  });
});

test("a pCPU of a partition behind the last one is refused, though what stands there is a partition's record", () => {
  const three = new BlobBench({ ...STANDARD, partitions: [LINUX, PLC, BARE] });
  expect(three.boot()).toBe("runs");
  // The first one has its pCPU, too; and what the third one owns is nobody's, and not there.
  const owned = three.changed("Partition", 0, { cpus: 0b111 });
  const view = new DataView(owned.buffer);
  for (const [count, fewer] of [["partitionCount", 1], ["regionCount", 1]] as const)
    view.setUint32(offsetOf(count), view.getUint32(offsetOf(count), true) - fewer, true);
  expect(three.boot(three.resealed(owned))).toContain("pCPU");
});

describe("registers in so many GiB that there are not tables enough to map them: it says so, and starts nothing", () => {
  const far = Array.from({ length: 60 }, (_, n) => (4 + n) * 0x4000_0000);
  const refused = (spec: Partial<typeof STANDARD>): void =>
    expect(new BlobBench({ ...STANDARD, ...spec }).boot()).toMatch(/^axv: the blob is inconsistent/);

  test("that are written at first", () =>
    refused({ inits: far.map((pa) => ({ pa, mask: 0xffff_ffff, value: 1, by: "plc" })) }));

  test("that silence a device", () => {
    const regions = [ram(0x6000_0000, 0x6000_0000, 0x10_0000), ...far.map((pa) => device(pa, 0x1000))];
    const linux = { ...LINUX, channels: [], regions, quiesce: far.map((pa) => ({ pa, value: 0 })) };
    refused({ partitions: [linux, { ...PLC, channels: [], regions: PLC.regions.slice(0, 1) }] });
  });
});

describe("a blob that is damaged is refused", () => {
  test("none there", () => expect(boot(new Uint8Array(0))).toContain("no system blob behind the core: build the image again"));
  test("another version", () =>
    expect(boot(patched(4, BLOB_VERSION + 1))).toContain("another version than this core: build the image again"));
  test("another ISA's, or nobody's", () => {
    for (const isa of [ISA_TABLES.riscv64.BLOB_ISA, 0, 99]) {
      const words = "the blob is for a core of another ISA: build the image again";
      expect(boot(patched(offsetOf("isa"), isa)), String(isa)).toContain(words);
    }
  });
  test("cut off in the middle", () =>
    expect(boot(system.blob.subarray(0, system.blob.length / 2))).toContain(
      "altered (checksum): build the image again, check how it was copied",
    ));
  test("a size that cannot be", () => {
    for (const size of [0, 8, BLOB_MAX_BYTES + 8, system.blob.length + 4])
      expect(boot(patched(8, size)), String(size)).toContain("truncated");
  });

  test("any single bit altered", () => {
    for (let bit = 0; bit < system.blob.length * 8; bit += 37) {
      const bytes = system.blob.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(boot(bytes), `bit ${bit}`).toMatch(/^axv: .*(build the image again|axv-part)/);
    }
  });
});

describe("a blob whose checksum is right but whose plan is not, is refused", () => {
  const { fields } = place(HEADER);
  const offsets = fields.filter(({ name }) => name.endsWith("Offset")).map(({ name, offset }) => [name, offset] as const);

  test.each(offsets)("%s outside the blob, or not aligned; or more of them than there is room for", (_, at) => {
    for (const offset of [system.blob.length, 0xffff_fff8, 4, 161])
      expect(boot(patched(at, offset)), String(offset)).toContain("inconsistent");
    expect(boot(patched(at + 4, 0x4000_0000))).toContain("inconsistent");
  });

  test("pCPUs given twice, to nobody, or by halves", () => {
    const refusal = /gives a pCPU twice, or none/;
    expect(boot(changed("Partition", 1, { cpus: 0b1001 }))).toMatch(refusal);
    expect(boot(changed("Partition", 1, { cpus: 0 }))).toMatch(refusal);
    expect(boot(changed("Partition", 1, { cpus: 0b1_1000 }))).toMatch(refusal);
    expect(boot(changed("Cpu", 2, { partition: 0 }))).toMatch(refusal);
    expect(boot(changed("Cpu", 3, { partition: 0 }))).toMatch(refusal);
    expect(boot(changed("Cpu", 3, { partition: NONE }))).toMatch(refusal);
    expect(boot(changed("Cpu", 1, { vcpu: 0 }))).toMatch(refusal);
    expect(boot(changed("Cpu", 1, { vcpu: 2 }))).toMatch(refusal);
    expect(boot(headerWith({ housekeeper: 4 }))).toMatch(refusal);
  });

  test("two pCPUs with one redistributor or one affinity", () => {
    expect(boot(changed("Cpu", 1, { gicr: 0x080a_0000n }))).toContain("axv-part check");
    expect(boot(changed("Cpu", 1, { id: 0n }))).toContain("axv-part check");
  });

  test("a boot pCPU that the partition does not have", () => {
    expect(boot(changed("Partition", 0, { bootCpu: 3 }))).not.toBe("runs");
    expect(boot(changed("Partition", 0, { bootCpu: 77 }))).not.toBe("runs");
  });

  test("memory that overlaps: the hypervisor's, another partition's, its own, or wraps, or is not whole pages", () => {
    // Moved away from under its load, which is looked at before the next partition's regions are.
    const refusal = /overlapping or unaligned memory|loads an image outside/;
    const bad: Change[] = [
      { pa: 0x4020_0000n },
      { pa: 0x4000_0000n },
      { pa: 0x4800_0000n },
      { pa: 0x4700_0000n, size: 0x200_0000n },
      { ipa: 0x0a00_0000n },
      { pa: 0x6000_0001n },
      { size: 0n },
      { size: 0x1001n },
      { pa: 0xffff_ffff_ffff_f000n, size: 0x2000n },
      { ipa: 0xffff_ffff_ffff_f000n },
      { kind: 4 },
    ];
    for (const change of bad) expect(boot(changed("Region", LINUX_MEMORY, change)), show(change)).toMatch(refusal);
  });

  test("memory where the largest blob would end, which is mapped before the blob's length is known", () => {
    const { base, size } = system.plan.image;
    for (const pa of [base + size - 0x1000, base + size, base + size + BLOB_MAX_BYTES - 0x1000]) {
      const more = new BlobBench({
        ...STANDARD,
        partitions: [LINUX, { ...PLC, regions: [...PLC.regions, ram(0x6000_0000, pa, 0x1000)] }],
      });
      expect(more.boot(), pa.toString(16)).toContain("overlapping");
    }
  });

  test("RAM whose end wraps", () => {
    for (const size of [0xffff_ffff_ffff_f000n, 0xffff_ffff_c000_0000n, 0xffff_ffff_d000_0000n])
      expect(boot(changed("Ram", 0, { size }))).toMatch(/inconsistent|not where/);
  });

  test("a channel's memory as anything but the same channel in both partitions", () => {
    expect(boot(changed("Region", 2, { kind: 0 }))).toMatch(/overlapping/);
    expect(boot(changed("Region", 2, { size: 0x2000n }))).toMatch(/overlapping/);
    expect(boot(changed("Region", 4, { pa: 0x4fff_f000n, size: 0x2000n }))).toMatch(/overlapping/);
  });

  test("the hypervisor's own devices given to a partition: GICD, any GICR, the UART", () => {
    for (const pa of [0x0800_0000n, 0x080a_0000n, 0x0810_0000n, 0x0900_0000n]) {
      expect(boot(changed("Region", 4, { kind: 1, ipa: pa, pa, size: 0x1000n })), `0x${pa.toString(16)}`).toMatch(/overlapping/);
    }
  });

  test("memory where the partition's emulated devices are: they would not be emulated", () => {
    for (const ipa of [0x0800_0000n, 0x080a_0000n, 0x080c_0000n, 0x0900_0000n]) {
      expect(boot(changed("Region", 1, { ipa, size: 0x1000n })), `0x${ipa.toString(16)}`).toMatch(/overlapping/);
    }
  });

  test("regions that belong to two partitions", () => {
    expect(boot(changed("Partition", 1, { regionFirst: 0 }))).toMatch(/overlapping/);
    expect(boot(changed("Partition", 1, { regionCount: 4 }))).not.toBe("runs");
  });

  test("in whatever order regions are: those over one another are found, and no others", () => {
    const PAGE = 0x1000;
    const random = randomFrom(11);
    const device = (): PlannedRegion => {
      const at = 0x0a00_8000 + random(24) * PAGE;
      return { name: "d", ipa: at, pa: at, size: (1 + random(2)) * PAGE, kind: "device", access: "rw" };
    };
    const verdicts = new Set<boolean>();
    for (let round = 0; round < 60; round++) {
      const [more, others] = [[device(), device(), device()], [device(), device()]];
      const all = [...more, ...others];
      const isApart = (one: PlannedRegion, other: PlannedRegion): boolean =>
        other.pa >= one.pa + one.size || one.pa >= other.pa + other.size;
      const apart = all.every((one, n) => all.slice(n + 1).every((other) => isApart(one, other)));
      const trial = new BlobBench({ ...STANDARD, partitions: [with_(LINUX, more), with_(PLC, others)] });
      expect(trial.boot(trial.reordered(random)) === "runs", JSON.stringify(all)).toBe(apart);
      verdicts.add(apart);
    }
    expect(verdicts.size).toBe(2);
  });

  test("interrupts: given twice, not implemented, SGIs and PPIs of the hypervisor", () => {
    const refusal = /gives an interrupt twice, or a missing one/;
    expect(boot(changed("Partition", 0, { ppis: 1 << 26 }))).toMatch(refusal);
    expect(boot(changed("Partition", 0, { ppis: 1 << 25 }))).toMatch(refusal);
    expect(boot(changed("Partition", 0, { ppis: 1 }))).toMatch(refusal);
    expect(boot(changed("Interrupt", 1, { line: 48 })), "48 twice").toMatch(refusal);
    expect(boot(changed("Partition", 0, { consoleInterrupt: 60 }))).toMatch(refusal);
    expect(boot(machineWith({ maintenance: 3 }))).toMatch(refusal);
    expect(boot(machineWith({ spiLimit: 1024 }))).toMatch(refusal);
    expect(boot(machineWith({ spiLimit: 32 }))).toMatch(refusal);
  });

  test("loads outside the partition's memory, or not from the image", () => {
    const refusal = /loads outside its partition/;
    for (const change of [
      { target: 0x4800_0000n },
      { target: 0x61ff_ffc0n, size: 128n },
      { target: 0x6000_0020n },
      { source: 32n },
      { size: 0xffff_ffff_ffff_ffc0n },
      { source: 0x4000_0000n },
    ]) {
      expect(boot(changed("Load", 0, change)), show(change)).toMatch(refusal);
    }
  });

  test("channels without a partner, with itself, or with a doorbell that the partner does not own", () => {
    const refusal = /channel without a partner/;
    for (const change of [{ peer: 0 }, { peer: 2 }, { doorbell: 233 }, { doorbell: 60 + 1024 }, { doorbell: 3 }]) {
      expect(boot(changed("Channel", 0, change)), JSON.stringify(change)).toMatch(refusal);
    }
  });

  test("registers to silence that are not in a device of the partition, or not whole", () => {
    for (const pa of [0x0a00_0071n, 0x6000_0000n, 0x0900_0000n, 0x0a00_4000n])
      expect(boot(changed("Quiesce", 0, { pa })), `0x${pa.toString(16)}`).toMatch(/silences a foreign device/);
  });

  test("an image that is not where the plan wants it", () => {
    expect(boot(headerWith({ imageBase: 0x4040_0000n }))).toContain("load it where axv-part plan says");
    expect(boot(headerWith({ imageBase: 0n }))).toBe("runs");
  });

  test("less memory for the hypervisor than its own image takes, or more than it can map", () => {
    for (const hypervisorSize of [0n, 0x1000n, BigInt(system.spec.board.imageSize), 1n << 39n])
      expect(boot(headerWith({ hypervisorSize })), String(hypervisorSize)).not.toBe("runs");
  });

  test("just as much as its own image takes, nothing being loaded, is enough; a byte less is not", () => {
    const bare = new BlobBench({ ...STANDARD, partitions: STANDARD.partitions.map(({ image: _, ...partition }) => partition) });
    const least = BigInt(bare.system.spec.board.imageSize + bare.system.blob.length);
    expect(bare.boot(bare.headerWith({ hypervisorSize: least }))).toBe("runs");
    expect(bare.boot(bare.headerWith({ hypervisorSize: least - 1n }))).toContain("truncated");
  });

  test("memory above what the hypervisor maps for itself", () => {
    const refusal = /overlapping or unaligned memory|loads an image outside/;
    expect(boot(changed("Region", LINUX_MEMORY, { pa: 1n << 38n }))).toMatch(refusal);
  });

  test("another UART than the image was packed for", () => expect(boot(headerWith({ uart: 0x0a00_0000n }))).not.toBe("runs"));

  test("a GIC or UART that this core does not drive, no tick", () => {
    expect(boot(machineWith({ gicVersion: 2 }))).toContain("inconsistent");
    expect(boot(headerWith({ uartKind: 9 }))).toContain("inconsistent");
    expect(boot(headerWith({ tickMicroseconds: 0 }))).toContain("inconsistent");
    expect(boot(headerWith({ telemetryMilliseconds: 0 }))).toContain("inconsistent");
  });
});

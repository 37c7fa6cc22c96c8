// Decisions of the planner that people rely on: where memory goes, who keeps house, which numbers interrupts get.
import { describe, expect, test } from "vitest";
import type { Plan, PlannedPartition } from "../../partitions/plan/plan.ts";
import { planText, sound } from "./systems.ts";

const planOf = (partitions: string, channels = "{}"): Plan =>
  sound(planText(`board: qemu-aarch64\npartitions: ${partitions}\nchannels: ${channels}\n`)).plan;

const partition = (plan: Plan, name: string): PlannedPartition => {
  const found = plan.partitions.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

const ram = (plan: Plan, name: string): { pa: number; ipa: number } => {
  const region = partition(plan, name).regions.find(({ kind }) => kind === "ram");
  return { pa: region?.pa ?? -1, ipa: region?.ipa ?? -1 };
};

describe("memory", () => {
  test("is given from the top of RAM down, the largest first, aligned to its own size", () => {
    const plan = planOf(
      "{ a: { guest: plc, cpus: [0], memory: 16M }, b: { guest: linux, cpus: [1], memory: 256M }, c: { guest: linux, cpus: [2], memory: 128M } }",
    );
    expect(ram(plan, "b").pa).toBe(0x70000000);
    expect(ram(plan, "c").pa).toBe(0x68000000);
    expect(ram(plan, "a").pa).toBe(0x67000000);
  });

  test("what cannot be aligned to its size any more is aligned as well as it can be, to 2 MiB at least", () => {
    const plan = planOf("{ a: { guest: linux, cpus: [0], memory: 768M } }");
    expect(ram(plan, "a").pa).toBe(0x50000000);
    const odd = planOf("{ a: { guest: linux, cpus: [0], memory: 1000M } }");
    expect(ram(odd, "a").pa).toBe(0x41000000);
  });

  test("who says where gets it, and the others go round it", () => {
    const plan = planOf(
      "{ a: { guest: plc, cpus: [0], memory: { size: 16M, at: 0x7f000000 } }, b: { guest: linux, cpus: [1], memory: 512M } }",
    );
    expect(ram(plan, "a").pa).toBe(0x7f000000);
    expect(ram(plan, "b").pa).toBe(0x50000000);
  });

  test("is at IPA = PA for Linux and at the IPA of its profile for the PLC guest, unless the file says otherwise", () => {
    const plan = planOf(
      "{ a: { guest: plc, cpus: [0] }, b: { guest: linux, cpus: [1] }, c: { guest: plc, cpus: [2], memory: { size: 16M, ipa: identity } } }",
    );
    expect(ram(plan, "a").ipa).toBe(0x40000000);
    expect(ram(plan, "b").ipa).toBe(ram(plan, "b").pa);
    expect(ram(plan, "c").ipa).toBe(ram(plan, "c").pa);
  });
});

describe("housekeeping", () => {
  test("is on a spare pCPU where there is one", () => {
    expect(planOf("{ a: { guest: plc, cpus: [0, 1] }, b: { guest: linux, cpus: [3] } }").housekeeper).toBe(2);
  });

  test("else on the first pCPU of a partition that is not real-time", () => {
    expect(planOf("{ a: { guest: plc, cpus: [0, 1] }, b: { guest: linux, cpus: [3, 2] } }").housekeeper).toBe(3);
  });

  test("else, with a warning, on the first pCPU of all", () => {
    const outcome = planText("board: qemu-aarch64\npartitions: { a: { guest: plc, cpus: [2, 0, 1, 3] } }\n");
    expect(sound(outcome).plan.housekeeper).toBe(2);
    expect(outcome.diagnostics).toMatchObject([{ code: "AXV-P060", severity: "warning" }]);
  });
});

describe("interrupts", () => {
  const plan = planOf(
    "{ a: { guest: plc, cpus: [0] }, b: { guest: linux, cpus: [1], devices: [virtio3] } }",
    "{ c: { between: [b, a] }, d: { between: [a, b] } }",
  );

  test("spare SPIs go to consoles first, then to doorbells, in the order of the file", () => {
    expect(plan.partitions.map(({ consoleInterrupt }) => consoleInterrupt)).toEqual([232, 233]);
    expect(partition(plan, "b").channels).toMatchObject([
      { name: "c", interrupt: 234, doorbell: 235, peer: 0 },
      { name: "d", interrupt: 237, doorbell: 236, peer: 0 },
    ]);
    expect(partition(plan, "a").channels).toMatchObject([
      { name: "c", interrupt: 235, doorbell: 234, peer: 1 },
      { name: "d", interrupt: 236, doorbell: 237, peer: 1 },
    ]);
  });

  test("a device's SPI keeps its number and its trigger", () => {
    expect(partition(plan, "b").interrupts[0]).toEqual({ intid: 51, trigger: "edge", use: "virtio3" });
  });
});

describe("address space", () => {
  test("channels of the PLC guest follow one another from 0x50000000, in the order of the file", () => {
    const plan = planOf(
      "{ a: { guest: plc, cpus: [0] }, b: { guest: linux, cpus: [1] } }",
      "{ c: { between: [b, a], size: 8K }, d: { between: [a, b] } }",
    );
    expect(partition(plan, "a").channels.map(({ ipa, size }) => [ipa, size])).toEqual([
      [0x50000000, 0x2000],
      [0x50002000, 0x1000],
    ]);
  });

  test("devices that share a page are mapped once", () => {
    const plan = planOf("{ a: { guest: linux, cpus: [0], devices: [virtio9, virtio0, virtio1, virtio31] } }");
    expect(partition(plan, "a").regions.slice(1)).toEqual([
      {
        name: "virtio0, virtio1, virtio9",
        ipa: 0x0a000000,
        pa: 0x0a000000,
        size: 0x2000,
        kind: "device",
        access: "rw",
      },
      { name: "virtio31", ipa: 0x0a003000, pa: 0x0a003000, size: 0x1000, kind: "device", access: "rw" },
    ]);
  });
});

// What a guest is told of each thing that a partition can have, node by node, in whole.
import { describe, expect, test } from "vitest";
import type { Aarch64Board } from "../../boards/schema.ts";
import { guestTree } from "../../partitions/devicetree/guest-tree.ts";
import type { Aarch64PlannedPartition, PlannedChannelEnd, PlannedDevice } from "../../partitions/plan/plan.ts";
import { gicv2, qemu } from "./reported.ts";
import { here, plan, sound } from "./systems.ts";

const partition = (change: Partial<Aarch64PlannedPartition>): Aarch64PlannedPartition => {
  const [linux] = sound(plan(here("golden/system.yaml"))).plan.partitions;
  if (linux === undefined) throw new Error("no linux");
  return { ...linux, devices: [], channels: [], pmu: false, telemetry: false, ...change };
};
interface Asked {
  readonly change?: Partial<Aarch64PlannedPartition>;
  readonly board?: Aarch64Board;
  readonly cmdline?: string;
  readonly initrd?: { readonly start: number; readonly end: number };
}
const tree = ({ change = {}, board = qemu, cmdline = "quiet", initrd }: Asked): string =>
  guestTree({ board, partition: partition(change), cmdline, initrd });
/** Lines of a node, and of what is in it; none: it is not there. */
function node(name: string, asked: Asked): string[] {
  const lines = tree(asked).split("\n");
  const first = lines.findIndex((line) => line.trim() === `${name} {`);
  const indent = /^\t*/.exec(lines[first] ?? "")?.[0] ?? "";
  const last = lines.findIndex((line, n) => n > first && line === `${indent}};`);
  return first < 0 ? [] : lines.slice(first + 1, last).map((line) => line.trim()).filter((line) => line !== "");
}
const names = (asked: Asked): string[] => [...tree(asked).matchAll(/^\t(\S+) \{$/gm)].map(([, name = ""]) => name);

test("nodes are there in this order: the hypervisor's own, devices, channels, a mailbox", () => {
  expect(names({})).toEqual([
    "chosen", "psci", "cpus", "memory@60000000", "timer", "interrupt-controller@8000000", "uart-clock", "pl011@9000000",
  ]);
  expect(names({ change: { regions: [], telemetry: true, pmu: true } })).toEqual([
    "chosen", "psci", "cpus", "timer", "pmu", "interrupt-controller@8000000", "uart-clock", "pl011@9000000", "pl011@9001000",
  ]);
});

describe("each node", () => {
  const [console, cell] = [0x0900_0000, (value: number): string => (value < 10 ? String(value) : `0x${value.toString(16)}`)];

  test("chosen: a seed, the command line, the console; an initial RAM disk if there is one", () => {
    const seed = `rng-seed = <${Array<number>(16).fill(0).join(" ")}>;`;
    const own = [seed, 'bootargs = "quiet \\"x\\"";', 'stdout-path = "/pl011@9000000";'];
    expect(node("chosen", { cmdline: 'quiet "x"' })).toEqual(own);
    expect(node("chosen", { cmdline: 'quiet "x"', initrd: { start: 0x1_4000_0000, end: 0x1_4000_0010 } })).toEqual([
      ...own, "linux,initrd-start = <1 0x40000000>;", "linux,initrd-end = <1 0x40000010>;",
    ]);
  });

  test("root and uart-clock", () => {
    expect(tree({}).split("\n").slice(3, 8).map((line) => line.trim())).toEqual([
      'compatible = "linux,dummy-virt";', 'model = "axv-part qemu-aarch64: linux";', "#address-cells = <2>;", "#size-cells = " +
        "<2>;",
      "interrupt-parent = <1>;",
    ]);
    expect(node("uart-clock", {})).toEqual([
      'compatible = "fixed-clock";', "#clock-cells = <0>;", "clock-frequency = <0x16e3600>;", "phandle = <2>;",
    ]);
  });

  test("UARTs, the console first, by one interrupt", () => {
    const uart = (high: string): string[] => [
      'compatible = "arm,pl011", "arm,primecell";', `reg = <0 ${high} 0 0x1000>;`, "interrupts = <0 0xc8 1>;", "clocks = <2 2>;",
      'clock-names = "uartclk", "apb_pclk";',
    ];
    const both = { change: { telemetry: true, console, consoleInterrupt: 232 } };
    expect(node("pl011@9000000", both)).toEqual(uart("0x9000000"));
    expect(node("pl011@9001000", both)).toEqual(uart("0x9001000"));
    expect(node("pl011@9001000", {})).toEqual([]);
  });

  test("pCPUs, each of its own model; with a phandle where PMUs have SPIs", () => {
    const cpus: Partial<Aarch64PlannedPartition> = { cpus: [3, 1] };
    const mixed = { ...qemu, cpus: { ...qemu.cpus, compatible: ["a", "b", "c", "d"] } };
    const cpu = (model: string, vcpu: number, ...more: string[]): string[] =>
      ['device_type = "cpu";', `compatible = "${model}";`, `reg = <${vcpu}>;`, 'enable-method = "psci";', ...more];
    expect(node("cpus", { change: cpus, board: mixed })).toEqual([
      "#address-cells = <1>;", "#size-cells = <0>;", "cpu@0 {", ...cpu("d", 0), "};", "cpu@1 {", ...cpu("b", 1), "};",
    ]);
    const spis = { ...mixed, pmu: { spis: [100, 101, 102, 103] } };
    expect(node("cpu@1", { change: { ...cpus, pmu: true }, board: spis })).toEqual(cpu("b", 1, "phandle = <4>;"));
    expect(node("cpu@1", { change: cpus, board: spis })).toEqual(cpu("b", 1));
    expect(node("cpu@1", { change: { ...cpus, pmu: true }, board: mixed })).toEqual(cpu("b", 1));
    expect(node("pmu", { change: { ...cpus, pmu: true }, board: spis })).toEqual([
      'compatible = "arm,armv8-pmuv3";', "interrupts = <0 0x67 4 0 0x65 4>;", "interrupt-affinity = <3 4>;",
    ]);
    expect(node("pmu", { change: { pmu: true } })).toEqual(['compatible = "arm,armv8-pmuv3";', "interrupts = <1 7 4>;"]);
    expect(node("pmu", { change: { pmu: true }, board: { ...qemu, pmu: undefined } })).toEqual([]);
  });

  test("timers and GIC; of a GICv2 with the pCPUs that it is wired to, and its CPU interface", () => {
    expect(node("timer", {}))
      .toEqual(['compatible = "arm,armv8-timer";', "interrupts = <1 0xd 4 1 0xe 4 1 0xb 4>;", "always-on;"]);
    const common = ["#interrupt-cells = <3>;", "interrupt-controller;"];
    expect(node("interrupt-controller@8000000", {})).toEqual([
      'compatible = "arm,gic-v3";', ...common, "reg = <0 0x8000000 0 0x10000 0 0x80a0000 0 0x40000>;", "phandle = <1>;",
    ]);
    const regions: Aarch64PlannedPartition["regions"] = [
      { name: "GICC", ipa: 0x801_0000, pa: 0x804_0000, size: 0x2000, kind: "interface", access: "rw" },
    ];
    const old = { board: gicv2, change: { gicr: null, cpus: [0, 1, 2], regions } };
    expect(node("timer", old)[1]).toBe("interrupts = <1 0xd 0x704 1 0xe 0x704 1 0xb 0x704>;");
    expect(node("interrupt-controller@8000000", old)).toEqual([
      'compatible = "arm,gic-400", "arm,cortex-a15-gic";', ...common, "reg = <0 0x8000000 0 0x1000 0 0x8010000 0 0x2000>;",
      "phandle = <1>;",
    ]);
    expect(node("interrupt-controller@8000000", { ...old, change: { ...old.change, regions: [] } })[3]).toBe(
      "reg = <0 0x8000000 0 0x1000>;",
    );
  });

  test("devices, as far as they have interrupts, clocks, and a cache with the pCPUs", () => {
    const device = (change: Partial<PlannedDevice>): Asked => ({ change: { devices: [{
      name: "x", windows: [{ base: 0xb00_0000, size: 0x100 }], interrupts: [], node: "dev", compatible: ["a,b", "c"],
      dmaCoherent: false, reachesAllMemory: false, clockNames: [], ...change,
    }] } });
    const own = ['compatible = "a,b", "c";', "reg = <0 0xb000000 0 0x100>;"];
    expect(node("dev@b000000", device({}))).toEqual(own);
    expect(node("dev@b000000", device({
      windows: [{ base: 0xb00_0000, size: 0x100 }, { base: 0xb01_0000, size: 0x10 }], dmaCoherent: true, clockNames: ["p", "q"],
      interrupts: [{ intid: 40, trigger: "edge" }, { intid: 60, trigger: "level" }],
    }))).toEqual([
      'compatible = "a,b", "c";', "reg = <0 0xb000000 0 0x100 0 0xb010000 0 0x10>;", "interrupts = <0 8 1 0 0x1c 4>;",
      "dma-coherent;", "clocks = <2 2>;", 'clock-names = "p", "q";',
    ]);
  });

  test("channels, with what they carry; and a mailbox", () => {
    const end: PlannedChannelEnd = {
      name: "c", ipa: 0x5000_0000, size: 0x2000, peer: 1, doorbell: 240, interrupt: 241, carriesImage: false, carriesTags: false,
    };
    const told = (change: Partial<PlannedChannelEnd>): string[] =>
      node("c@50000000", { change: { channels: [{ ...end, ...change }] } });
    const own = [
      'compatible = "generic-uio";', 'linux,uio-name = "c";', "reg = <0 0x50000000 0 0x2000>;", `interrupts = <0 ${cell(209)} ` +
        "1>;",
    ];
    expect(told({})).toEqual(own);
    expect(told({ carriesImage: true })).toEqual([...own, 'axv,carries = "process-image";']);
    expect(told({ carriesTags: true })).toEqual([...own, 'axv,carries = "tags";']);
    const regions: Aarch64PlannedPartition["regions"] = [
      { name: "memory", ipa: 0x1_0000_0000, pa: 0, size: 0x20_0000, kind: "ram", access: "rwx" },
      { name: "mailbox", ipa: 0x5100_0000, pa: 0, size: 0x1000, kind: "mailbox", access: "rw" },
    ];
    expect(node("mailbox@51000000", { change: { regions } })).toEqual(['compatible = "axv,mailbox";', "reg = <0 0x51000000 0 " +
      "0x1000>;"]);
    expect(node("memory@100000000", { change: { regions } })).toEqual(['device_type = "memory";', "reg = <1 0 0 0x200000>;"]);
  });
});

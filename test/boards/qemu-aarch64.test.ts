// The board.yaml of each machine of QEMU's that makes a device tree of itself, against that very tree.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Board, Device } from "../../boards/schema.ts";
import { readFdt } from "../../partitions/devicetree/fdt.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { cellOf, cellsOf, isCompatible, phandleOf, stringsOf } from "../../partitions/devicetree/properties.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { findQemu } from "../../tools/run/qemu.ts";

function boardNamed(name: string): Board {
  const findings = new Findings(new YamlSource("none", ""));
  const board = boards().get(name, findings);
  if (board === undefined) throw new Error(`board.yaml is wrong: ${JSON.stringify(findings.sorted)}`);
  return board;
}

const QEMU_TIMEOUT_MS = 30_000;

function dumpTree(board: Board): Places {
  const { machine, cpu, smp = board.cpus.mpidr.length } = board.boot.qemu ?? { machine: "", cpu: "" };
  const folder = mkdtempSync(join(tmpdir(), "axv-board-"));
  try {
    const file = join(folder, "board.dtb");
    const ram = board.ram.reduce((sum, { size }) => sum + size, 0);
    const options = [
      "-nodefaults",
      "-display",
      "none",
      "-M",
      `${machine},dumpdtb=${file}`,
      "-cpu",
      cpu,
      "-smp",
      String(smp),
      "-m",
      `${ram / 2 ** 20}M`,
    ];
    execFileSync(findQemu(), options, { timeout: QEMU_TIMEOUT_MS, stdio: ["ignore", "ignore", "pipe"] });
    return new Places(readFdt(readFileSync(file)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Both GICs: <type number trigger>, the trigger in the lower bits of the third cell.
const SPI = 0;
const PPI = 1;
const TRIGGER = { edge: 1, level: 4 } as const;
const TRIGGER_BITS = 0xf;

/** INTA to INTD of the four slots after which they begin anew. */
const PCI_PINS = 4 * 4;

/** What the machine's tree says nothing of is not known from there. */
describe.each([
  { name: "qemu-aarch64", silentOf: [] },
  { name: "qemu-aarch64-gicv2", silentOf: [] },
  { name: "xlnx-versal-virt", silentOf: ["PMU", "PSCI"] },
])("$name", ({ name, silentOf }) => {
  const board = boardNamed(name);
  const tree = dumpTree(board);
  /** Without the pCPUs that a GICv2's PPI is wired to. */
  const ppiOf = (node: FdtNode): number[] =>
    cellsOf(node, "interrupts").map((cell, index) => (index % 3 === 2 ? cell & TRIGGER_BITS : cell));

  const compatibleWith = (compatible: string): FdtNode[] => tree.all.filter((node) => isCompatible(node, compatible));

  function only(compatible: string): FdtNode {
    const [node, ...others] = compatibleWith(compatible);
    if (node === undefined || others.length > 0)
      throw new Error(`${others.length + (node === undefined ? 0 : 1)} nodes are ${compatible}`);
    return node;
  }

  const child = (name: string): FdtNode | undefined => tree.root.children.find((node) => node.name === name);

  test("pCPUs: their number, MPIDRs and type", () => {
    const cpus = child("cpus")?.children.filter(({ name }) => name.startsWith("cpu@")) ?? [];
    expect(cpus.flatMap((node) => cellsOf(node, "reg"))).toEqual(board.cpus.mpidr);
    for (const node of cpus) expect(stringsOf(node, "compatible")).toEqual(board.cpus.compatible.slice(0, 1));
  });

  test("RAM", () => {
    const banks = tree.root.children.filter((node) => stringsOf(node, "device_type")[0] === "memory");
    expect(banks.flatMap((node) => tree.windowsOf(node))).toEqual(board.ram);
  });

  test("GIC: where its parts are, maintenance interrupt", () => {
    const { gic } = board;
    const node = only(gic.version === 2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
    const windows = tree.windowsOf(node) ?? [];
    const parts = windows.map(({ base }) => base);
    if (gic.version === 2) expect(parts).toEqual([gic.gicd, gic.gicc, gic.gich, gic.gicv]);
    else {
      expect(parts.slice(0, 2)).toEqual([gic.gicd, gic.gicr]);
      expect(gic.gicr_stride).toBe(0x20000); // GICv3 (IHI 0069) 12.10: RD_base and SGI_base, 64 KiB each
      expect(gic.gicr_stride * board.cpus.mpidr.length).toBeLessThanOrEqual(windows[1]?.size ?? 0);
    }
    expect(ppiOf(node)).toEqual([PPI, gic.maintenance, TRIGGER.level]);
  });

  test("timer PPIs, in the order of the binding", () => {
    const { secure, physical, virtual, hypervisor } = board.timer;
    expect(cellsOf(only("arm,armv8-timer"), "interrupts").filter((_, index) => index % 3 === 1)).toEqual([
      secure,
      physical,
      virtual,
      hypervisor,
    ]);
  });

  test("PMU PPI, where one is wired", () => {
    const wired = board.pmu === undefined ? [] : [[PPI, board.pmu, TRIGGER.level]];
    expect(compatibleWith("arm,armv8-pmuv3").map(ppiOf)).toEqual(wired);
    expect(wired).toHaveLength(silentOf.includes("PMU") ? 0 : 1);
  });

  test("UART and its clock", () => {
    const [console = ""] = stringsOf(tree.byPath("/chosen") ?? tree.root, "stdout-path");
    const uart = tree.byPathOrAlias(console) ?? only("arm,pl011");
    expect(isCompatible(uart, "arm,pl011")).toBe(true);
    expect(tree.windowsOf(uart)?.[0]?.base).toBe(board.uart.reg);
    expect(cellsOf(uart, "interrupts")).toEqual([SPI, board.uart.spi, TRIGGER.level]);
    const [clock = 0] = cellsOf(uart, "clocks");
    expect(cellOf(tree.pointedTo(uart, "clocks", clock), "clock-frequency")).toBe(board.uart.clock_hz);
  });

  test("firmware's PSCI is called the way it is there", () => {
    const methods = compatibleWith("arm,psci-1.0").map((node) => stringsOf(node, "method"));
    expect(methods).toEqual(silentOf.includes("PSCI") ? [] : [[board.boot.conduit]]);
  });

  describe("devices", () => {
    test.each(Object.entries(board.devices))("%s", (_, device: Device) => {
      const found = compatibleWith(device.compatible[0] ?? "").find(
        (node) => tree.windowsOf(node)?.[0]?.base === device.windows[0].base,
      );
      if (found === undefined) throw new Error("it is not there");
      expect(found.name).toBe(`${device.node}@${device.windows[0].base.toString(16)}`);
      expect(stringsOf(found, "compatible")).toEqual(device.compatible);
      expect(tree.windowsOf(found)).toEqual(device.windows);
      expect(cellsOf(found, "interrupts")).toEqual(device.spis.flatMap((spi) => [SPI, spi, TRIGGER[device.trigger]]));
      expect(found.properties.has("dma-coherent")).toBe(device.dma_coherent);
      expect(stringsOf(found, "clock-names")).toEqual(device.clock_names);
    });

    test("every virtio-mmio slot is there", () => {
      const slots = compatibleWith("virtio,mmio").map((node) => tree.windowsOf(node)?.[0]?.base);
      const all = Object.values(board.devices).filter(({ compatible }) => compatible[0] === "virtio,mmio");
      const ours = all.map(({ windows: [{ base }] }) => base);
      expect(ours.sort((a, b) => a - b)).toEqual(slots.sort((a, b) => Number(a) - Number(b)));
    });

    test("no device of the machine, ours or not, uses a spare SPI", () => {
      // All interrupts of devices are <type number trigger> of the GIC.
      const wired = tree.all.flatMap((node) => cellsOf(node, "interrupts"));
      const direct = wired.filter((_, index) => index % 3 === 1 && wired[index - 1] === SPI);
      expect(direct).toContain(board.uart.spi);
      // PCI's legacy interrupts: rows of <address ×3, pin, GIC phandle, unit address ×2, type, SPI, trigger>.
      const gic = phandleOf(only(board.gic.version === 2 ? "arm,cortex-a15-gic" : "arm,gic-v3"));
      const hosts = compatibleWith("pci-host-ecam-generic");
      const map = hosts.flatMap((node) => cellsOf(node, "interrupt-map"));
      const pci = map.flatMap((cell, index) => (cell === gic && map[index + 3] === SPI ? [map[index + 4] ?? -1] : []));
      expect(pci).toHaveLength(PCI_PINS * hosts.length);
      const [first, last] = board.spare_spis;
      expect([...direct, ...pci].filter((spi) => spi >= first && spi <= last)).toEqual([]);
      expect(last).toBeLessThan(board.gic.spis);
    });
  });
});

// boards/qemu-aarch64/board.yaml and the one of its variant with a GICv2, against the device tree that QEMU itself makes of
// this very machine.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Board, Device } from "../../boards/schema.ts";
import { readFdt } from "../../partitions/devicetree/fdt.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { cellsOf, isCompatible, stringsOf } from "../../partitions/devicetree/properties.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";

function boardNamed(name: string): Board {
  const findings = new Findings(new YamlSource("none", ""));
  const board = boards().get(name, findings);
  if (board === undefined) throw new Error(`board.yaml is wrong: ${JSON.stringify(findings.sorted)}`);
  return board;
}

const QEMU_TIMEOUT_MS = 30_000;

function dumpTree(board: Board): Places {
  const { machine, cpu } = board.boot.qemu ?? { machine: "", cpu: "" };
  const folder = mkdtempSync(join(tmpdir(), "axv-board-"));
  try {
    const file = join(folder, "board.dtb");
    const ram = board.ram.reduce((sum, { size }) => sum + size, 0);
    const smp = String(board.cpus.mpidr.length);
    const options = [
      "-nodefaults",
      "-display",
      "none",
      "-M",
      `${machine},dumpdtb=${file}`,
      "-cpu",
      cpu,
      "-smp",
      smp,
      "-m",
      `${ram / 2 ** 20}M`,
    ];
    execFileSync("qemu-system-aarch64", options, { timeout: QEMU_TIMEOUT_MS, stdio: ["ignore", "ignore", "pipe"] });
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

describe.each(["qemu-aarch64", "qemu-aarch64-gicv2"])("%s", (name) => {
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
    for (const node of cpus) expect(stringsOf(node, "compatible")).toEqual([board.cpus.compatible]);
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

  test("PMU PPI", () => {
    expect(ppiOf(only("arm,armv8-pmuv3"))).toEqual([PPI, board.pmu, TRIGGER.level]);
  });

  test("UART and its clock", () => {
    const uart = only("arm,pl011");
    expect(tree.windowsOf(uart)?.[0]?.base).toBe(board.uart.reg);
    expect(cellsOf(uart, "interrupts")).toEqual([SPI, board.uart.spi, TRIGGER.level]);
    expect(cellsOf(only("fixed-clock"), "clock-frequency")).toEqual([board.uart.clock_hz]);
  });

  test("firmware's PSCI is called the way it is there", () => {
    expect(stringsOf(only("arm,psci-1.0"), "method")).toEqual([board.boot.conduit]);
  });

  describe("devices", () => {
    test.each(Object.entries(board.devices))("%s", (_, device: Device) => {
      const found = compatibleWith(device.compatible[0] ?? "").find(
        (node) => tree.windowsOf(node)?.[0]?.base === device.reg,
      );
      if (found === undefined) throw new Error("it is not there");
      expect(found.name).toBe(`${device.node}@${device.reg.toString(16)}`);
      expect(stringsOf(found, "compatible")).toEqual(device.compatible);
      expect(tree.windowsOf(found)).toEqual([{ base: device.reg, size: device.size }]);
      expect(cellsOf(found, "interrupts")).toEqual([SPI, device.spi, TRIGGER[device.trigger]]);
      expect(found.properties.has("dma-coherent")).toBe(device.dma_coherent);
      expect(stringsOf(found, "clock-names")).toEqual(device.clock_names);
    });

    test("every virtio-mmio slot is there", () => {
      const slots = compatibleWith("virtio,mmio").map((node) => tree.windowsOf(node)?.[0]?.base);
      const ours = Object.values(board.devices).filter(({ compatible }) => compatible[0] === "virtio,mmio");
      expect(ours.map(({ reg }) => reg).sort((a, b) => a - b)).toEqual(slots.sort((a, b) => Number(a) - Number(b)));
    });

    test("no device of the machine, ours or not, uses a spare SPI", () => {
      const node = only(board.gic.version === 2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
      const gic = cellsOf(node, "phandle")[0];
      const wired = compatibleWith("arm,primecell").concat(compatibleWith("virtio,mmio"));
      const direct = wired.flatMap((node) => cellsOf(node, "interrupts")[1] ?? []);
      // PCI's legacy interrupts: rows of <address ×3, pin, GIC phandle, unit address ×2, type, SPI, trigger>.
      const map = cellsOf(only("pci-host-ecam-generic"), "interrupt-map");
      const pci = map.flatMap((cell, index) => (cell === gic && map[index + 3] === SPI ? [map[index + 4] ?? -1] : []));
      expect(pci.length).toBe(16);
      const [first, last] = board.spare_spis;
      expect([...direct, ...pci].filter((spi) => spi >= first && spi <= last)).toEqual([]);
      expect(last).toBeLessThan(board.gic.spis);
    });
  });
});

// Nodes of a guest's device tree that AArch64 has: PSCI, timers, PMU, GIC; and how a node says which interrupt it has.
import type { Trigger } from "../../../boards/devices.ts";
import type { Aarch64Board as Board } from "../../../boards/schema.ts";
import { pmuLines } from "../../plan/aarch64/machine.ts";
import { FIRST_SPI, GICD_SIZE, GICR_SIZE, GICV2_GICD_SIZE } from "../../plan/aarch64/sizes.ts";
import type { Aarch64PlannedPartition as PlannedPartition, PlannedLine } from "../../plan/plan.ts";
import { reg, unit } from "../dts.ts";
import type { OwnPhandles, TreeNode, Value } from "../dts.ts";
import { TRIGGER_CELL } from "../trigger.ts";

const GICV2 = ["arm,gic-400", "arm,cortex-a15-gic"];
const GICV3 = ["arm,gic-v3"];
// Of both: <type number trigger>.
const GIC_SPI = 0;
const GIC_PPI = 1;

/** `interrupts` of a node. */
export const interruptCells = (intid: number, trigger: Trigger): number[] =>
  [GIC_SPI, intid - FIRST_SPI, TRIGGER_CELL[trigger]];

export const rootProperties = ({ controller }: OwnPhandles): Readonly<Record<string, Value>> => ({
  "interrupt-parent": [controller],
});
export const interruptProperties = (lines: readonly PlannedLine[]): Readonly<Record<string, Value>> => ({
  interrupts: lines.flatMap(({ intid, trigger }) => interruptCells(intid, trigger)),
});

/** A GICv2's has a bit from 8 on for each CPU interface that it is wired to. */
function ppi(number: number, { gicr, cpus }: PlannedPartition): number[] {
  const interfaces = gicr === null ? 2 ** cpus.length - 1 : 0;
  return [GIC_PPI, number, TRIGGER_CELL.level + interfaces * 2 ** 8];
}

/** Of each pCPU's node. */
export const cpuProperties = (): Readonly<Record<string, Value>> => ({ "enable-method": ["psci"] });
export const cpusProperties = (): Readonly<Record<string, Value>> => ({});
export const cpuNodes = (): TreeNode[] => [];

export const UART_NODE = "pl011";
export const uartProperties = (_: Board, { clock }: OwnPhandles): Readonly<Record<string, Value>> => ({
  compatible: ["arm,pl011", "arm,primecell"],
  clocks: [clock, clock],
  "clock-names": ["uartclk", "apb_pclk"],
});

/** How its kernel starts and stops pCPUs. */
export const firmwareNodes = (): TreeNode[] => [
  { name: "psci", properties: { compatible: ["arm,psci-1.0", "arm,psci-0.2"], method: ["hvc"] } },
];

export const machineNodes = (board: Board, partition: PlannedPartition, phandles: OwnPhandles): TreeNode[] => [
  timer(board, partition),
  ...(partition.pmu ? pmu(board, partition, phandles) : []),
  gic(partition, phandles.controller),
];

/** Its interrupt: of all vCPUs one PPI, or of each an SPI, and `interrupt-affinity` says whose (arm/pmu.yaml). */
function pmu(board: Board, partition: PlannedPartition, phandles: OwnPhandles): TreeNode[] {
  if (board.pmu === undefined) return [];
  const wires =
    typeof board.pmu === "number"
      ? { interrupts: ppi(board.pmu, partition) }
      : {
          interrupts: pmuLines(board, partition.cpus).flatMap((intid) => interruptCells(intid, "level")),
          "interrupt-affinity": partition.cpus.map((_, vcpu) => phandles.cpus[vcpu] ?? 0),
        };
  return [{ name: "pmu", properties: { compatible: ["arm,armv8-pmuv3"], ...wires } }];
}

/** Secure, non-secure physical, virtual: a guest has no EL2, so no hypervisor timer. */
function timer(board: Board, partition: PlannedPartition): TreeNode {
  const { secure, physical, virtual } = board.timer;
  const interrupts = [secure, physical, virtual].flatMap((number) => ppi(number, partition));
  return { name: "timer", properties: { compatible: ["arm,armv8-timer"], interrupts, "always-on": true } };
}

function gic({ gicd, gicr, cpus: { length: vcpus }, regions }: PlannedPartition, phandle: number): TreeNode {
  const gicc = regions.find(({ kind }) => kind === "interface");
  const [compatible, parts] =
    gicr === null
      ? [GICV2, [...reg(gicd, GICV2_GICD_SIZE), ...(gicc === undefined ? [] : reg(gicc.ipa, gicc.size))]]
      : [GICV3, [...reg(gicd, GICD_SIZE), ...reg(gicr, GICR_SIZE * vcpus)]];
  return {
    name: unit("interrupt-controller", gicd),
    properties: {
      compatible,
      "#interrupt-cells": [3],
      "interrupt-controller": true,
      reg: parts,
      phandle: [phandle],
    },
  };
}

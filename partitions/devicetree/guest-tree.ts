// The device tree of a guest: the machine as the hypervisor shows it to one partition. Bindings are those of the Linux
// kernel (Documentation/devicetree/bindings).
import type { Board } from "../../boards/schema.ts";
import { MAX_CPUS } from "../../boards/limits.ts";
import { isaOf } from "../isas.ts";
import type { IsaPlanning } from "../isas.ts";
import type { PlannedPartition } from "../plan/plan.ts";
import { PL011_SIZE } from "../plan/plan.ts";
import { cells64, reg, unit, writeDts } from "./dts.ts";
import type { OwnPhandles, TreeNode } from "./dts.ts";

/** Of /chosen/rng-seed: zeros, which the hypervisor replaces at each start. */
export const RNG_SEED_BYTES = 64;
const CELL_BYTES = 4;

const OWN_PHANDLES: OwnPhandles = {
  controller: 1,
  clock: 2,
  cpus: Array.from({ length: MAX_CPUS }, (_, vcpu) => 3 + vcpu),
  messages: 3 + MAX_CPUS,
};

export interface TreeRequest {
  readonly board: Board;
  readonly partition: PlannedPartition;
  readonly cmdline: string;
  /** IPAs [start, end) of the initial RAM disk. */
  readonly initrd: { readonly start: number; readonly end: number } | undefined;
}

/** Of a board whose own tree is not known: its devices are as board.yaml describes them. */
export function guestTree(request: TreeRequest): string {
  return writeDts(ownTree(request, OWN_PHANDLES, devices(isaOf(request.board), request.partition, OWN_PHANDLES)));
}

/** What the hypervisor itself shows; and what it passes through. */
export function ownTree(
  request: TreeRequest, phandles: OwnPhandles, passedThrough: readonly TreeNode[] = [],
): TreeNode {
  const { board, partition } = request;
  const isa = isaOf(board);
  return {
    name: "/",
    properties: {
      compatible: ["linux,dummy-virt"],
      model: [`axv-part ${board.name}: ${partition.name}`],
      "#address-cells": [2],
      "#size-cells": [2],
      ...isa.rootProperties(phandles),
    },
    children: [
      chosen(request),
      ...isa.firmwareNodes(),
      cpus(board, partition, phandles),
      ...memory(partition),
      ...isa.machineNodes(board, partition, phandles),
      clock(board, phandles),
      uart(request, partition.console, phandles),
      ...(partition.telemetry ? [uart(request, partition.console + PL011_SIZE, phandles)] : []),
      ...passedThrough,
      ...channels(isa, partition, phandles),
      ...mailbox(partition),
    ],
  };
}

function chosen({ board, partition, cmdline, initrd }: TreeRequest): TreeNode {
  const disk = initrd && { "linux,initrd-start": cells64(initrd.start), "linux,initrd-end": cells64(initrd.end) };
  return {
    name: "chosen",
    // First: so it is on the first page, whatever the command line.
    properties: {
      "rng-seed": new Array<number>(RNG_SEED_BYTES / CELL_BYTES).fill(0),
      bootargs: [cmdline],
      "stdout-path": [`/${unit(isaOf(board).UART_NODE, partition.console)}`],
      ...disk,
    },
  };
}

/** `reg` is the vCPU's index, which is also what its ISA calls it. */
function cpus(board: Board, partition: PlannedPartition, phandles: OwnPhandles): TreeNode {
  const isa = isaOf(board);
  const isNamed = partition.pmu && isa.pmuLines(board, partition.cpus).length > 0;
  return {
    name: "cpus",
    properties: { "#address-cells": [1], "#size-cells": [0], ...isa.cpusProperties(board) },
    children: partition.cpus.map((cpu, vcpu) => ({
      name: unit("cpu", vcpu),
      properties: {
        device_type: ["cpu"],
        compatible: [board.cpus.compatible[cpu] ?? ""],
        reg: [vcpu],
        ...isa.cpuProperties(board, partition),
        ...(isNamed ? { phandle: [phandles.cpus[vcpu] ?? 0] } : {}),
      },
      children: isa.cpuNodes(vcpu, phandles),
    })),
  };
}

function memory(partition: PlannedPartition): TreeNode[] {
  return partition.regions
    .filter((region) => region.kind === "ram")
    .map(({ ipa, size }) => ({
      name: unit("memory", ipa),
      properties: { device_type: ["memory"], reg: reg(ipa, size) },
    }));
}

function clock(board: Board, phandles: OwnPhandles): TreeNode {
  return {
    name: "uart-clock",
    properties: {
      compatible: ["fixed-clock"],
      "#clock-cells": [0],
      "clock-frequency": [board.uart.clock_hz],
      phandle: [phandles.clock],
    },
  };
}

/**
 * An emulated UART, the console first: Linux counts them. Edge: each change of its condition makes a spare line pending.
 */
function uart({ board, partition }: TreeRequest, ipa: number, phandles: OwnPhandles): TreeNode {
  const isa = isaOf(board);
  const { compatible, ...properties } = isa.uartProperties(board, phandles);
  return {
    name: unit(isa.UART_NODE, ipa),
    properties: {
      ...(compatible && { compatible }),
      reg: reg(ipa, PL011_SIZE),
      ...isa.interruptProperties([{ intid: partition.consoleInterrupt, trigger: "edge" }], phandles, partition.direct),
      ...properties,
    },
  };
}

function devices(isa: IsaPlanning, partition: PlannedPartition, phandles: OwnPhandles): TreeNode[] {
  return partition.devices.map((device) => ({
    name: unit(device.node, device.windows[0].base),
    properties: {
      compatible: device.compatible,
      reg: device.windows.flatMap(({ base, size }) => reg(base, size)),
      ...(device.interrupts.length > 0 ? isa.interruptProperties(device.interrupts, phandles, partition.direct) : {}),
      ...(device.dmaCoherent ? { "dma-coherent": true as const } : {}),
      ...(device.clockNames.length > 0
        ? { clocks: device.clockNames.map(() => phandles.clock), "clock-names": device.clockNames }
        : {}),
    },
  }));
}

/** For uio_pdrv_genirq: /dev/uioN, named as the channel; its interrupt is the peer's doorbell. */
function channels(isa: IsaPlanning, partition: PlannedPartition, phandles: OwnPhandles): TreeNode[] {
  return partition.channels.map((channel) => ({
    name: unit(channel.name, channel.ipa),
    properties: {
      compatible: ["generic-uio"],
      "linux,uio-name": [channel.name],
      reg: reg(channel.ipa, channel.size),
      ...isa.interruptProperties([{ intid: channel.interrupt, trigger: "edge" }], phandles, partition.direct),
      ...(channel.carriesImage ? { "axv,carries": ["process-image"] } : {}),
      ...(channel.carriesTags ? { "axv,carries": ["tags"] } : {}),
    },
  }));
}

/** core/abi.ts, MAILBOX_*. It rings nobody: the hypervisor looks into it once a tick. */
function mailbox(partition: PlannedPartition): TreeNode[] {
  return partition.regions
    .filter(({ kind }) => kind === "mailbox")
    .map(({ ipa, size }) => ({
      name: unit("mailbox", ipa),
      properties: { compatible: ["axv,mailbox"], reg: reg(ipa, size) },
    }));
}

// The device tree of a guest: the machine as the hypervisor shows it to one partition. Bindings are those of the Linux
// kernel (Documentation/devicetree/bindings).
import type { Board } from "../../boards/schema.ts";
import type { PlannedPartition } from "../plan/plan.ts";
import { FIRST_SPI, GICD_SIZE, GICR_SIZE, GICV2_GICD_SIZE, PL011_SIZE } from "../plan/plan.ts";
import { cells64, reg, unit, writeDts } from "./dts.ts";
import type { TreeNode } from "./dts.ts";

const GICV2 = ["arm,gic-400", "arm,cortex-a15-gic"];
const GICV3 = ["arm,gic-v3"];
// Of both: <type number trigger>.
const GIC_SPI = 0;
const GIC_PPI = 1;
const TRIGGER = { edge: 1, level: 4 } as const; // IRQ_TYPE_EDGE_RISING, IRQ_TYPE_LEVEL_HIGH

/** Of /chosen/rng-seed: zeros, which the hypervisor replaces at each start. */
export const RNG_SEED_BYTES = 64;
const CELL_BYTES = 4;

const GIC_PHANDLE = 1;
const CLOCK_PHANDLE = 2;

const spi = (intid: number, trigger: "level" | "edge"): number[] => [GIC_SPI, intid - FIRST_SPI, TRIGGER[trigger]];
/** A GICv2's has a bit from 8 on for each CPU interface that it is wired to. */
function ppi(number: number, { gicr, cpus }: PlannedPartition): number[] {
  const interfaces = gicr === null ? 2 ** cpus.length - 1 : 0;
  return [GIC_PPI, number, TRIGGER.level + interfaces * 2 ** 8];
}

export interface TreeRequest {
  readonly board: Board;
  readonly partition: PlannedPartition;
  readonly cmdline: string;
  /** IPAs [start, end) of the initial RAM disk. */
  readonly initrd: { readonly start: number; readonly end: number } | undefined;
}

export function guestTree({ board, partition, cmdline, initrd }: TreeRequest): string {
  return writeDts({
    name: "/",
    properties: {
      compatible: ["linux,dummy-virt"],
      model: [`axv-part ${board.name}: ${partition.name}`],
      "#address-cells": [2],
      "#size-cells": [2],
      "interrupt-parent": [GIC_PHANDLE],
    },
    children: [
      chosen(partition, cmdline, initrd),
      { name: "psci", properties: { compatible: ["arm,psci-1.0", "arm,psci-0.2"], method: ["hvc"] } },
      cpus(board, partition),
      ...memory(partition),
      timer(board, partition),
      ...(partition.pmu && board.pmu !== undefined
        ? [{ name: "pmu", properties: { compatible: ["arm,armv8-pmuv3"], interrupts: ppi(board.pmu, partition) } }]
        : []),
      gic(partition),
      clock(board),
      pl011(partition, partition.console),
      ...(partition.telemetry ? [pl011(partition, partition.console + PL011_SIZE)] : []),
      ...devices(partition),
      ...channels(partition),
      ...mailbox(partition),
    ],
  });
}

function chosen(partition: PlannedPartition, cmdline: string, initrd: TreeRequest["initrd"]): TreeNode {
  const disk = initrd && { "linux,initrd-start": cells64(initrd.start), "linux,initrd-end": cells64(initrd.end) };
  return {
    name: "chosen",
    // First: so it is on the first page, whatever the command line.
    properties: {
      "rng-seed": new Array<number>(RNG_SEED_BYTES / CELL_BYTES).fill(0),
      bootargs: [cmdline],
      "stdout-path": [`/${unit("pl011", partition.console)}`],
      ...disk,
    },
  };
}

/** `reg` is the vCPU's MPIDR_EL1.Aff0: its index. */
function cpus(board: Board, partition: PlannedPartition): TreeNode {
  return {
    name: "cpus",
    properties: { "#address-cells": [1], "#size-cells": [0] },
    children: partition.cpus.map((_, vcpu) => ({
      name: unit("cpu", vcpu),
      properties: { device_type: ["cpu"], compatible: [board.cpus.compatible], reg: [vcpu], "enable-method": ["psci"] },
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

/** Secure, non-secure physical, virtual: a guest has no EL2, so no hypervisor timer. */
function timer(board: Board, partition: PlannedPartition): TreeNode {
  const { secure, physical, virtual } = board.timer;
  const interrupts = [secure, physical, virtual].flatMap((number) => ppi(number, partition));
  return { name: "timer", properties: { compatible: ["arm,armv8-timer"], interrupts, "always-on": true } };
}

function gic({ gicd, gicr, cpus: { length: vcpus }, regions }: PlannedPartition): TreeNode {
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
      phandle: [GIC_PHANDLE],
    },
  };
}

function clock(board: Board): TreeNode {
  return {
    name: "uart-clock",
    properties: {
      compatible: ["fixed-clock"],
      "#clock-cells": [0],
      "clock-frequency": [board.uart.clock_hz],
      phandle: [CLOCK_PHANDLE],
    },
  };
}

/**
 * An emulated one, the console first: Linux counts them. Edge: each change of its condition makes a spare SPI pending
 * (GICD_ISPENDR).
 */
function pl011(partition: PlannedPartition, ipa: number): TreeNode {
  return {
    name: unit("pl011", ipa),
    properties: {
      compatible: ["arm,pl011", "arm,primecell"],
      reg: reg(ipa, PL011_SIZE),
      interrupts: spi(partition.consoleInterrupt, "edge"),
      clocks: [CLOCK_PHANDLE, CLOCK_PHANDLE],
      "clock-names": ["uartclk", "apb_pclk"],
    },
  };
}

function devices(partition: PlannedPartition): TreeNode[] {
  return partition.devices.map((device) => ({
    name: unit(device.node, device.reg),
    properties: {
      compatible: device.compatible,
      reg: reg(device.reg, device.size),
      interrupts: spi(device.intid, device.trigger),
      ...(device.dmaCoherent ? { "dma-coherent": true as const } : {}),
      ...(device.clockNames.length > 0
        ? { clocks: device.clockNames.map(() => CLOCK_PHANDLE), "clock-names": device.clockNames }
        : {}),
    },
  }));
}

/** For uio_pdrv_genirq: /dev/uioN, named as the channel; its interrupt is the peer's doorbell. */
function channels(partition: PlannedPartition): TreeNode[] {
  return partition.channels.map((channel) => ({
    name: unit(channel.name, channel.ipa),
    properties: {
      compatible: ["generic-uio"],
      "linux,uio-name": [channel.name],
      reg: reg(channel.ipa, channel.size),
      interrupts: spi(channel.interrupt, "edge"),
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

// Debian's unmodified riscv64 kernel as a guest, with a shell script in its initramfs, and a device tree and a blob written by
// hand: so that what the planner has is not needed; a PLC guest beside it, where a test wants one.
import { gzipSync } from "node:zlib";
import * as abi from "../../core/abi.ts";
import type { Blob, BlobRecord } from "../../partitions/blob/codec.ts";
import {
  INTERRUPT_EDGE, NONE, PARTITION_AUTOSTART, PARTITION_DIRECT, REGION_DEVICE, REGION_MAILBOX, REGION_RAM,
} from "../../partitions/blob/layout.table.ts";
import { compileTree } from "../../partitions/devicetree/compile.ts";
import { reg, unit, writeDts } from "../../partitions/devicetree/dts.ts";
import type { TreeNode } from "../../partitions/devicetree/dts.ts";
import { characterDevice, cpio, directory, file, program } from "../../tools/linux/cpio.ts";
import { BOARD, IMAGE, MAILBOX_IPA, UART, UART_FACTS } from "./riscv64Board.ts";
import type { Contents } from "./riscv64Board.ts";

const MIB = 0x10_0000;
const PAGE = 0x1000;
const HYPERVISOR_BYTES = 64 * MIB;
const RAM_BYTES = 0x3fc0_0000n; // of 1 GiB, behind the firmware

// Where Linux has what, and where that is.
const LINUX_RAM = { ipa: 0x8000_0000, pa: 0x9000_0000, size: 256 * MIB };
const KERNEL = LINUX_RAM.ipa + 2 * MIB; // text_offset of its Image
const TREE = LINUX_RAM.ipa + 128 * MIB;
const INITRD = TREE + 2 * MIB;
const IMSIC = Number(BOARD.imsic);
const APLIC = Number(BOARD.aplic);
const CONSOLE = Number(UART);
/** No wire of the board's. */
const CONSOLE_LINE = 64;
const UART_CLOCK = 3_686_400;
const EDGE_RISING = 1; // second cell of an APLIC's interrupt (riscv,aplic.yaml)
const S_EXTERNAL = 9;

// The PLC guest.
const PLC_RAM = { ipa: 0x8020_0000n, pa: 0x8800_0000n, size: 0x20_0000n };
const PLC_MAILBOX_PA = 0x8900_0000n;

export interface LinuxSpec {
  /** Its harts: 0 is the hypervisor's, and then they come, one by one. */
  readonly harts: number;
  readonly kernel: Uint8Array;
  readonly busybox: Uint8Array;
  /** What its init does: a shell script. */
  readonly script: string;
  /** A PLC guest's image, on the hart behind. */
  readonly plc?: Uint8Array;
  readonly bootargs?: string;
}

const [CONTROLLER, FILES, FIRST_HART] = [1, 2, 3];

/** ISA: what QEMU's rv64 has and a guest may use. */
const EXTENSIONS = ["i", "m", "a", "f", "d", "c", "zicntr", "zicsr", "zifencei", "zba", "zbb", "zbs", "ssaia", "sstc"];

const hartNode = (hart: number): TreeNode => ({
  name: unit("cpu", hart),
  properties: {
    device_type: ["cpu"], reg: [hart], status: ["okay"], compatible: ["riscv"], "mmu-type": ["riscv,sv39"],
    "riscv,isa": [`rv64imafdc_${EXTENSIONS.slice(6).join("_")}`], "riscv,isa-base": ["rv64i"], "riscv,isa-extensions": EXTENSIONS,
  },
  children: [{
    name: "interrupt-controller",
    properties: {
      compatible: ["riscv,cpu-intc"], "interrupt-controller": true, "#interrupt-cells": [1], phandle: [FIRST_HART + hart],
    },
  }],
});

function treeOf({ harts, bootargs = "" }: LinuxSpec, initrdBytes: number): Uint8Array {
  const numbers = Array.from({ length: harts }, (_, hart) => hart);
  const cells = { "#address-cells": [2], "#size-cells": [2] };
  return compileTree(writeDts({
    name: "/",
    properties: { ...cells, compatible: ["linux,dummy-virt"], model: ["axv-part test"] },
    children: [
      { name: "chosen", properties: {
        bootargs: [`console=ttyS0 ${bootargs}`.trim()],
        "linux,initrd-start": [INITRD], "linux,initrd-end": [INITRD + initrdBytes],
        "stdout-path": [`/soc/${unit("serial", CONSOLE)}`],
      } },
      { name: unit("memory", LINUX_RAM.ipa), properties: { device_type: ["memory"], reg: reg(LINUX_RAM.ipa, LINUX_RAM.size) } },
      {
        name: "cpus", properties: { "#address-cells": [1], "#size-cells": [0], "timebase-frequency": [BOARD.timebase] },
        children: numbers.map(hartNode),
      },
      { name: "soc", properties: { ...cells, compatible: ["simple-bus"], ranges: true }, children: [
        { name: unit("interrupt-controller", IMSIC), properties: {
          compatible: ["qemu,imsics", "riscv,imsics"], reg: reg(IMSIC, harts * PAGE), "interrupt-controller": true,
          "#interrupt-cells": [0], "msi-controller": true, "#msi-cells": [0], "riscv,num-ids": [BOARD.identities],
          "interrupts-extended": numbers.flatMap((hart) => [FIRST_HART + hart, S_EXTERNAL]), phandle: [FILES],
        } },
        { name: unit("interrupt-controller", APLIC), properties: {
          compatible: ["qemu,aplic", "riscv,aplic"], reg: reg(APLIC, 4 * PAGE), "interrupt-controller": true,
          "#interrupt-cells": [2], "#address-cells": [0], "msi-parent": [FILES], "riscv,num-sources": [BOARD.sources],
          phandle: [CONTROLLER],
        } },
        { name: unit("serial", CONSOLE), properties: {
          compatible: ["ns16550a"], reg: reg(CONSOLE, PAGE), "clock-frequency": [UART_CLOCK],
          "interrupt-parent": [CONTROLLER], interrupts: [CONSOLE_LINE, EDGE_RISING],
        } },
      ] },
    ],
  }));
}

const initramfsOf = ({ busybox, script }: LinuxSpec): Uint8Array => gzipSync(cpio([
  ...["bin", "dev", "proc", "sys"].map(directory), characterDevice("dev/console", 5, 1), program("bin/busybox", busybox),
  program("init", Buffer.from(`#!/bin/busybox sh\n${script}\n`)), file("made-by", Buffer.from("test/system/riscv64Linux.ts\n")),
]));

/** What is loaded, in the order of the blob's records; and the blob, once it is known where in the image that stands. */
export function linuxSystem(spec: LinuxSpec): Contents {
  const initrd = initramfsOf(spec);
  const linux = [
    { target: BigInt(KERNEL), bytes: spec.kernel },
    { target: BigInt(TREE), bytes: treeOf(spec, initrd.length) },
    { target: BigInt(INITRD), bytes: initrd },
  ];
  const plc = spec.plc === undefined ? [] : [{ target: PLC_RAM.ipa, bytes: spec.plc }];
  const loads = [...linux, ...plc];
  return {
    loads: loads.map(({ bytes }) => bytes),
    harts: 1 + spec.harts + plc.length,
    blob: (sources, sizes) => blobOf(spec, loads.map(({ target }, n) => ({
      source: BigInt(sources[n] ?? 0), target, size: BigInt(sizes[n] ?? 0), zeros: BigInt(sizes[n] ?? 0),
    })), linux.length),
  };
}

function blobOf({ harts, plc }: LinuxSpec, loads: readonly BlobRecord[], linuxLoads: number): Blob {
  const reserved = 0;
  const memory = { kind: REGION_RAM, access: 7, colours: 0, reserved };
  const page = { ...memory, access: 3, size: BigInt(PAGE) };
  const files = Array.from({ length: harts }, (_, n) => ({
    ...page, kind: REGION_DEVICE, ipa: BigInt(IMSIC + n * PAGE), pa: BOARD.imsic + BigInt(((n + 1) << BOARD.imsicShift) + PAGE),
  }));
  const regions = [
    { ...memory, ipa: BigInt(LINUX_RAM.ipa), pa: BigInt(LINUX_RAM.pa), size: BigInt(LINUX_RAM.size) }, ...files,
  ];
  const partition = {
    flags: PARTITION_AUTOSTART + PARTITION_DIRECT, onFailure: abi.ON_FAILURE_STOP, seed: 0n, argument: 0n, console: 0n,
    consoleInterrupt: 0, mailbox: 0n, tags: 0n, tagBytes: 0, controls: 0, watchdogMicroseconds: 0, overrunTag: 0,
    bandwidthRefills: 0, bandwidthMicroseconds: 0, clusterWays: 0, controller: 0n, channelFirst: 0, channelCount: 0,
    quiesceFirst: 0, quiesceCount: 0, interruptFirst: 0, interruptCount: 0,
  };
  return {
    isa: "riscv64",
    header: {
      imageBase: IMAGE, hypervisorSize: BigInt(HYPERVISOR_BYTES), uart: UART, ...UART_FACTS,
      watchdog: 0n, watchdogKind: 0, watchdogTop: 0,
      housekeeper: 0, tickMicroseconds: 1000, telemetryMilliseconds: 50, healthyMicroseconds: 1000, commitMicroseconds: 1000,
      colourCount: 0, ipaBits: 40,
    },
    machine: BOARD,
    records: {
      Cpu: Array.from({ length: 1 + harts + (plc === undefined ? 0 : 1) }, (_, n) => ({
        id: BigInt(n), guestFiles: 1, reserved,
        ...(n === 0 ? { partition: NONE, vcpu: NONE } : n > harts ? { partition: 1, vcpu: 0 } : { partition: 0, vcpu: n - 1 }),
      })),
      Partition: [
        {
          ...partition, name: "linux", cpus: ((1 << harts) - 1) << 1, bootCpu: 1, entry: BigInt(KERNEL), argument: BigInt(TREE),
          console: UART, consoleInterrupt: CONSOLE_LINE, controller: BOARD.aplic, regionFirst: 0, regionCount: regions.length,
          interruptCount: 1, loadFirst: 0, loadCount: linuxLoads,
        },
        ...(plc === undefined ? [] : [{
          ...partition, name: "plc", cpus: 1 << (harts + 1), bootCpu: harts + 1, entry: PLC_RAM.ipa, mailbox: MAILBOX_IPA,
          regionFirst: regions.length, regionCount: 2, interruptFirst: 1, loadFirst: linuxLoads, loadCount: 1,
        }]),
      ],
      Region: plc === undefined ? regions : [
        ...regions, { ...memory, ...PLC_RAM }, { ...page, kind: REGION_MAILBOX, ipa: MAILBOX_IPA, pa: PLC_MAILBOX_PA },
      ],
      Interrupt: [{ line: CONSOLE_LINE, trigger: INTERRUPT_EDGE }],
      Load: loads,
      Ram: [{ base: IMAGE, size: RAM_BYTES }],
    },
  };
}

// Systems on maps of memory that are nothing like QEMU's virt: those of boards that nobody here has.
import { machineOf } from "../../../../tools/machine/aarch64/described.ts";
import type { BoardMap } from "../../../../tools/machine/aarch64/described.ts";
import { device, edge, level, LINUX, PLC, ram, shared } from "../../../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../../../tools/machine/aarch64/system.ts";

const MIB = 0x10_0000;
const GIB = 0x4000_0000;
/** All of them have these PPIs. */
const timer = { secure: 13, physical: 14, virtual: 11, hypervisor: 10 };

const RK3568: BoardMap = {
  cpus: { mpidr: [0x000, 0x100, 0x200, 0x300] },
  gic: { version: 3, gicd: 0xfd40_0000, gicr: 0xfd46_0000, gicr_stride: 0x2_0000, spis: 320, maintenance: 9 },
  timer,
  uart: { reg: 0xfe66_0000 },
  ram: [{ base: 0x0020_0000, size: 0xefe0_0000 }, { base: 0x1_0000_0000, size: GIB }],
  boot: { image: 0x0200_0000 },
};
const RK3588: BoardMap = {
  cpus: { mpidr: [0x000, 0x100, 0x200, 0x300, 0x400, 0x500, 0x600, 0x700] },
  gic: { version: 3, gicd: 0xfe60_0000, gicr: 0xfe68_0000, gicr_stride: 0x2_0000, spis: 480, maintenance: 9 },
  timer,
  uart: { reg: 0xfeb5_0000 },
  ram: [
    { base: 0x0020_0000, size: 0xefe0_0000 }, { base: 0x1_0000_0000, size: 3 * GIB },
    { base: 0x2_f000_0000, size: 0x1000_0000 },
  ],
  boot: { image: 0x0200_0000 },
};
/** Two FTC310, which boot, and two FTC664. */
const E2000Q: BoardMap = {
  cpus: { mpidr: [0x200, 0x201, 0x000, 0x100] },
  gic: { version: 3, gicd: 0x3080_0000, gicr: 0x3088_0000, gicr_stride: 0x2_0000, spis: 256, maintenance: 9 },
  timer,
  uart: { reg: 0x2800_d000 },
  ram: [{ base: 0x8000_0000, size: 2 * GIB }, { base: 0x20_0000_0000, size: 2 * GIB }],
  boot: { image: 0x8200_0000 },
};
const ZYNQMP: BoardMap = {
  cpus: { mpidr: [0x0, 0x1, 0x2, 0x3] },
  gic: {
    version: 2, gicd: 0xf901_0000, gicc: 0xf902_f000, gich: 0xf904_0000, gicv: 0xf906_f000, spis: 160, maintenance: 9,
  },
  timer,
  uart: { reg: 0xff00_0000 },
  ram: [{ base: 0, size: 2 * GIB }, { base: 0x8_0000_0000, size: 2 * GIB }],
  boot: { image: 0x0020_0000 },
};

interface Placed {
  readonly cpus: readonly number[];
  /** PA of its RAM. */
  readonly at: number;
}

interface Places {
  readonly linux: Placed;
  readonly plc: Placed & { readonly direct: boolean };
  readonly channel: number;
  /** Linux's. */
  readonly device: number;
  readonly housekeeper: number;
}

/** The last interrupts that the GIC has are consoles and doorbells. */
function systemOn(map: BoardMap, { linux, plc, channel, device: registers, housekeeper }: Places): SystemSpec {
  const board = machineOf(map);
  const [linuxConsole, linuxBell, plcConsole, plcBell] = [4, 3, 2, 1].map((n) => board.spiLimit - n) as
    [number, number, number, number];
  const [linuxEnd, plcEnd] = [LINUX.channels?.[0], PLC.channels?.[0]];
  if (linuxEnd === undefined || plcEnd === undefined) throw new RangeError("the standard system has a channel");
  const pages = device(registers, 0x4000);
  return {
    board: { ...board, devices: [pages] },
    housekeeper,
    partitions: [
      {
        ...LINUX, ...linux, onFailure: "restart",
        regions: [ram(linux.at, linux.at, 32 * MIB), pages, shared(linuxEnd.ipa, channel)],
        interrupts: [level(48), level(49), edge(50), edge(linuxConsole), edge(linuxBell)],
        consoleInterrupt: linuxConsole,
        channels: [{ ...linuxEnd, interrupt: linuxBell, doorbell: plcBell }],
        quiesce: [{ pa: registers + 0x70, value: 0 }],
      },
      {
        ...PLC, ...plc,
        regions: [ram(0x4000_0000, plc.at, 16 * MIB), shared(plcEnd.ipa, channel)],
        interrupts: [level(60), edge(61), edge(plcConsole), edge(plcBell)],
        consoleInterrupt: plcConsole,
        channels: [{ ...plcEnd, interrupt: plcBell, doorbell: linuxBell }],
      },
    ],
  };
}

export const FOREIGN: readonly (readonly [string, SystemSpec])[] = [
  ["RK3568, no spare pCPU", systemOn(RK3568, {
    linux: { cpus: [2, 0], at: 0x1_0000_0000 }, plc: { cpus: [3, 1], at: 0x0a00_0000, direct: false },
    channel: 0x0009_1000 + 0x20_0000, device: 0xfe2a_0000, housekeeper: 0,
  })],
  ["RK3588, eight pCPUs, a direct partition of two", systemOn(RK3588, {
    linux: { cpus: [6, 1, 4], at: 0x2_f000_0000 }, plc: { cpus: [7, 2], at: 0xef00_0000, direct: true },
    channel: 0x1_bfff_f000, device: 0xfe1b_0000, housekeeper: 5,
  })],
  ["E2000Q, a direct partition of two, no spare pCPU", systemOn(E2000Q, {
    linux: { cpus: [3, 1], at: 0x20_7e00_0000 }, plc: { cpus: [0, 2], at: 0xff00_0000, direct: true },
    channel: 0x20_0000_0000, device: 0x3200_c000, housekeeper: 1,
  })],
  ["ZynqMP, GICv2, a direct partition", systemOn(ZYNQMP, {
    linux: { cpus: [2, 0], at: 0x8_0000_0000 }, plc: { cpus: [3], at: 0x7e00_0000, direct: true },
    channel: 0x7fff_f000, device: 0xff0b_0000, housekeeper: 1,
  })],
];

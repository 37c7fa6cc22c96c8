// Systems on the maps of boards that nobody here has: memory, interrupts, pCPUs and UARTs are nothing like those of QEMU's virt.
import type { Aarch64Board as Description } from "../../../../boards/schema.ts";
import { Findings } from "../../../../partitions/diagnostics/diagnostic.ts";
import { boards } from "../../../../partitions/shelf.ts";
import { YamlSource } from "../../../../partitions/source/yaml.ts";
import { aarch64Board } from "../../../aarch64.ts";
import { FIRST_SPI, machineOf } from "../../../../tools/machine/aarch64/described.ts";
import { device, edge, level, LINUX, PLC, ram, shared } from "../../../../tools/machine/aarch64/system.ts";
import type { SystemSpec } from "../../../../tools/machine/aarch64/system.ts";

const MIB = 0x10_0000;

function described(name: string): Description {
  return aarch64Board(boards().get(name, new Findings(new YamlSource("", ""))));
}

interface Placed {
  readonly cpus: readonly number[];
  /** PA of its RAM. */
  readonly at: number;
}

interface Places {
  readonly linux: Placed;
  readonly plc: Placed & { readonly direct: boolean };
  readonly channel: number;
  /** Linux's: its first window, and its first interrupt. */
  readonly device: string;
  readonly housekeeper: number;
}

/** Partitions lie where RAM ends, or what firmware keeps of it. */
function systemOn(name: string, { linux, plc, channel, device: given, housekeeper }: Places): SystemSpec {
  const board = described(name);
  const machine = machineOf(board);
  const [first] = board.spare_spis;
  const spare = FIRST_SPI + first;
  const [linuxConsole, linuxBell, plcConsole, plcBell] = [spare, spare + 1, spare + 2, spare + 3];
  const [linuxEnd, plcEnd] = [LINUX.channels?.[0], PLC.channels?.[0]];
  const { windows: [window], spis: [line] } = board.devices[given] ?? { windows: [], spis: [] };
  if (linuxEnd === undefined || plcEnd === undefined || window === undefined || line === undefined)
    throw new Error(`${name} has no ${given}`);
  const registers = device(window.base, window.size);
  return {
    board: { ...machine, devices: [registers] },
    housekeeper,
    partitions: [
      {
        ...LINUX, ...linux, onFailure: "restart",
        regions: [ram(linux.at, linux.at, 32 * MIB), registers, shared(linuxEnd.ipa, channel)],
        interrupts: [level(FIRST_SPI + line.spi), edge(linuxConsole), edge(linuxBell)],
        consoleInterrupt: linuxConsole,
        channels: [{ ...linuxEnd, interrupt: linuxBell, doorbell: plcBell }],
        quiesce: [{ pa: window.base + 0x70, value: 0 }],
      },
      {
        ...PLC, ...plc,
        regions: [ram(0x4000_0000, plc.at, 16 * MIB), shared(plcEnd.ipa, channel)],
        interrupts: [level(spare + 4), edge(spare + 5), edge(plcConsole), edge(plcBell)],
        consoleInterrupt: plcConsole,
        channels: [{ ...plcEnd, interrupt: plcBell, doorbell: linuxBell }],
      },
    ],
  };
}

export const FOREIGN: readonly (readonly [string, SystemSpec])[] = [
  ["RK3568, no spare pCPU", systemOn("roc-rk3568-pc", {
    linux: { cpus: [2, 0], at: 0x7e00_0000 }, plc: { cpus: [3, 1], at: 0x0740_0000, direct: false },
    channel: 0x0020_0000, device: "gmac0", housekeeper: 0,
  })],
  ["RK3588, eight pCPUs, a direct partition of two", systemOn("orangepi-5-plus", {
    linux: { cpus: [6, 1, 4], at: 0xee00_0000 }, plc: { cpus: [7, 2], at: 0x0740_0000, direct: true },
    channel: 0x0940_0000, device: "gmac0", housekeeper: 5,
  })],
  ["E2000Q, a direct partition of two, no spare pCPU", systemOn("phytium-pi", {
    linux: { cpus: [3, 1], at: 0x20_7e00_0000 }, plc: { cpus: [0, 2], at: 0xf900_0000, direct: true },
    channel: 0x8001_0000, device: "ethernet0", housekeeper: 1,
  })],
  ["ZynqMP, GICv2, a direct partition", systemOn("xlnx-zcu102", {
    linux: { cpus: [2, 0], at: 0x3bd0_0000 }, plc: { cpus: [3], at: 0x3dd0_0000, direct: true },
    channel: 0x001f_f000, device: "gem0", housekeeper: 1,
  })],
];

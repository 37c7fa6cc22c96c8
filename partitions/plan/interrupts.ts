// Who owns which interrupt. A guest sees a device's line under its own number. Emulated consoles and doorbells take spare
// lines of the board, which the hypervisor makes pending; so they are edge triggered.
import type { Board } from "../../boards/schema.ts";
import { reachesAllMemory } from "../check/devices.ts";
import { isaOf } from "../isas.ts";
import type { Profile } from "../../rtos-guests/profiles/schema.ts";
import type { ChannelRequest, PartitionRequest } from "../request.ts";
import { channelsOf } from "./channels.ts";
import type { PlannedDevice, PlannedInterrupt } from "./plan.ts";

export const CONSOLE_USE = "console";

export interface SpareInterrupts {
  /** Line of its emulated UART. */
  readonly console: (partition: string) => number;
  /** Line of what the partition is rung with through a channel. */
  readonly doorbell: (channel: string, partition: string) => number;
}

/**
 * The partition whose guest has the line of the hypervisor's UART built in, as that of its own: the hypervisor polls that
 * UART, so its line is as good as a spare one, but there is only one of it.
 */
export function heirOfUart(board: Board, partitions: readonly PartitionRequest[]): PartitionRequest | undefined {
  const { uartNumber } = isaOf(board).linesOf(board);
  return partitions.find(({ profile }) => consoleNumberOf(profile) === uartNumber);
}

/** Interrupt of its UART that such guests have built in, numbered as in device trees. */
export const consoleNumberOf = (profile: Profile | undefined): number | undefined =>
  profile?.isa === "riscv64" ? profile.machine?.console_source : profile?.machine?.console_spi;

/** In the order of the file, consoles first: the same file always gets the same numbers. */
export function assignSpares(
  board: Board,
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
): SpareInterrupts {
  const lines = isaOf(board).linesOf(board);
  let next = lines.firstSpare;
  const heir = heirOfUart(board, partitions);
  const consoles = new Map(
    partitions.map((partition) => [partition.name, partition === heir ? lines.uart : next++]),
  );
  const doorbells = new Map(
    channels.flatMap(({ name, fields }) =>
      (fields.between ?? []).map((partition) => [`${name} ${partition}`, next++] as const),
    ),
  );
  const found = (intid: number | undefined): number => {
    if (intid === undefined) throw new RangeError("an interrupt was asked for that nobody has been given");
    return intid;
  };
  return {
    console: (partition) => found(consoles.get(partition)),
    doorbell: (channel, partition) => found(doorbells.get(`${channel} ${partition}`)),
  };
}

export function planDevices(board: Board, partition: PartitionRequest): PlannedDevice[] {
  const lines = isaOf(board).linesOf(board);
  return (partition.fields.devices ?? []).flatMap((name) => {
    const device = board.devices[name];
    if (device === undefined) return [];
    const { windows, spis, node, compatible, dma_coherent: dmaCoherent, clock_names: clockNames } = device;
    const [{ base }] = windows;
    const quiesce = device.quiesce && { quiesce: { pa: base + device.quiesce.offset, value: device.quiesce.value } };
    return [
      {
        name,
        windows,
        interrupts: spis.map(({ spi, trigger }) => ({ intid: lines.of(spi), trigger })),
        node,
        compatible,
        dmaCoherent,
        reachesAllMemory: reachesAllMemory(device),
        clockNames,
        ...quiesce,
      },
    ];
  });
}

export function planInterrupts(
  board: Board,
  partition: PartitionRequest,
  devices: readonly PlannedDevice[],
  channels: readonly ChannelRequest[],
  spares: SpareInterrupts,
): PlannedInterrupt[] {
  const lines = isaOf(board).linesOf(board);
  const interrupts: PlannedInterrupt[] = [
    ...devices.flatMap(({ interrupts: own, name }) => own.map((line) => ({ ...line, use: name }))),
    ...(partition.fields.spis ?? []).map(({ spi, trigger }) => ({ intid: lines.of(spi), trigger, use: "spis" })),
    ...(partition.fields.pmu === true ? isaOf(board).pmuLines(board, partition.fields.cpus ?? []) : []).map((intid) => ({
      intid,
      trigger: "level" as const,
      use: "PMU",
    })),
    { intid: spares.console(partition.name), trigger: "edge", use: CONSOLE_USE },
    ...channelsOf(partition, channels).map(({ name }) => ({
      intid: spares.doorbell(name, partition.name),
      trigger: "edge" as const,
      use: `doorbell of ${name}`,
    })),
  ];
  // Devices of one partition may share a line: it is one interrupt.
  const unique = new Map(interrupts.map((interrupt) => [interrupt.intid, interrupt]));
  return [...unique.values()].sort((a, b) => a.intid - b.intid);
}

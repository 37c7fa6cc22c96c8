// Who owns which interrupt. Virtual INTID == physical INTID: a guest sees a device's SPI under its own number. Emulated
// consoles and doorbells take spare SPIs of the board, made pending by GICD_ISPENDR; so they are edge triggered.
import type { Board } from "../../boards/schema.ts";
import { reachesAllMemory } from "../check/devices.ts";
import type { ChannelRequest, PartitionRequest } from "../request.ts";
import { channelsOf } from "./channels.ts";
import { FIRST_PPI, FIRST_SPI } from "./plan.ts";
import type { PlannedDevice, PlannedInterrupt } from "./plan.ts";

export const CONSOLE_USE = "console";

export interface SpareInterrupts {
  /** INTID of its emulated PL011. */
  readonly console: (partition: string) => number;
  /** INTID of what the partition is rung with through a channel. */
  readonly doorbell: (channel: string, partition: string) => number;
}

/**
 * The partition whose guest has the SPI of the hypervisor's UART built in, as the SPI of its own: the hypervisor polls that
 * UART, so its SPI is as good as a spare one, but there is only one of it.
 */
export const heirOfUart = (board: Board, partitions: readonly PartitionRequest[]): PartitionRequest | undefined =>
  partitions.find(({ profile }) => profile?.machine?.console_spi === board.uart.spi);

/** In the order of the file, consoles first: the same file always gets the same numbers. */
export function assignSpares(
  board: Board,
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
): SpareInterrupts {
  let next = FIRST_SPI + board.spare_spis[0];
  const heir = heirOfUart(board, partitions);
  const consoles = new Map(
    partitions.map((partition) => [partition.name, partition === heir ? FIRST_SPI + board.uart.spi : next++]),
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
  return (partition.fields.devices ?? []).flatMap((name) => {
    const device = board.devices[name];
    if (device === undefined) return [];
    const { reg, size, trigger, node, compatible, dma_coherent: dmaCoherent, clock_names: clockNames } = device;
    const quiesce = device.quiesce && { quiesce: { pa: reg + device.quiesce.offset, value: device.quiesce.value } };
    return [
      {
        name,
        reg,
        size,
        intid: FIRST_SPI + device.spi,
        trigger,
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
  partition: PartitionRequest,
  devices: readonly PlannedDevice[],
  channels: readonly ChannelRequest[],
  spares: SpareInterrupts,
): PlannedInterrupt[] {
  const interrupts: PlannedInterrupt[] = [
    ...devices.map(({ intid, trigger, name }) => ({ intid, trigger, use: name })),
    ...(partition.fields.spis ?? []).map((spi) => ({ intid: FIRST_SPI + spi, trigger: "level" as const, use: "spis" })),
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

/** Both EL1 timers, as guests differ in which one they use; and the PMU's interrupt with the PMU. */
export function planPpis(board: Board, partition: PartitionRequest): number[] {
  const ppis = [board.timer.virtual, board.timer.physical];
  if (partition.fields.pmu === true && board.pmu !== undefined) ppis.push(board.pmu);
  return ppis.map((ppi) => FIRST_PPI + ppi).sort((a, b) => a - b);
}

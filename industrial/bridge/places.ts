// Where in Linux a partition's tag image is: the other end of the channel that carries it.
import type { Plan } from "../../partitions/plan/plan.ts";

export interface ReaderPlace {
  readonly ipa: number;
  readonly size: number;
}

/** Undefined: no channel carries its tags. */
export function readerPlace({ partitions }: Plan, partition: string): ReaderPlace | undefined {
  const carrier = partitions.find(({ name }) => name === partition)?.channels.find(({ carriesTags }) => carriesTags);
  const end = carrier && partitions[carrier.peer]?.channels.find(({ name }) => name === carrier.name);
  return end && { ipa: end.ipa, size: end.size };
}

const hex = (value: number): string => `0x${value.toString(16)}`;
/** All of physical memory: the channel is at its own address in it. A UIO device is the channel itself. */
const MEMORY = "/dev/mem";

/** The command that reads the image. */
export function readerCommand({ ipa, size }: ReaderPlace, device: string, through: readonly string[] = []): string[] {
  return [...through, "tag-reader", device, hex(device === MEMORY ? ipa : 0), hex(size)];
}

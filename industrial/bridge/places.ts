// Where in Linux a partition's tag image is: the other end of the channel that carries it.
import { ringsAt } from "../../partitions/tags/table.ts";
import type { PartitionTags } from "../../partitions/tags/table.ts";
import type { BridgeSystem } from "./system.ts";

export interface ReaderPlace {
  readonly ipa: number;
  readonly size: number;
  /** Where in the channel its rings of writes are; undefined: it has no tags that may be written. */
  readonly rings: number | undefined;
}

/** Undefined: no channel carries its tags. */
export function readerPlace(
  { partitions }: BridgeSystem["plan"],
  partition: string,
  tags: PartitionTags,
): ReaderPlace | undefined {
  const carrier = partitions.find(({ name }) => name === partition)?.channels.find(({ carriesTags }) => carriesTags);
  const end = carrier && partitions[carrier.peer]?.channels.find(({ name }) => name === carrier.name);
  return end && { ipa: end.ipa, size: end.size, rings: ringsAt(tags) };
}

const hex = (value: number): string => `0x${value.toString(16)}`;
/** All of physical memory: the channel is at its own address in it. A UIO device is the channel itself. */
const MEMORY = "/dev/mem";

/** The command that reads the image, and hands on what is written. */
export function readerCommand({ ipa, size, rings }: ReaderPlace, device: string, through: readonly string[] = []): string[] {
  const command = [...through, "tag-reader", device, hex(device === MEMORY ? ipa : 0), hex(size)];
  return rings === undefined ? command : [...command, hex(rings)];
}

// Which channels a partition has, in which order, and which of them carries a process image. A guest knows its channels by
// number, and the first one by its address: so the process image comes first, and the others by their names. The order of
// lines in system.yaml decides nothing.
import type { ChannelRequest, PartitionRequest } from "../request.ts";

/** The channel that carries a process image when no `carries` says otherwise. */
const IMAGE_NAME = "process-image";

type Channels = readonly ChannelRequest[];

export const isEndOf = (partition: PartitionRequest, channel: ChannelRequest): boolean =>
  channel.fields.between?.includes(partition.name) === true;

export const isCalledImage = ({ name }: ChannelRequest): boolean => name === IMAGE_NAME;

export const isSaidToCarry = ({ fields }: ChannelRequest): boolean => fields.carries === "process-image";

export const carriesTags = ({ fields }: ChannelRequest): boolean => fields.carries === "tags";

/** What it does with process images as far as that is known: what Linux does is its initrd's doing. */
export const imageRole = ({ profile, fields }: PartitionRequest): "writes" | "reads" | undefined =>
  fields.initrd === undefined ? profile?.process_image : undefined;

export const writesImage = (partition: PartitionRequest): boolean => imageRole(partition) === "writes";

/**
 * The channel of its process image: the one that is said to carry it, or is called so; or, of a guest that writes one,
 * the first by name.
 */
export function imageChannelOf(partition: PartitionRequest, channels: Channels): ChannelRequest | undefined {
  const own = channels.filter((channel) => isEndOf(partition, channel) && !carriesTags(channel));
  return own.find(isSaidToCarry) ?? own.find(isCalledImage) ?? (writesImage(partition) ? own[0] : undefined);
}

/** By their numbers. `channels`: in the order of their names. */
export function channelsOf(partition: PartitionRequest, channels: Channels): ChannelRequest[] {
  const first = imageChannelOf(partition, channels);
  const own = channels.filter((channel) => isEndOf(partition, channel));
  return [...own.filter((channel) => channel === first), ...own.filter((channel) => channel !== first)];
}

/** Said so, or called so, or where a guest writes its own. */
export const carriesImage = (channel: ChannelRequest, partitions: readonly PartitionRequest[], channels: Channels): boolean =>
  isSaidToCarry(channel) ||
  (!carriesTags(channel) && hasOneByRule(channel, partitions, channels));

const hasOneByRule = (channel: ChannelRequest, partitions: readonly PartitionRequest[], channels: Channels): boolean =>
  partitions.some((partition) => writesImage(partition) && imageChannelOf(partition, channels) === channel) ||
  (isCalledImage(channel) &&
    !partitions.some(
      (partition) => writesImage(partition) && isEndOf(partition, channel) && imageChannelOf(partition, channels) !== channel,
    ));

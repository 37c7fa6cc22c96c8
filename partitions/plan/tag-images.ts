// Where a partition's tag image is, and whether the hypervisor sends it over the link: it keeps a copy of each that it
// does, and has room for MAX_TAG_BYTES of them.
import { MAILBOX_TAG_IMAGE } from "../../core/abi.ts";
import { MAX_TAG_BYTES } from "../blob/layout.table.ts";
import type { ChannelRequest, PartitionRequest, SystemRequest } from "../request.ts";
import { channelBytes, placeInImage, wantedTags } from "../tags/table.ts";
import { alignUp, PAGE } from "../units.ts";
import { carriesTags, isEndOf } from "./channels.ts";
import type { PlannedRegion, PlannedTagImage } from "./plan.ts";

/** The channel that carries its image. */
export const tagChannelOf = (partition: PartitionRequest, channels: readonly ChannelRequest[]): ChannelRequest | undefined =>
  channels.find((channel) => carriesTags(channel) && isEndOf(partition, channel));

/** Bytes of its tag image, 0: it has no tags. */
export function tagImageSize(partition: PartitionRequest): number {
  const tags = wantedTags(partition);
  return tags.length === 0 ? 0 : placeInImage(tags).size;
}

/**
 * Bytes behind its mailbox's page, for an image that no channel carries; and for the rings of a guest that looks whether
 * somebody writes its tags, although nobody can.
 */
export function bytesBehindMailbox(partition: PartitionRequest, channels: readonly ChannelRequest[]): number {
  const tags = wantedTags(partition);
  if (tags.length === 0 || tagChannelOf(partition, channels) !== undefined) return 0;
  return alignUp(channelBytes({ size: tagImageSize(partition), tags }), PAGE);
}

/** Partitions whose images there is room to copy, in the order of system.yaml. */
export function partitionsWithCopy(partitions: readonly PartitionRequest[]): ReadonlySet<string> {
  const copied = new Set<string>();
  let free = MAX_TAG_BYTES;
  for (const partition of partitions) {
    const size = tagImageSize(partition);
    if (size === 0 || size > free) continue;
    copied.add(partition.name);
    free -= size;
  }
  return copied;
}

/** Null: it has no tags, or its memory is not known because of another mistake. */
export function planTagImage(
  partition: PartitionRequest,
  { partitions, channels }: Pick<SystemRequest, "partitions" | "channels">,
  regions: readonly PlannedRegion[],
): PlannedTagImage | null {
  const size = tagImageSize(partition);
  const carrier = tagChannelOf(partition, channels);
  const region = regions.find(({ kind, name }) =>
    carrier === undefined ? kind === "mailbox" : kind === "channel" && name === carrier.name,
  );
  if (size === 0 || region === undefined) return null;
  const ipa = carrier === undefined ? region.ipa + MAILBOX_TAG_IMAGE : region.ipa;
  return { ipa, size, overLink: partitionsWithCopy(partitions).has(partition.name) };
}

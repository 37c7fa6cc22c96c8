// Channels: both partners are there, and are two. Interrupts for them: there are spare SPIs for every console and doorbell.
import type { Board } from "../../boards/schema.ts";
import {
  channelToItself,
  imageTwice,
  imageUnnamed,
  imageUnread,
  imageUnwritten,
  sparesExhausted,
  unknownPartner,
} from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import {
  carriesImage,
  carriesTags,
  channelsOf,
  imageRole,
  isCalledImage,
  isEndOf,
  isSaidToCarry,
  writesImage,
} from "../plan/channels.ts";
import { isaOf } from "../isas.ts";
import type { ChannelRequest, PartitionRequest } from "../request.ts";
import { CHANNELS_MAX } from "../schema.ts";

const ENDS = 2;
/** One doorbell in each direction. */
const SPARES_OF_A_CHANNEL = 2;

export function checkChannels(
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
  findings: Findings,
): void {
  const names = partitions.map((partition) => partition.name);
  for (const { path, fields } of channels) {
    if (fields.between === undefined) continue;
    const [one, other] = fields.between;
    for (const [index, name] of fields.between.entries()) {
      if (!names.includes(name)) findings.report([...path, "between", index], unknownPartner(name, names));
    }
    if (one === other) findings.report([...path, "between", 1], channelToItself(one));
  }
}

/**
 * Which channel is for it does not depend on the order of lines; and somebody writes it, and somebody reads it, as far
 * as that is known.
 */
export function checkProcessImages(
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
  findings: Findings,
): void {
  if (channels.length > CHANNELS_MAX) return; // that has been said
  for (const partition of partitions.filter(writesImage)) {
    const own = channelsOf(partition, channels).filter((channel) => !carriesTags(channel));
    const named = own.filter(isSaidToCarry).map(({ name }) => `"${name}"`);
    const at = [...partition.path, "guest"];
    if (named.length > 1) findings.report(at, imageTwice(partition.name, named));
    const [first] = own;
    if (first !== undefined && own.length > 1 && named.length === 0 && !isCalledImage(first)) {
      findings.report(at, imageUnnamed(partition.name, own.length, first.name));
    }
  }
  for (const channel of channels.filter((each) => carriesImage(each, partitions, channels))) {
    const ends = partitions.filter((partition) => isEndOf(partition, channel));
    if (ends.length < ENDS) continue; // that has been said
    const names = ends.map(({ name }) => `"${name}"`);
    const may = (role: "writes" | "reads"): boolean => ends.some((end) => (imageRole(end) ?? role) === role);
    if (!may("writes")) findings.report(channel.path, imageUnwritten(channel.name, names), "key");
    if (!may("reads")) findings.report(channel.path, imageUnread(channel.name, names), "key");
  }
}

export function checkSpares(
  board: Board,
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
  findings: Findings,
): void {
  if (channels.length > CHANNELS_MAX) return; // that has been said: fewer of them may well find enough
  const needed = partitions.length + SPARES_OF_A_CHANNEL * channels.length;
  const { spares: available } = isaOf(board).linesOf(board);
  if (needed > available) findings.report(["channels"], sparesExhausted(needed, available), "key");
}

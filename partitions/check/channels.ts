// Channels: both partners are there, and are two. Interrupts for them: there are spare SPIs for every console and doorbell.
import type { Board } from "../../boards/schema.ts";
import { channelToItself, sparesExhausted, unknownPartner } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import type { ChannelRequest, PartitionRequest } from "../request.ts";
import { CHANNELS_MAX } from "../schema.ts";

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

export function checkSpares(
  board: Board,
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
  findings: Findings,
): void {
  if (channels.length > CHANNELS_MAX) return; // that has been said: fewer of them may well find enough
  const [first, last] = board.spare_spis;
  const needed = partitions.length + SPARES_OF_A_CHANNEL * channels.length;
  const available = last - first + 1;
  if (needed > available) findings.report(["channels"], sparesExhausted(needed, available), "key");
}

// Tags of a partition: that their names differ, in C too, that their types hold their ranges, and that there is room for all.
import { isIP } from "node:net";
import {
  tagChannelSmall,
  tagClient,
  tagClients,
  tagNamesAlike,
  tagNotNumeric,
  tagRange,
  tagsNowhere,
  tagsOfBoth,
  tagsOfNobody,
  tagsTwice,
  tagStructureRegister,
  tagTwice,
  tagUnwritable,
  tooManyTags,
} from "../diagnostics/catalogue.ts";
import type { Findings, Problem } from "../diagnostics/diagnostic.ts";
import { carriesTags, isEndOf } from "../plan/channels.ts";
import { TAG_WRITES_BATCH_MAX, TAG_WRITES_ENTRIES } from "../../rtos-guests/channel/tagWritesLayout.ts";
import type { ChannelRequest, PartitionRequest } from "../request.ts";
import type { Path } from "../source/path.ts";
import { partitionsWithCopy } from "../plan/tag-images.ts";
import { TAGS_MAX } from "../tags/schema.ts";
import { channelBytes, cName, placeInImage, TAG_IMAGE_MAX, wantedTags } from "../tags/table.ts";
import type { WantedTag } from "../tags/table.ts";
import { boundsOf, bytesOf, formatType, isNumeric } from "../tags/type.ts";
import { alignUp, formatSize, PAGE } from "../units.ts";

type Report = (at: Path, problem: Problem) => void;

/** A batch of writes with one value: what it may take (tagWritesLayout.ts). */
const ENTRY_OFFSET = 4;
const WRITE_MAX = TAG_WRITES_BATCH_MAX - TAG_WRITES_ENTRIES - ENTRY_OFFSET;

/** False: something is wrong in it. */
export function checkTags({ path, fields }: PartitionRequest, wanted: readonly WantedTag[], findings: Findings): boolean {
  let fine = true;
  const report: Report = (at, problem) => {
    fine = false;
    findings.report(at, problem);
  };
  const names = new Map<string, string>(); // in C, and as they are written
  for (const tag of wanted) {
    const inC = cName(tag.name);
    const other = names.get(inC);
    if (other !== undefined) report(tag.path, other === tag.name ? tagTwice(tag.name) : tagNamesAlike(tag.name, other, inC));
    names.set(inC, tag.name);
  }
  for (const [index, written] of (fields.tags ?? []).entries()) {
    const at = [...path, "tags", index];
    if (typeof written.type !== "string" && written.register !== undefined) report([...at, "register"], tagStructureRegister());
    if (written.clients !== undefined && written.access !== "rw") report([...at, "clients"], tagClients());
    for (const [n, client] of (written.clients ?? []).entries())
      if (!isClient(client)) report([...at, "clients", n], tagClient(client));
  }
  for (const tag of wanted) {
    checkRange(tag, path, report);
    const bytes = bytesOf(tag.type);
    const fitting = Math.floor(WRITE_MAX / tag.type.size);
    if (tag.writable && bytes > WRITE_MAX) report(tag.path, tagUnwritable(tag.name, bytes, WRITE_MAX, fitting));
  }
  if (wanted.length > TAGS_MAX)
    report([...path, "tags"], tooManyTags(`${wanted.length} tags are in this partition`, `an image has room for ${TAGS_MAX}`));
  const { size } = placeInImage(wanted);
  if (size > TAG_IMAGE_MAX)
    report([...path, "tags"], tooManyTags(`these tags take ${size} bytes`, `an image has room for ${formatSize(TAG_IMAGE_MAX)}`));
  return fine;
}

function checkRange(tag: WantedTag, partition: Path, report: Report): void {
  const whole = tag.path.slice(0, partition.length + 2);
  const type = formatType(tag.type);
  if (!isNumeric(tag.type)) {
    if (tag.range !== undefined) report([...whole, "range"], tagNotNumeric("range", type));
    if (tag.deadband !== 0) report([...whole, "deadband"], tagNotNumeric("deadband", type));
    return;
  }
  if (tag.range === undefined) return;
  const [low, high] = tag.range;
  const bounds = boundsOf(tag.type);
  if (low > high)
    report([...whole, "range"], tagRange(`ends at ${high}, before it begins at ${low}`, "write the smaller one first"));
  else if (bounds !== undefined && (low < bounds[0] || high > bounds[1]))
    report(
      [...whole, "range"],
      tagRange(`of ${low} to ${high} is not ${type}'s`, `write a part of ${bounds[0]} to ${bounds[1]}, or another type`),
    );
  else if (!tag.type.scalar.startsWith("f") && !(Number.isSafeInteger(low) && Number.isSafeInteger(high)))
    report(
      [...whole, "range"],
      tagRange(`of a whole number begins or ends at a fraction, or beyond 2^53`, "write whole numbers"),
    );
}

function isClient(client: string): boolean {
  const [address = "", prefix] = client.split("/");
  const family = isIP(address);
  if (family === 0) return false;
  return prefix === undefined || Number(prefix) <= (family === 4 ? 32 : 128);
}

const hasTags = ({ fields }: PartitionRequest): boolean => (fields.tags ?? []).length > 0;
const quoted = ({ name }: { readonly name: string }): string => `"${name}"`;

/** Each channel that carries tags has one end that has some, and room for them; and each partition's tags go one way at most. */
export function checkTagChannels(
  partitions: readonly PartitionRequest[],
  channels: readonly ChannelRequest[],
  findings: Findings,
): void {
  const carriers = channels.filter(carriesTags);
  for (const channel of carriers) {
    const ends = partitions.filter((partition) => isEndOf(partition, channel));
    if (ends.length < 2 || ends.some(({ tagsBroken }) => tagsBroken)) continue; // that has been said
    const [writer, other] = ends.filter(hasTags);
    const at = [...channel.path, "carries"];
    if (writer === undefined) findings.report(at, tagsOfNobody(channel.name, ends.map(quoted)));
    else if (other !== undefined) findings.report(at, tagsOfBoth(channel.name, ends.map(quoted)));
    else {
      const tags = wantedTags(writer);
      const { size } = placeInImage(tags);
      const needed = channelBytes({ size, tags });
      const room = channel.fields.size ?? PAGE;
      if (needed > room && size <= TAG_IMAGE_MAX)
        findings.report(
          [...channel.path],
          tagChannelSmall(channel.name, formatSize(alignUp(needed, PAGE)), formatSize(room)),
          "key",
        );
    }
  }
  const sent = partitionsWithCopy(partitions);
  for (const partition of partitions.filter(hasTags)) {
    const own = carriers.filter((channel) => isEndOf(partition, channel));
    const at = [...partition.path, "tags"];
    const isSent = sent.has(partition.name);
    const isWritable = wantedTags(partition).some(({ writable }) => writable);
    if (own.length === 0 && (!isSent || isWritable))
      findings.report(at, tagsNowhere(partition.name, isSent ? "written" : "read"), "key");
    if (own.length > 1) findings.report(at, tagsTwice(partition.name, own.map(quoted)), "key");
  }
}

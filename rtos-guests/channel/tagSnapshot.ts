// The reader's end of a tag image (tagImageLayout.ts): a consistent copy of it in linear memory. The
// writer is another partition, and nothing in the channel is believed: its size is read once and checked,
// and no loop is longer than the channel.
import { bound } from "../../build/generated/cpu";
import { channelRead32, channelRead64, orderReads } from "../../build/generated/channel";
import {
  TAG_IMAGE_LAYOUT, TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_SIZE, TAG_IMAGE_VALUES, TAG_IMAGE_VERSION,
} from "./tagImageLayout";

export const IMAGE_BYTES_MAX: u32 = 0x10000;
const WORD: u32 = 8;
/** The writer is at work for some µs in every ms; that many collisions in a row mean that it stands still in mid-write. */
const TRIES: u32 = 100;

/** Of a copy. */
@inline export function copiedSequence(copy: u32): u32 { return load<u32>(copy + TAG_IMAGE_SEQUENCE); }

/**
 * Copies the image at `base`, in a channel of `room` bytes, to `copy`, where there are as many. Gives back its size; 0:
 * there is none, or none that is whole, or it is the one with the sequence number `last`.
 */
export function copyTagImage(base: u64, room: u32, copy: u32, last: u32): u32 {
  if (room < TAG_IMAGE_VALUES) return 0;
  for (let i: u32 = 0; i < TRIES; i++) {
    bound(i, TRIES);
    const before = channelRead32(base + TAG_IMAGE_SEQUENCE);
    if (before == last) return 0;
    if ((before & 1) != 0) continue;
    orderReads();
    const size = channelRead32(base + TAG_IMAGE_SIZE);
    if (channelRead32(base) != TAG_IMAGE_MAGIC || channelRead32(base + TAG_IMAGE_VERSION) != TAG_IMAGE_LAYOUT) return 0;
    if (size < TAG_IMAGE_VALUES || size > room || size % WORD != 0) return 0;
    for (let at: u32 = 0; at < size; at += WORD) {
      bound(at / WORD, IMAGE_BYTES_MAX / WORD);
      store<u64>(copy + at, channelRead64(base + at));
    }
    orderReads();
    // The copy's own words too: they may have changed between the look at them and the copying.
    const isSame = channelRead32(base + TAG_IMAGE_SEQUENCE) == before && copiedSequence(copy) == before;
    const isWhole = isSame && load<u32>(copy + TAG_IMAGE_SIZE) == size;
    if (isWhole) return size;
  }
  return 0;
}

// The writer's end of a tag image (tagImageLayout.ts). What `axv-part tags --as` makes for each tag calls these.
//
// Linux may map the image as Device memory, which no cache holds: so the line of what is written is pushed to memory, and
// one DSB at the end of the scan waits for all of them (Arm ARM DDI 0487, B2.8). A tag that does not change costs nothing.
import {
  channelRead32, channelWrite16, channelWrite32, channelWrite64, channelWrite8, cleanLine, orderWrites, pushLine,
  refreshLine,
} from "../../build/generated/channel";
import {
  TAG_IMAGE_LAYOUT, TAG_IMAGE_MAGIC, TAG_IMAGE_SEQUENCE, TAG_IMAGE_SIZE, TAG_IMAGE_TABLE, TAG_IMAGE_TIME, TAG_IMAGE_VALUES,
  TAG_IMAGE_VERSION,
} from "./tagImageLayout";
import { bound } from "../../build/generated/cpu";

const WORD: u64 = 8;
/** As the planner has it: an image has at most 64 KiB. */
const WORDS_MAX: u32 = 8192;
/** Of a string's length there is one byte. */
const TEXT_MAX: u32 = 255;

@unmanaged
export class TagImage {
  base: u64;
  sequence: u32;
}

/** Begins a life of the image: all values 0. `base` is a multiple of 64; `table` and `size` are of the generated file. */
export function openTagImage(image: TagImage, base: u64, table: u32, size: u32): void {
  image.base = base;
  refreshLine(base);
  image.sequence = channelRead32(base + TAG_IMAGE_SEQUENCE);
  beginScan(image);
  for (let at: u64 = TAG_IMAGE_VALUES, i: u32 = 0; at < <u64>size; at += WORD, i++) {
    bound(i, WORDS_MAX);
    channelWrite64(base + at, 0);
    pushLine(base + at);
  }
  channelWrite32(base, TAG_IMAGE_MAGIC);
  channelWrite32(base + TAG_IMAGE_VERSION, TAG_IMAGE_LAYOUT);
  channelWrite32(base + TAG_IMAGE_TABLE, table);
  channelWrite32(base + TAG_IMAGE_SIZE, size);
  endScan(image, 0);
}

/** From here to endScan() no reader takes what it sees. */
@inline export function beginScan(image: TagImage): void {
  image.sequence |= 1;
  channelWrite32(image.base + TAG_IMAGE_SEQUENCE, image.sequence);
  orderWrites();
}

/** `time`: CNTVCT_EL0 of this scan. */
@inline export function endScan(image: TagImage, time: u64): void {
  channelWrite64(image.base + TAG_IMAGE_TIME, time);
  orderWrites();
  image.sequence++;
  channelWrite32(image.base + TAG_IMAGE_SEQUENCE, image.sequence);
  cleanLine(image.base);
}

@inline export function setTag8(image: TagImage, offset: u32, value: u32): void {
  channelWrite8(image.base + offset, value);
  pushLine(image.base + offset);
}
@inline export function setTag16(image: TagImage, offset: u32, value: u32): void {
  channelWrite16(image.base + offset, value);
  pushLine(image.base + offset);
}
@inline export function setTag32(image: TagImage, offset: u32, value: u32): void {
  channelWrite32(image.base + offset, value);
  pushLine(image.base + offset);
}
@inline export function setTag64(image: TagImage, offset: u32, value: u64): void {
  channelWrite64(image.base + offset, value);
  pushLine(image.base + offset);
}

/** UTF-8, as in linear memory; of it at most `most` bytes. */
export function setTagText(image: TagImage, offset: u32, text: u32, length: u32, most: u32): void {
  const bytes = min(min(length, most), TEXT_MAX);
  for (let i: u32 = 0; i < bytes; i++) {
    bound(i, TEXT_MAX);
    setTag8(image, offset + 1 + i, load<u8>(text + i));
  }
  setTag8(image, offset, bytes);
}

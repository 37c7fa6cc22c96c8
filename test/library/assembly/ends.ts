// asc's entry file for test/library: the AssemblyScript twin of axv.h, one function an export. Rings go by number, so that one
// instance can have both ends.
import { isMailbox, mailConsole, mailDoorbell, mailFeed, mailTag } from "../../../rtos-guests/channel/mailbox";
import { ProcessImage, readProcessImage, writeProcessImage } from "../../../rtos-guests/channel/processImage";
import { openConsumer, openProducer, receive, Ring, send } from "../../../rtos-guests/channel/ring";

const RECORD_MAX: i32 = 4096;

const first = changetype<Ring>(memory.data(offsetof<Ring>(), 8));
const second = changetype<Ring>(memory.data(offsetof<Ring>(), 8));
const buffer = memory.data(RECORD_MAX, 8);
const image = changetype<ProcessImage>(memory.data(offsetof<ProcessImage>(), 8));

function ringOf(number: u32): Ring {
  return number == 0 ? first : second;
}
export function bufferStart(): usize {
  return buffer;
}
export function ringProducer(number: u32, base: u64, capacity: u32): i32 {
  return openProducer(ringOf(number), base, capacity);
}
export function ringConsumer(number: u32, base: u64, capacity: u32): i32 {
  return openConsumer(ringOf(number), base, capacity);
}
export function ringSend(number: u32, length: u32): i32 {
  return send(ringOf(number), buffer, length);
}
export function ringReceive(number: u32, size: u32): i32 {
  return receive(ringOf(number), buffer, size);
}

export function imageStart(): usize {
  return changetype<usize>(image);
}
export function imageWrite(base: u64, sequence: u32): u32 {
  return writeProcessImage(base, image, sequence);
}
export function imageRead(base: u64): u32 {
  return readProcessImage(base, image);
}

export function mailboxIs(base: u64): bool {
  return isMailbox(base);
}
export function mailboxFeed(base: u64): void {
  mailFeed(base);
}
export function mailboxDoorbell(base: u64, channel: u32): void {
  mailDoorbell(base, channel);
}
export function mailboxTag(base: u64, tag: u32, value: u64): void {
  mailTag(base, tag, value);
}
export function mailboxConsole(base: u64, count: u32): u32 {
  return mailConsole(base, buffer, count);
}

// The process image in a channel (rtos-guests/plc/abi.ts): one writer, many readers, a seqlock. Writer and readers
// use this same file. The sequence word is odd while the writer is at work; a reader that sees it odd, or changed between
// its two looks, has read a torn image and tries again.
//
// Restart of the writer: whatever the channel holds, the new life's first write makes the sequence odd and ends on the
// next even number, so a reader in between notices. What it cannot know from one image is that the scan count fell: a
// reader that cares compares `scans` with the last one.
import {
  PROCESS_IMAGE_ACTUATOR, PROCESS_IMAGE_COUNTER, PROCESS_IMAGE_INPUTS, PROCESS_IMAGE_MAGIC, PROCESS_IMAGE_MEASURED,
  PROCESS_IMAGE_OUTPUTS, PROCESS_IMAGE_SCANS, PROCESS_IMAGE_SEQUENCE, PROCESS_IMAGE_SETPOINT, PROCESS_IMAGE_TIMER,
} from "../plc/abi";
import {
  channelRead32, channelRead64, channelWrite32, channelWrite64, cleanLine, orderReads, orderWrites, refreshLine,
} from "../../build/generated/channel";
import { bound } from "../../build/generated/cpu";

/** The image's values, as each end holds them in its own linear memory. */
@unmanaged
export class ProcessImage {
  scans: u64;
  inputs: u32;
  outputs: u32;
  setpoint: i32; // thousandths
  measured: i32; // thousandths
  actuator: i32; // thousandths
  counter: u32;
  timer: u32; // milliseconds
}

export const READ_OK: u32 = 0;
/** The channel does not begin with PROCESS_IMAGE_MAGIC: nobody has written an image yet. */
export const READ_NO_MAGIC: u32 = 1;
/** READ_TRIES tries met the writer at work each time. */
export const READ_BUSY: u32 = 2;

/** The writer needs about 0.1 µs in every ms; that many collisions in a row mean it stands still in mid-write. */
export const READ_TRIES: u32 = 1000;

/** Writes `image` at `base`; `sequence` is what the last write gave back. Gives back the new, even, sequence. */
export function writeProcessImage(base: u64, image: ProcessImage, sequence: u32): u32 {
  const odd = sequence | 1;
  channelWrite32(base + PROCESS_IMAGE_SEQUENCE, odd);
  orderWrites();
  channelWrite32(base, PROCESS_IMAGE_MAGIC);
  channelWrite64(base + PROCESS_IMAGE_SCANS, image.scans);
  channelWrite32(base + PROCESS_IMAGE_INPUTS, image.inputs);
  channelWrite32(base + PROCESS_IMAGE_OUTPUTS, image.outputs);
  channelWrite32(base + PROCESS_IMAGE_SETPOINT, image.setpoint);
  channelWrite32(base + PROCESS_IMAGE_MEASURED, image.measured);
  channelWrite32(base + PROCESS_IMAGE_ACTUATOR, image.actuator);
  channelWrite32(base + PROCESS_IMAGE_COUNTER, image.counter);
  channelWrite32(base + PROCESS_IMAGE_TIMER, image.timer);
  orderWrites();
  channelWrite32(base + PROCESS_IMAGE_SEQUENCE, odd + 1);
  cleanLine(base); // the whole image lies in one cache line
  return odd + 1;
}

/** Reads a consistent image into `image`; gives back one of READ_*. Only after READ_OK do the values mean anything. */
export function readProcessImage(base: u64, image: ProcessImage): u32 {
  for (let i: u32 = 0; i < READ_TRIES; i++) {
    bound(i, READ_TRIES);
    refreshLine(base);
    const before = channelRead32(base + PROCESS_IMAGE_SEQUENCE);
    orderReads();
    const magic = channelRead32(base);
    image.scans = channelRead64(base + PROCESS_IMAGE_SCANS);
    image.inputs = channelRead32(base + PROCESS_IMAGE_INPUTS);
    image.outputs = channelRead32(base + PROCESS_IMAGE_OUTPUTS);
    image.setpoint = channelRead32(base + PROCESS_IMAGE_SETPOINT);
    image.measured = channelRead32(base + PROCESS_IMAGE_MEASURED);
    image.actuator = channelRead32(base + PROCESS_IMAGE_ACTUATOR);
    image.counter = channelRead32(base + PROCESS_IMAGE_COUNTER);
    image.timer = channelRead32(base + PROCESS_IMAGE_TIMER);
    orderReads();
    if ((before & 1) == 0 && channelRead32(base + PROCESS_IMAGE_SEQUENCE) == before) {
      return magic == PROCESS_IMAGE_MAGIC ? READ_OK : READ_NO_MAGIC;
    }
  }
  return READ_BUSY;
}

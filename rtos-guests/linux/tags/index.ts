// tag-reader DEVICE OFFSET SIZE: a Linux/arm64 program that hands a partition's tag image (rtos-guests/channel/tagImageLayout.ts) to whoever
// reads its standard output: one consistent image after the other, each as it stands in the channel, at most a hundred a second, and
// none that is the same as the last. Silence means that the PLC does not scan. Node, in which the bridge is written, cannot map memory.
//
// DEVICE and OFFSET as for plc-reader; SIZE is the channel's. This is asc's entry file; start.S calls the two exports.
import { argument, NO_ADDRESS, parseAddress } from "../arguments";
import { addressOf, write } from "../../../build/generated/linux";
import { bound } from "../../../build/generated/cpu";
import { TAG_STREAM_TRAILER } from "../../channel/tagImageLayout";
import { copiedSequence, copyTagImage, IMAGE_BYTES_MAX } from "../../channel/tagSnapshot";
import { channel, EXIT_USAGE, EXIT_WRITE, GO_ON, line, mapChannel, pause, send, STANDARD_ERROR, STANDARD_OUTPUT } from "../program";

const ARGUMENTS: u32 = 4; // program name, DEVICE, OFFSET, SIZE
const PERIOD_NANOSECONDS: i64 = 10_000_000;

const snapshot: u32 = <u32>memory.data(IMAGE_BYTES_MAX + TAG_STREAM_TRAILER, 8);
let channelBytes: u32 = 0;
/** Of the image that was handed on last; 1, which no whole image has: none. */
let sent: u32 = 1;

/** From start.S: opens and maps the channel. Gives back GO_ON or an exit status. */
export function start(argumentCount: u32, argv: u64): u32 {
  const isWhole = argumentCount == ARGUMENTS;
  const offset = isWhole ? parseAddress(argument(argv, 2)) : NO_ADDRESS;
  const size = isWhole ? parseAddress(argument(argv, 3)) : NO_ADDRESS;
  if (offset == NO_ADDRESS || size == NO_ADDRESS || size == 0) {
    line.text("usage: tag-reader DEVICE 0xOFFSET 0xSIZE    (such as /dev/uio0 0x0 0x1000)");
    send(STANDARD_ERROR);
    return EXIT_USAGE;
  }
  channelBytes = <u32>min<u64>(size, IMAGE_BYTES_MAX);
  return mapChannel("tag-reader: ", argument(argv, 1), offset, size);
}

/** All of it, be the pipe as narrow as it may. */
function hand(count: u32): bool {
  let done: u32 = 0;
  for (let i: u32 = 0; done < count; i++) {
    bound(i, IMAGE_BYTES_MAX + TAG_STREAM_TRAILER);
    const written = <i64>write(STANDARD_OUTPUT, addressOf(snapshot + done), count - done);
    if (written <= 0) return false;
    done += <u32>written;
  }
  return true;
}

/** From start.S, for ever: one look, one period. Gives back GO_ON or an exit status. */
export function step(): u32 {
  const size = copyTagImage(channel, channelBytes, snapshot, sent);
  if (size != 0) {
    sent = copiedSequence(snapshot);
    store<u32>(snapshot + size, sent);
    store<u32>(snapshot + size + 4, ~sent);
    if (!hand(size + TAG_STREAM_TRAILER)) return EXIT_WRITE;
  }
  pause(0, PERIOD_NANOSECONDS);
  return GO_ON;
}

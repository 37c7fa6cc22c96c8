// tag-reader DEVICE OFFSET SIZE: a Linux/arm64 program that hands a partition's tag image (rtos-guests/channel/tagImageLayout.ts) to whoever
// reads its standard output: one consistent image after the other, each as it stands in the channel, at most a hundred a second, and
// none that is the same as the last. Silence means that the PLC does not scan. Node, in which the bridge is written, cannot map memory.
//
// DEVICE and OFFSET as for plc-reader; SIZE is the channel's. This is asc's entry file; start.S calls the two exports.
import { argument, NO_ADDRESS, parseAddress } from "../arguments";
import { addressOf, mmap, nanosleep, openat, write } from "../../../build/generated/linux";
import { bound } from "../../../build/generated/cpu";
import { TAG_STREAM_TRAILER } from "../../channel/tagImageLayout";
import { Line, LINE_BYTES } from "../../text/line";
import { copiedSequence, copyTagImage, IMAGE_BYTES_MAX } from "../../channel/tagSnapshot";

// Exit statuses; GO_ON is not one: the program ends only when it cannot do its work.
const GO_ON: u32 = 0;
const EXIT_USAGE: u32 = 2;
const EXIT_OPEN: u32 = 3;
const EXIT_MAP: u32 = 4;
const EXIT_WRITE: u32 = 5;

const STANDARD_OUTPUT: u64 = 1;
const STANDARD_ERROR: u64 = 2;

// include/uapi: fcntl.h, asm-generic/mman-common.h
const AT_FDCWD: u64 = <u64>-100;
const O_RDONLY: u64 = 0;
const PROT_READ: u64 = 1;
const MAP_SHARED: u64 = 1;

const ARGUMENTS: u32 = 4; // program name, DEVICE, OFFSET, SIZE
const PERIOD_NANOSECONDS: i64 = 10_000_000;

/** struct timespec. */
@unmanaged
class TimeSpec {
  seconds: i64;
  nanoseconds: i64;
}

const line = changetype<Line>(memory.data(LINE_BYTES, 8));
const pause = changetype<TimeSpec>(memory.data(offsetof<TimeSpec>(), 8));
const snapshot: u32 = <u32>memory.data(IMAGE_BYTES_MAX + TAG_STREAM_TRAILER, 8);
let channel: u64 = 0;
let channelBytes: u32 = 0;
/** Of the image that was handed on last; 1, which no whole image has: none. */
let sent: u32 = 1;

function complain(status: u32): u32 {
  line.text("\n");
  write(STANDARD_ERROR, addressOf(<u32>line.start), line.length);
  return status;
}

function failed(what: string, errno: i64, status: u32): u32 {
  line.text("tag-reader: ");
  line.text(what);
  line.text(" failed, errno ");
  line.decimal(<u64>-errno);
  return complain(status);
}

/** From start.S: opens and maps the channel. Gives back GO_ON or an exit status. */
export function start(argumentCount: u32, argv: u64): u32 {
  const isWhole = argumentCount == ARGUMENTS;
  const offset = isWhole ? parseAddress(argument(argv, 2)) : NO_ADDRESS;
  const size = isWhole ? parseAddress(argument(argv, 3)) : NO_ADDRESS;
  if (offset == NO_ADDRESS || size == NO_ADDRESS || size == 0) {
    line.text("usage: tag-reader DEVICE 0xOFFSET 0xSIZE    (such as /dev/uio0 0x0 0x1000)");
    return complain(EXIT_USAGE);
  }
  const descriptor = <i64>openat(AT_FDCWD, argument(argv, 1), O_RDONLY);
  if (descriptor < 0) return failed("open of the device", descriptor, EXIT_OPEN);
  const mapped = <i64>mmap(0, size, PROT_READ, MAP_SHARED, descriptor, offset);
  if (mapped < 0) return failed("mmap of the channel", mapped, EXIT_MAP);
  channel = mapped;
  channelBytes = <u32>min<u64>(size, IMAGE_BYTES_MAX);
  pause.nanoseconds = PERIOD_NANOSECONDS;
  return GO_ON;
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
  nanosleep(addressOf(<u32>changetype<usize>(pause)), 0);
  return GO_ON;
}

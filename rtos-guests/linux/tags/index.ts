// tag-reader DEVICE OFFSET SIZE [RINGS]: a Linux/arm64 program that hands a partition's tag image
// (rtos-guests/channel/tagImageLayout.ts) to whoever reads its standard output: one consistent image after the other, each
// as it stands in the channel, about a hundred a second, and none that is the same as the last. Silence means that the PLC
// does not scan. Node, in which the bridge is written, cannot map memory.
//
// With RINGS, where in the channel the rings of writes are (rtos-guests/channel/tagWritesLayout.ts),
// batches come on standard input, and each answer goes out behind an image that shows what was written.
// Then it ends with its standard input.
//
// DEVICE and OFFSET as for plc-reader; SIZE is the channel's. This is asc's entry file; start.S calls the two exports.
import { argument, NO_ADDRESS, parseAddress } from "../arguments";
import { addressOf, read, write } from "../../../build/generated/linux";
import { bound } from "../../../build/generated/cpu";
import { openConsumer, openProducer, receive, Ring, send as sendRecord } from "../../channel/ring";
import { RING_FULL, RING_LINE } from "../../channel/ringLayout";
import { TAG_STREAM_TRAILER } from "../../channel/tagImageLayout";
import { copiedSequence, copyTagImage, IMAGE_BYTES_MAX } from "../../channel/tagSnapshot";
import {
  TAG_ANSWER_BYTES, TAG_ANSWER_MAGIC, TAG_WRITES_ANSWER_BYTES, TAG_WRITES_ANSWERS, TAG_WRITES_ANSWERS_CAPACITY,
  TAG_WRITES_BATCH_MAX, TAG_WRITES_BYTES, TAG_WRITES_CAPACITY,
} from "../../channel/tagWritesLayout";
import {
  awaitInput, channel, EXIT_USAGE, EXIT_WRITE, GO_ON, line, mapChannel, pause, send, STANDARD_ERROR, STANDARD_INPUT,
  STANDARD_OUTPUT,
} from "../program";

const ARGUMENTS: u32 = 4; // program name, DEVICE, OFFSET, SIZE
const PERIOD_NANOSECONDS: i64 = 10_000_000;
/** Standard input has ended, or what came was no batch. */
const EXIT_INPUT: u32 = 6;
/** In front of a batch on standard input: its length. */
const LENGTH_BYTES: u32 = 4;
/** More answers than the guest's ring can hold at once. */
const ANSWERS_MAX: u32 = TAG_WRITES_ANSWERS_CAPACITY / TAG_WRITES_ANSWER_BYTES;

const snapshot: u32 = <u32>memory.data(IMAGE_BYTES_MAX + TAG_STREAM_TRAILER, 8);
let channelBytes: u32 = 0;
/** Of the image that was handed on last; 1, which no whole image has: none. */
let sent: u32 = 1;

let hasRings: bool = false;
const batches = changetype<Ring>(memory.data(offsetof<Ring>(), 8));
const answers = changetype<Ring>(memory.data(offsetof<Ring>(), 8));
/** The length of a batch, and then the batch, as far as they have come. */
const input: u32 = <u32>memory.data(LENGTH_BYTES + TAG_WRITES_BATCH_MAX, 8);
let inputBytes: u32 = 0;
/** As they go out. */
const told: u32 = <u32>memory.data(TAG_ANSWER_BYTES * ANSWERS_MAX, 8);
let toldCount: u32 = 0;

/** From start.S: opens and maps the channel. Gives back GO_ON or an exit status. */
export function start(argumentCount: u32, argv: u64): u32 {
  hasRings = argumentCount == ARGUMENTS + 1;
  const isWhole = argumentCount == ARGUMENTS || hasRings;
  const offset = isWhole ? parseAddress(argument(argv, 2)) : NO_ADDRESS;
  const size = isWhole ? parseAddress(argument(argv, 3)) : NO_ADDRESS;
  const rings = hasRings ? parseAddress(argument(argv, 4)) : 0;
  const fits = !hasRings || rings % RING_LINE == 0 && rings < size && size - rings >= TAG_WRITES_BYTES;
  if (offset == NO_ADDRESS || size == NO_ADDRESS || size == 0 || !fits) {
    line.text("usage: tag-reader DEVICE 0xOFFSET 0xSIZE [0xRINGS]    (such as /dev/uio0 0x0 0x1000)");
    send(STANDARD_ERROR);
    return EXIT_USAGE;
  }
  channelBytes = <u32>min<u64>(size, IMAGE_BYTES_MAX);
  const status = mapChannel("tag-reader: ", argument(argv, 1), offset, size, hasRings);
  if (status == GO_ON && hasRings) {
    openProducer(batches, channel + rings, TAG_WRITES_CAPACITY);
    openConsumer(answers, channel + rings + TAG_WRITES_ANSWERS, TAG_WRITES_ANSWERS_CAPACITY);
  }
  return status;
}

/** All of it, be the pipe as narrow as it may. */
function hand(from: u32, count: u32): bool {
  let done: u32 = 0;
  for (let i: u32 = 0; done < count; i++) {
    bound(i, IMAGE_BYTES_MAX + TAG_STREAM_TRAILER);
    const written = <i64>write(STANDARD_OUTPUT, addressOf(from + done), count - done);
    if (written <= 0) return false;
    done += <u32>written;
  }
  return true;
}

/** The answers that have come by now: the image that is looked at after this shows what they say. */
function takeAnswers(): void {
  toldCount = 0;
  for (let i: u32 = 0; i < ANSWERS_MAX; i++) {
    bound(i, ANSWERS_MAX);
    const at = told + toldCount * TAG_ANSWER_BYTES;
    const length = receive(answers, at + 4, TAG_WRITES_ANSWER_BYTES);
    if (length < 0) return;
    if (length != <i32>TAG_WRITES_ANSWER_BYTES) continue; // the guest's end is not trusted, either
    store<u32>(at, TAG_ANSWER_MAGIC);
    store<u32>(at + 12, ~load<u32>(at + 4));
    toldCount++;
  }
}

/** What has come of a batch; a whole one goes to the guest as soon as its ring has room. GO_ON or an exit status. */
function takeInput(): u32 {
  const length = inputBytes < LENGTH_BYTES ? 0 : load<u32>(input);
  if (inputBytes >= LENGTH_BYTES && inputBytes == LENGTH_BYTES + length) {
    if (sendRecord(batches, input + LENGTH_BYTES, length) == RING_FULL) {
      pause(0, PERIOD_NANOSECONDS);
      return GO_ON;
    }
    inputBytes = 0;
    return GO_ON;
  }
  if (!awaitInput(PERIOD_NANOSECONDS)) return GO_ON;
  const wanted = inputBytes < LENGTH_BYTES ? LENGTH_BYTES - inputBytes : LENGTH_BYTES + length - inputBytes;
  const got = <i64>read(STANDARD_INPUT, addressOf(input + inputBytes), wanted);
  if (got <= 0) return EXIT_INPUT;
  inputBytes += <u32>got;
  return inputBytes >= LENGTH_BYTES && load<u32>(input) > TAG_WRITES_BATCH_MAX ? EXIT_INPUT : GO_ON;
}

/** From start.S, for ever: one look, one period or one piece of a batch. Gives back GO_ON or an exit status. */
export function step(): u32 {
  if (hasRings) takeAnswers();
  const size = copyTagImage(channel, channelBytes, snapshot, sent);
  if (size != 0) {
    sent = copiedSequence(snapshot);
    store<u32>(snapshot + size, sent);
    store<u32>(snapshot + size + 4, ~sent);
    if (!hand(snapshot, size + TAG_STREAM_TRAILER)) return EXIT_WRITE;
  }
  if (hasRings) {
    if (toldCount != 0 && !hand(told, toldCount * TAG_ANSWER_BYTES)) return EXIT_WRITE;
    return takeInput();
  }
  pause(0, PERIOD_NANOSECONDS);
  return GO_ON;
}

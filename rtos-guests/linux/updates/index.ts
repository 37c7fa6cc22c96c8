// update-sender FILE: a Linux program that brings a new image for another partition, as `axv-part update sign` has made
// it, to the hypervisor: through the ring behind this partition's mailbox (core/abi.ts, MAILBOX_UPDATE_*), which it finds in the
// device tree and maps by /dev/mem. It checks nothing of the image, for the hypervisor does. Exit status 0: it is ready, and runs
// with that partition's next start. This is asc's entry file; start.S calls the two exports.
//
// /dev/mem maps what is not RAM of Linux's past the caches, and the hypervisor's accesses are cached: so a line leaves its cache
// before something is written to it here, lest it overwrites that later, and behind it, lest the hypervisor reads what was there
// before. The line of the words that it writes is written back to memory before they are read.
import { argument } from "../arguments";
import { addressOf, openat, read } from "../../../build/generated/linux";
import { bound } from "../../../build/generated/cpu";
import {
  channelRead32, channelWrite32, channelWrite64, orderReads, orderWrites, refreshLine,
} from "../../../build/generated/channel";
import {
  IMAGE_HEADER_BYTES, IMAGE_IDLE, IMAGE_LINE_BYTES, IMAGE_READY, IMAGE_RECEIVING, IMAGE_REFUSED, IMAGE_RING_BYTES,
  IMAGE_SIGNATURE_BYTES, IMAGE_WAITING, MAILBOX_SIZE, MAILBOX_UPDATE_HEAD, MAILBOX_UPDATE_START, MAILBOX_UPDATE_STATE,
  MAILBOX_UPDATE_TAIL, MANIFEST_SIZE,
} from "../../../core/abi";
import { isMailbox } from "../../channel/mailbox";
import {
  AT_FDCWD, channel, EXIT_OPEN, EXIT_USAGE, failed, GO_ON, line, mapChannel, O_RDONLY, pathOf, pause, send, STANDARD_ERROR,
  STANDARD_OUTPUT,
} from "../program";
import { findMailbox, mailboxAddress, mailboxBytes } from "./deviceTree";
import { refusal } from "./refusal";

const ARGUMENTS: u32 = 2; // program name, FILE
const CHUNK_BYTES: u32 = 4096;
const PAUSE_NANOSECONDS: i64 = 5_000_000;
/** So many pauses without anything that moves: ten seconds. */
const PAUSES_MAX: u32 = 2000;
const PROGRESS_SHIFT: u64 = 3; // a line for each eighth of it, and the last one for all

/** The kernel keeps eight bits of it: 0, which step() cannot give back, for that means to go on. */
const EXIT_READY: u32 = 0x100;
const EXIT_MAILBOX: u32 = 6;
const EXIT_FILE: u32 = 7;
const EXIT_STUCK: u32 = 8;
const EXIT_REFUSED: u32 = 9;

/** What an earlier sender began is given up; the new one is asked for; bytes go. */
const ENDING: u32 = 0;
const BEGINNING: u32 = 1;
const STREAMING: u32 = 2;
let phase: u32 = ENDING;

let file: u64 = 0;
let hasEnded: bool = false;
const chunk: u32 = <u32>memory.data(CHUNK_BYTES, 8);
let chunkBytes: u32 = 0;

let ring: u64 = 0;
let sent: u64 = 0;
/** Of the file, as far as its manifest has come. */
let total: u64 = IMAGE_HEADER_BYTES;
let shown: u64 = 0;

let startBefore: u32 = 0; // MAILBOX_UPDATE_START as it was
let state: u32 = 0;
let tail: u32 = 0;
let pauses: u32 = 0;

function complain(text: string, status: u32): u32 {
  line.text("update-sender: ");
  line.text(text);
  send(STANDARD_ERROR);
  return status;
}

/** One of the words that the hypervisor reads; what was written before is there before. */
function put(offset: u32, value: u32): void {
  orderWrites();
  channelWrite32(channel + offset, value);
  refreshLine(channel + offset);
}

/** Gives up what was begun. */
function giveUp(status: u32): u32 {
  put(MAILBOX_UPDATE_START, 0);
  return status;
}

/** Tail and state, which are the hypervisor's. */
function look(): void {
  refreshLine(channel + MAILBOX_UPDATE_TAIL);
  const newState = channelRead32(channel + MAILBOX_UPDATE_STATE);
  const newTail = channelRead32(channel + MAILBOX_UPDATE_TAIL);
  orderReads();
  if (newState != state || newTail != tail) pauses = 0;
  state = newState;
  tail = newTail;
}

/** From start.S. Gives back GO_ON or an exit status. */
export function start(argumentCount: u32, argv: u64): u32 {
  if (argumentCount != ARGUMENTS) {
    line.text("usage: update-sender FILE    (a signed image, of axv-part update sign)");
    send(STANDARD_ERROR);
    return EXIT_USAGE;
  }
  const opened = <i64>openat(AT_FDCWD, argument(argv, 1), O_RDONLY);
  if (opened < 0) return failed("update-sender: ", "open of the file", opened, EXIT_OPEN);
  file = opened;
  if (!findMailbox() || mailboxBytes < MAILBOX_SIZE + IMAGE_RING_BYTES)
    return complain("no ring for images: in system.yaml, `update: { from: ... }` has to name this partition", EXIT_MAILBOX);
  const status = mapChannel("update-sender: ", pathOf("/dev/mem"), mailboxAddress, mailboxBytes, true);
  if (status != GO_ON) return status;
  ring = channel + mailboxBytes - IMAGE_RING_BYTES; // the last of what is behind the mailbox's page
  refreshLine(channel);
  if (!isMailbox(channel)) return complain("this mailbox is not one that this program knows", EXIT_MAILBOX);
  startBefore = channelRead32(channel + MAILBOX_UPDATE_START);
  put(MAILBOX_UPDATE_START, 0);
  return GO_ON;
}

/** Nothing can be done now. */
function idle(): u32 {
  if (++pauses < PAUSES_MAX) {
    pause(0, PAUSE_NANOSECONDS);
    return GO_ON;
  }
  return giveUp(complain("nothing moves: the hypervisor has answered nothing for ten seconds; given up", EXIT_STUCK));
}

/** The next bytes of the file. GO_ON or an exit status. */
function readFile(): u32 {
  const got = <i64>read(file, addressOf(chunk + chunkBytes), CHUNK_BYTES - chunkBytes);
  if (got < 0) return giveUp(failed("update-sender: ", "read of the file", got, EXIT_FILE));
  chunkBytes += <u32>got;
  hasEnded = got == 0;
  if (sent == 0 && chunkBytes >= IMAGE_HEADER_BYTES)
    total = IMAGE_HEADER_BYTES + load<u64>(chunk + IMAGE_SIGNATURE_BYTES + MANIFEST_SIZE);
  return GO_ON;
}

/** Of the ring, from what was sent last on. */
function refreshLines(bytes: u32): void {
  for (let n: u32 = 0; n < bytes; n += IMAGE_LINE_BYTES) {
    bound(n / IMAGE_LINE_BYTES, CHUNK_BYTES / IMAGE_LINE_BYTES);
    refreshLine(ring + ((sent + n) & (IMAGE_RING_BYTES - 1)));
  }
}

/** The chunk goes into the ring, for which there is room: whole lines, the last one with zeros. */
function push(): void {
  const bytes = (chunkBytes + IMAGE_LINE_BYTES - 1) & ~(IMAGE_LINE_BYTES - 1);
  memory.fill(chunk + chunkBytes, 0, bytes - chunkBytes);
  refreshLines(bytes);
  for (let n: u32 = 0; n < bytes; n += 8) {
    bound(n >> 3, CHUNK_BYTES / 8);
    channelWrite64(ring + ((sent + n) & (IMAGE_RING_BYTES - 1)), load<u64>(chunk + n));
  }
  orderWrites();
  refreshLines(bytes);
  sent += bytes;
  chunkBytes = 0;
  put(MAILBOX_UPDATE_HEAD, <u32>sent);
}

function showProgress(): void {
  const taken = min(sent - (<u32>sent - tail), total);
  const isLast = taken == total && shown != total;
  if (!isLast && taken < shown + (total >> PROGRESS_SHIFT)) return;
  shown = taken;
  line.text("update-sender: ");
  line.decimal(taken);
  line.text(" of ");
  line.decimal(total);
  line.text(" bytes");
  send(STANDARD_OUTPUT);
}

/** The hypervisor waits for what the file has not. */
function isTooShort(now: u32): bool {
  if (!hasEnded || chunkBytes != 0 || sent >= total) return false;
  return now == IMAGE_WAITING ? sent < IMAGE_HEADER_BYTES : now == IMAGE_RECEIVING && tail == <u32>sent;
}

function stream(now: u32): u32 {
  showProgress();
  if (now == IMAGE_REFUSED) return complain(refusal(state >> 8), EXIT_REFUSED);
  if (now == IMAGE_READY) {
    line.text("update-sender: ready: that partition runs it from its next start on");
    send(STANDARD_OUTPUT);
    return EXIT_READY;
  }
  if (isTooShort(now)) return giveUp(complain("the file ends before its image does; given up", EXIT_FILE));
  if (!hasEnded && chunkBytes < CHUNK_BYTES) return readFile();
  if (chunkBytes == 0 || <u32>sent - tail > IMAGE_RING_BYTES - CHUNK_BYTES) return idle();
  push();
  return GO_ON;
}

/** From start.S, for ever: one look, and what can be done then. Gives back GO_ON or an exit status. */
export function step(): u32 {
  look();
  const now = state & 0xff;
  if (phase == STREAMING) return stream(now);
  if (phase == BEGINNING) {
    if (now != IMAGE_WAITING || tail != 0) return idle();
    phase = STREAMING;
    return GO_ON;
  }
  if (now != IMAGE_IDLE) return idle();
  phase = BEGINNING;
  put(MAILBOX_UPDATE_HEAD, 0);
  put(MAILBOX_UPDATE_START, max<u32>(startBefore + 1, 1));
  return GO_ON;
}

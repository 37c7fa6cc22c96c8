// The mailbox (core/abi.ts): what a guest leaves there instead of a hypercall, collected by the housekeeper. Each field is read
// once, and whatever it holds is only ever a number to compare, to show, or to reduce to a range.

import { physicalRead32, physicalRead64, physicalWrite32, physicalWrite64, ringLine } from "../build/generated/isa";
import { bound } from "../build/generated/cpu";
import {
  MAILBOX_CONSOLE, MAILBOX_CONSOLE_BYTES, MAILBOX_CONSOLE_HEAD, MAILBOX_CONSOLE_TAIL, MAILBOX_DOORBELL_COUNT, MAILBOX_DOORBELLS,
  MAILBOX_MAGIC, MAILBOX_PUBLISHED, MAILBOX_SIZE, MAILBOX_TAG_BYTES, MAILBOX_TAG_IMAGE, MAILBOX_TAGS, MAILBOX_VERSION,
  MAILBOX_WATCHDOG, STATE_RUNNING, TAG_MAX,
} from "./abi";
import { blobChannel } from "../build/generated/blob";
import { fillOutput, outputFree, reserveOutput } from "./console";
import { feedWatchdog, Partition, publishTags, setTag, stateOf } from "./partition";

const VERSION: u32 = 1;
const BYTES_A_TICK: u32 = 64; // Console bytes in one tick: more than a UART at 115200 Baud takes meanwhile

/** The partition is about to begin: an empty mailbox. */
export function clearMailbox(partition: Partition): void {
  const pa = partition.mailbox;
  if (pa == 0) return;
  for (let offset: u32 = 0; offset < MAILBOX_SIZE; offset += 8) {
    bound(offset >> 3, MAILBOX_SIZE / 8);
    physicalWrite64(pa + offset, 0);
  }
  physicalWrite32(pa, MAILBOX_MAGIC);
  physicalWrite32(pa + MAILBOX_VERSION, VERSION);
  if (partition.tags == pa + MAILBOX_TAG_IMAGE) physicalWrite32(pa + MAILBOX_TAG_BYTES, partition.plan.tagBytes);
  partition.mailboxFed = 0;
  partition.mailboxTail = 0;
  for (let n: u32 = 0; n < MAILBOX_DOORBELL_COUNT; n++) {
    bound(n, MAILBOX_DOORBELL_COUNT);
    partition.setRung(n, 0);
  }
}

export function serveMailbox(partition: Partition, now: u64): void {
  const pa = partition.mailbox;
  if (pa == 0 || stateOf(partition) != STATE_RUNNING) return;
  const fed = physicalRead64(pa + MAILBOX_WATCHDOG);
  if (fed != partition.mailboxFed) {
    partition.mailboxFed = fed;
    feedWatchdog(partition, now);
  }
  const plan = partition.plan;
  const channels = min<u32>(plan.channelCount, MAILBOX_DOORBELL_COUNT);
  for (let n: u32 = 0; n < channels; n++) {
    bound(n, MAILBOX_DOORBELL_COUNT);
    const rung = physicalRead32(pa + MAILBOX_DOORBELLS + (n << 2));
    if (rung == partition.rung(n)) continue;
    partition.setRung(n, rung);
    partition.doorbells++;
    ringLine(blobChannel(plan.channelFirst + n).doorbell);
  }
  takeConsole(partition, pa);
}

/** Pieces in which what a partition printed last is collected, at most. */
export const DRAIN_PIECES: u32 = MAILBOX_CONSOLE_BYTES / BYTES_A_TICK;

/** The partition's last vCPU has left: a piece of what it printed. A tick that is just at it may make some of it appear twice.
 *  False: it was the last. */
export function drainMailbox(partition: Partition): bool {
  return partition.mailbox != 0 && takeConsole(partition, partition.mailbox);
}

/** Moves what was printed into the output ring, as far as there is room. False: nothing. */
function takeConsole(partition: Partition, pa: u64): bool {
  const head = physicalRead32(pa + MAILBOX_CONSOLE_HEAD);
  let tail = partition.mailboxTail;
  // A guest that writes on without looking has overwritten what was there.
  if (head - tail > MAILBOX_CONSOLE_BYTES) tail = head - MAILBOX_CONSOLE_BYTES;
  const count = min(min(head - tail, BYTES_A_TICK), outputFree(partition.index));
  const position = reserveOutput(partition.index, count);
  for (let i: u32 = 0; i < count; i++) {
    bound(i, BYTES_A_TICK);
    const at = tail++ & (MAILBOX_CONSOLE_BYTES - 1);
    fillOutput(partition.index, position + i, physicalRead32(pa + MAILBOX_CONSOLE + (at & ~3)) >> ((at & 3) << 3));
  }
  partition.mailboxTail = tail;
  physicalWrite32(pa + MAILBOX_CONSOLE_TAIL, tail);
  return count != 0;
}

/** Before telemetry: the tags. */
export function collectTags(partition: Partition): void {
  const pa = partition.mailbox;
  if (pa == 0 || stateOf(partition) != STATE_RUNNING) return;
  const published = physicalRead32(pa + MAILBOX_PUBLISHED);
  for (let n: u32 = 0; n < TAG_MAX; n++) {
    bound(n, TAG_MAX);
    if (((published >> n) & 1) != 0) setTag(partition, n, physicalRead64(pa + MAILBOX_TAGS + (n << 3)));
  }
  publishTags(partition, published);
}

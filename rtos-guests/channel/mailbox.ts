// The guest's side of its mailbox (core/abi.ts, MAILBOX_*): what it leaves there the hypervisor does within its next tick, and no
// exit is made for it. Its other user is the hypervisor, which maps it as the guest does: no cache line is cleaned.
import { bound } from "../../build/generated/cpu";
import {
  channelRead32, channelRead64, channelWrite32, channelWrite64, channelWrite8, orderReads, orderWrites,
} from "../../build/generated/channel";
import {
  MAILBOX_CONSOLE, MAILBOX_CONSOLE_BYTES, MAILBOX_CONSOLE_HEAD, MAILBOX_CONSOLE_TAIL, MAILBOX_DOORBELLS, MAILBOX_MAGIC,
  MAILBOX_PUBLISHED, MAILBOX_TAGS, MAILBOX_VERSION, MAILBOX_WATCHDOG,
} from "../../core/abi";

/** What MAILBOX_VERSION holds in a mailbox that this file can use. */
const VERSION: u32 = 1;

export function isMailbox(base: u64): bool {
  return channelRead32(base) == MAILBOX_MAGIC && channelRead32(base + MAILBOX_VERSION) == VERSION;
}

export function mailFeed(base: u64): void {
  channelWrite64(base + MAILBOX_WATCHDOG, channelRead64(base + MAILBOX_WATCHDOG) + 1);
}

/** `channel` < MAILBOX_DOORBELL_COUNT. What was written to the channel before is seen by whom the doorbell calls. */
export function mailDoorbell(base: u64, channel: u32): void {
  const word = base + MAILBOX_DOORBELLS + (channel << 2);
  orderWrites();
  channelWrite32(word, channelRead32(word) + 1);
}

/** `tag` < TAG_MAX. */
export function mailTag(base: u64, tag: u32, value: u64): void {
  channelWrite64(base + MAILBOX_TAGS + (tag << 3), value);
  orderWrites();
  channelWrite32(base + MAILBOX_PUBLISHED, channelRead32(base + MAILBOX_PUBLISHED) | (1 << tag));
}

/** Prints the `count` bytes at `from` in linear memory, or as many as there is room for. Gives back how many. */
export function mailConsole(base: u64, from: usize, count: u32): u32 {
  const head = channelRead32(base + MAILBOX_CONSOLE_HEAD);
  const waiting = head - channelRead32(base + MAILBOX_CONSOLE_TAIL);
  orderReads(); // the room is free before it is written to
  const room = waiting < MAILBOX_CONSOLE_BYTES ? MAILBOX_CONSOLE_BYTES - waiting : 0;
  const taken = min(count, room);
  for (let i: u32 = 0; i < taken; i++) {
    bound(i, MAILBOX_CONSOLE_BYTES);
    channelWrite8(base + MAILBOX_CONSOLE + ((head + i) & (MAILBOX_CONSOLE_BYTES - 1)), load<u8>(from + i));
  }
  orderWrites();
  channelWrite32(base + MAILBOX_CONSOLE_HEAD, head + taken);
  return taken;
}

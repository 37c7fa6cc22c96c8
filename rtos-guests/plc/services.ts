// The hypervisor's services, as this guest asks for them (core/abi.ts): by its mailbox where it has one, which costs no exit, by
// hypercall where it has none. Booted bare, with no hypervisor below (firmware answers a call then), the version query fails and
// every later call is left out: the guest runs on alone.
import {
  CALL_CONSOLE_WRITE, CALL_DOORBELL, CALL_MAILBOX, CALL_TAG_PUBLISH, CALL_VERSION, CALL_VERSION_MAJOR, CALL_WATCHDOG_FEED,
  MAILBOX_SIZE, MAILBOX_TAG_BYTES, MAILBOX_TAG_IMAGE,
} from "../../core/abi";
import { channelRead32 } from "../../build/generated/channel";
import { CHANNEL_IPA, hypercall, writeBareConsole } from "../../build/generated/plcIsa";
import { isMailbox, mailConsole, mailDoorbell, mailFeed, mailTag } from "../channel/mailbox";
import { SHARED_BYTES } from "./map";

const VERSION_MAJOR_SHIFT: u64 = 16;
const NO_MAILBOX: u64 = 0;

let present: bool = false;
let mailbox: u64 = NO_MAILBOX;

/** Asks whether a hypervisor with our interface is there, and for the mailbox. */
export function probeHypervisor(): void {
  present = <i64>hypercall(CALL_VERSION, 0, 0, 0, 0, 0, 0, 0) >> VERSION_MAJOR_SHIFT == CALL_VERSION_MAJOR;
  if (!present) return;
  const ipa = hypercall(CALL_MAILBOX, 0, 0, 0, 0, 0, 0, 0); // an error is negative: far above what is mapped
  if (ipa - CHANNEL_IPA <= SHARED_BYTES - MAILBOX_SIZE && isMailbox(ipa)) mailbox = ipa;
}

/** IPA of a tag image of so many bytes behind the mailbox; 0: the system has none there, or another one. */
export function tagImage(bytes: u32): u64 {
  if (mailbox == NO_MAILBOX || channelRead32(mailbox + MAILBOX_TAG_BYTES) != bytes) return 0;
  return mailbox + MAILBOX_TAG_IMAGE + bytes <= CHANNEL_IPA + SHARED_BYTES ? mailbox + MAILBOX_TAG_IMAGE : 0;
}

export function hypervisorIsPresent(): bool {
  return present;
}

/** Whether the plan gives us such a channel: only a hypercall is answered, so its doorbell rings. */
export function hasChannel(channel: u32): bool {
  return present && <i64>hypercall(CALL_DOORBELL, channel, 0, 0, 0, 0, 0, 0) >= 0;
}

/** Makes the peer's doorbell interrupt pending; `channel` is one that we have, and one of the first MAILBOX_DOORBELL_COUNT. */
export function ringDoorbell(channel: u32): void {
  if (mailbox != NO_MAILBOX) mailDoorbell(mailbox, channel);
  else if (present) hypercall(CALL_DOORBELL, channel, 0, 0, 0, 0, 0, 0);
}

export function publishTag(tag: u32, value: u64): void {
  if (mailbox != NO_MAILBOX) mailTag(mailbox, tag, value);
  else if (present) hypercall(CALL_TAG_PUBLISH, tag, value, 0, 0, 0, 0, 0);
}

/** The first feed arms the partition's watchdog; once a scan is far more often than its period asks for. */
export function feedWatchdog(): void {
  if (mailbox != NO_MAILBOX) mailFeed(mailbox);
  else if (present) hypercall(CALL_WATCHDOG_FEED, 0, 0, 0, 0, 0, 0, 0);
}

/**
 * Offers `count` characters (at most CONSOLE_WRITE_MAX) from linear memory, of which CONSOLE_WRITE_MAX bytes may be read.
 * Gives back how many were taken; all of them where there is no console to take them.
 */
export function writeConsole(from: usize, count: u32): u32 {
  if (mailbox != NO_MAILBOX) return mailConsole(mailbox, from, count);
  if (!present) return writeBareConsole(from, count);
  const taken = <i64>hypercall(
    CALL_CONSOLE_WRITE, count,
    load<u64>(from), load<u64>(from, 8), load<u64>(from, 16), load<u64>(from, 24), load<u64>(from, 32), load<u64>(from, 40),
  );
  return taken < 0 ? count : <u32>taken;
}

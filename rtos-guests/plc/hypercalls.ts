// The hypervisor's services, as this guest asks for them (core/abi.ts). Booted bare, with no hypervisor below (QEMU's
// own PSCI answers an HVC then), the version query fails and every later call is left out: the guest runs on alone.
import {
  HYPERCALL_CONSOLE_WRITE, HYPERCALL_DOORBELL, HYPERCALL_TAG_PUBLISH, HYPERCALL_VERSION, HYPERCALL_VERSION_MAJOR,
  HYPERCALL_WATCHDOG_FEED,
} from "../../core/abi";
import { hvc } from "../../build/generated/guest";

const VERSION_MAJOR_SHIFT: u64 = 16;

let present: bool = false;

/** Asks whether a hypervisor with our interface is there. */
export function probeHypervisor(): void {
  present = <i64>hvc(HYPERCALL_VERSION, 0, 0, 0, 0, 0, 0, 0) >> VERSION_MAJOR_SHIFT == HYPERCALL_VERSION_MAJOR;
}

export function hypervisorIsPresent(): bool {
  return present;
}

/** Makes the peer's doorbell interrupt pending. Gives back whether there is such a channel. */
export function ringDoorbell(channel: u64): bool {
  return present && <i64>hvc(HYPERCALL_DOORBELL, channel, 0, 0, 0, 0, 0, 0) >= 0;
}

export function publishTag(tag: u64, value: u64): void {
  if (present) hvc(HYPERCALL_TAG_PUBLISH, tag, value, 0, 0, 0, 0, 0);
}

/** The first feed arms the partition's watchdog; once a scan is far more often than its period asks for. */
export function feedWatchdog(): void {
  if (present) hvc(HYPERCALL_WATCHDOG_FEED, 0, 0, 0, 0, 0, 0, 0);
}

/**
 * Offers `count` characters (at most CONSOLE_WRITE_MAX) from linear memory, of which CONSOLE_WRITE_MAX bytes may be read.
 * Gives back how many were taken; all of them where there is no console to take them.
 */
export function writeConsole(from: usize, count: u32): u32 {
  if (!present) return count;
  const taken = <i64>hvc(
    HYPERCALL_CONSOLE_WRITE, count,
    load<u64>(from), load<u64>(from, 8), load<u64>(from, 16), load<u64>(from, 24), load<u64>(from, 32), load<u64>(from, 40),
  );
  return taken < 0 ? count : <u32>taken;
}

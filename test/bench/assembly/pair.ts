// What the two ends of the doorbell benchmark share: one page of memory, the channel of their partitions.
import { mmioRead32, mmioWrite32 } from "../../../build/generated/guest";

const CHANNEL_IPA: u64 = 0x50000000;
/** The sender's cycle counter when it rang, u64. */
export const STARTED: u64 = CHANNEL_IPA;
/** What its counter was when the common time was 0, u64. */
const SENDER_ZERO: u64 = CHANNEL_IPA + 8;
const RECEIVER_STATE: u64 = CHANNEL_IPA + 16;
/** How often the sender has begun anew. */
const LIVES: u64 = CHANNEL_IPA + 20;

export const RECEIVER_READY: u32 = 1;
export const RECEIVER_DONE: u32 = 2;
/** If the image does not ask for fewer. */
export const DOORBELLS: u32 = 10000;

export function receiverState(): u32 {
  return mmioRead32(RECEIVER_STATE);
}

export function setReceiverState(state: u32): void {
  mmioWrite32(RECEIVER_STATE, state);
}

export function lives(): u32 {
  return mmioRead32(LIVES);
}

export function setLives(count: u32): void {
  mmioWrite32(LIVES, count);
}

export function setSenderZero(zero: u64): void {
  mmioWrite32(SENDER_ZERO, <u32>zero);
  mmioWrite32(SENDER_ZERO + 4, <u32>(zero >> 32));
}

/** When the sender rang, as a time that all CPUs have. */
export function startedAt(): u64 {
  return read64(STARTED) - read64(SENDER_ZERO);
}

function read64(address: u64): u64 {
  return <u64>mmioRead32(address) | ((<u64>mmioRead32(address + 4)) << 32);
}

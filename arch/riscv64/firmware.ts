// What the hypervisor asks of firmware (RISC-V SBI 2.0): to start a hart, and to have others forget what they remember. Nothing
// of a guest's gets here; of its counters, checked, sbiPmu.ts asks.

import { sbi, secondaryEntry } from "../../build/generated/riscv64";
import { bound } from "../../build/generated/cpu";
import { relax } from "./timer";
import { Vcpu } from "./vcpu";

const EXTENSION_HSM: u64 = 0x48534d;
const HART_START: u64 = 0;
/** So often it is asked again, a nap between. */
const STOPS_WITHIN: u32 = 10_000;
const EXTENSION_SRST: u64 = 0x53525354;
const COLD_REBOOT: u64 = 1;
const EXTENSION_RFENCE: u64 = 0x52464e43;
export const REMOTE_FENCE_I: u64 = 0;
export const REMOTE_HFENCE_GVMA: u64 = 4;
/** Of the guest that the caller's hgatp names. */
export const REMOTE_HFENCE_VVMA: u64 = 6;
/** From address 0 on: the whole space. */
const EVERYTHING: u64 = 0xffffffffffffffff;

/** Starts the hart, with its place in the blob. False: it does not. The one that firmware came with may not have stopped yet. */
export function startPcpu(vcpu: Vcpu): bool {
  for (let i: u32 = 0; i < STOPS_WITHIN; i++) {
    bound(i, STOPS_WITHIN);
    if (<i64>sbi(EXTENSION_HSM, HART_START, vcpu.id, secondaryEntry(), vcpu.pcpu, 0, 0) >= 0) return true;
    relax();
  }
  return false;
}

/** The whole board: it does not come back. */
export function resetBoard(): void { sbi(EXTENSION_SRST, 0, COLD_REBOOT, 0, 0, 0, 0); }

/** That hart has done so when this returns, in firmware, whatever it is at: so it must be none of another partition's. */
export function onHart(hart: u64, fence: u64): void { sbi(EXTENSION_RFENCE, fence, 1, hart, 0, EVERYTHING, 0); }

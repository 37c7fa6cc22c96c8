// SBI's performance monitoring unit (RISC-V SBI 2.0, PMU) towards a partition with `pmu: true`: the programmable counters of its
// own harts, which count while its guest runs and at no other time. Only machine mode can set one: firmware does, on the caller's
// hart, in its time (OpenSBI 1.1 and 1.6: 700 to 2,900 instructions; loops over counters and events). A kick waits for it.
//
//   a guest asks                         firmware is asked
//   ────────────                         ─────────────────
//   counters, by a mask and a base       the same, base 0: none but those that are there
//   not to count its user, supervisor    not to count VU, VS; and M, HS, U never (Sscofpmf)
//   for an event of hardware's           the same; of firmware's events and counters (which count for the hypervisor, too),
//                                        snapshots and interrupts there are none
//
// Filters are hints to firmware, and nothing without Sscofpmf: so a counter is tried first, and where it counts the hypervisor
// no guest has any. A counter is open to the guest (hcounteren) from when it configures it, which begins with 0, to its end.

import { csrr_hcounteren, csrr_hpmcounter3, csrw_hcounteren, sbi } from "../../build/generated/riscv64";
import { bound } from "../../build/generated/cpu";
import { HCOUNTEREN_PMU } from "./csrs";
import { INVALID_PARAM, NOT_SUPPORTED } from "./sbiErrors";
import { Vcpu } from "./vcpu";

export const PMU: u32 = 0x504d55;
const NUM_COUNTERS: u64 = 0;
const COUNTER_INFO: u64 = 1;
const CONFIGURE: u64 = 2;
const START: u64 = 3;
const STOP: u64 = 4;
const FIRMWARE_READ: u64 = 5;
const FIRMWARE_READ_HIGH: u64 = 6;

//  counter info:  63  62       18 17    12 11     0
//                ┌───┬──────────┬────────┬────────┐
//                │ 1:│    0     │width −1│  CSR   │   1: firmware's own, without a CSR
//                └───┴──────────┴────────┴────────┘
const INFO_CSR: u64 = 0xfff;
const CYCLE: u64 = 0xc00;
/** Behind cycle, time and instret, which cannot be filtered. */
const FIRST_COUNTER: u32 = 3;
const COUNTERS: u32 = 32;

// Flags of CONFIGURE.
const CLEAR_VALUE: u64 = 1 << 1;
const AUTO_START: u64 = 1 << 2;
const INHIBIT_VU_VS: u64 = 1 << 3 | 1 << 4;
const INHIBIT_U_S: u64 = 1 << 5 | 1 << 6;
const INHIBIT_M: u64 = 1 << 7;
/** From U and S to VU and VS. */
const INHIBIT_SHIFT: u64 = 2;
/** Not SKIP_MATCH (bit 0), by which a counter keeps what it counts. */
const CONFIGURE_FLAGS: u64 = CLEAR_VALUE | AUTO_START | INHIBIT_VU_VS | INHIBIT_U_S | INHIBIT_M;
const SET_INITIAL_VALUE: u64 = 1;
const RESET: u64 = 1;

/** Event: type << 16 | code. Types are 0 hardware, 1 its caches, 2 raw, which has its number in event_data. */
const EVENTS_END: u64 = 3 << 16;
const CPU_CYCLES: u64 = 1;
/** Of event_data: an implementation's. Filters are above it. */
const RAW_BITS: u64 = 48;

/** The counters of this hart that count nothing but what its guest does, by their numbers; 0: there are none. */
export function findCounters(): u32 {
  const tried: u64 = 1 << FIRST_COUNTER;
  const flags = AUTO_START | INHIBIT_U_S | INHIBIT_M;
  if (<i64>sbi(PMU, CONFIGURE, 0, tried, flags, CPU_CYCLES, 0) != FIRST_COUNTER) return 0;
  const before = csrr_hpmcounter3();
  let counters: u32 = 0;
  for (let n = FIRST_COUNTER; n < COUNTERS; n++) {
    bound(n, COUNTERS);
    const info = sbi(PMU, COUNTER_INFO, n, 0, 0, 0, 0);
    if (<i64>info >= 0 && (info & INFO_CSR) == CYCLE + n) counters |= 1 << n;
  }
  const counted = csrr_hpmcounter3() - before;
  sbi(PMU, STOP, 0, tried, RESET, 0, 0);
  return counted == 0 ? counters : 0;
}

/** The guest has left for good: none of its counters goes on, or is open to who comes next. */
export function endCounters(vcpu: Vcpu): void {
  const open = <u32>csrr_hcounteren() & vcpu.counters;
  if (open == 0) return;
  csrw_hcounteren(HCOUNTEREN_PMU);
  sbi(PMU, STOP, 0, open, RESET, 0, 0);
}

/** Any call but those of other extensions. */
export function performance(vcpu: Vcpu): i64 {
  const asked = vcpu.a6;
  const counters = vcpu.counters;
  if (vcpu.a7 != PMU || counters == 0) return NOT_SUPPORTED;
  if (asked == NUM_COUNTERS) return COUNTERS - clz(counters);
  if (asked > FIRMWARE_READ_HIGH) return NOT_SUPPORTED;
  if (asked == COUNTER_INFO || asked >= FIRMWARE_READ) {
    const n = vcpu.a0;
    const isThere = n < COUNTERS && ((counters >> <u32>n) & 1) != 0;
    return asked == COUNTER_INFO && isThere ? sbi(PMU, COUNTER_INFO, n, 0, 0, 0, 0) : INVALID_PARAM;
  }
  const base = vcpu.a0;
  const mask = vcpu.a1;
  if (base >= COUNTERS || mask > counters >> <u32>base) return INVALID_PARAM;
  const named = <u32>(mask << base);
  if (named == 0 || (named & ~counters) != 0) return INVALID_PARAM;
  const flags = vcpu.a2;
  if (asked == CONFIGURE) return configure(named, flags, vcpu.x13, vcpu.x14);
  if (flags > 1) return INVALID_PARAM; // RESET or SET_INITIAL_VALUE; what is more is of a snapshot
  return sbi(PMU, asked, 0, named, flags, asked == START ? vcpu.x13 : 0, 0);
}

function configure(named: u32, flags: u64, event: u64, data: u64): i64 {
  if ((flags & ~CONFIGURE_FLAGS) != 0 || data >> RAW_BITS != 0) return INVALID_PARAM;
  if (event >= EVENTS_END) return NOT_SUPPORTED;
  const inhibited = INHIBIT_M | INHIBIT_U_S | (flags & INHIBIT_U_S) >> INHIBIT_SHIFT;
  const n = <i64>sbi(PMU, CONFIGURE, 0, named, inhibited, event, data);
  if (n < 0) return n;
  const counter = <u64>n < COUNTERS ? <u32>1 << <u32>n : 0;
  if ((named & counter) == 0) return NOT_SUPPORTED; // for want of one firmware gives cycle or instret
  sbi(PMU, START, 0, counter, SET_INITIAL_VALUE, 0, 0);
  if ((flags & AUTO_START) == 0) sbi(PMU, STOP, 0, counter, 0, 0, 0);
  csrw_hcounteren(csrr_hcounteren() | counter);
  return n;
}

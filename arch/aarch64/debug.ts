// The debug registers are the guest's own: MDSCR_EL1, breakpoints, watchpoints (Arm ARM D2, D19.3). What they cause is taken to
// EL1, and nothing ever from EL2, while MDCR_EL2.TDE is 0 (AArch64.GenerateDebugExceptionsFrom). What belongs to an external
// debugger is kept from it: while the OS lock is locked, parts of MDSCR_EL1 and OSECCR_EL1 are EDSCR's and EDECCR's, so all of it
// is trapped then (TDA); OS lock, double lock and power are trapped always (TDOSA).

import {
  clearDebug, isb, mrs_ID_AA64DFR0_EL1, mrs_MDCR_EL2, mrs_MDSCR_EL1, msr_MDCR_EL2, msr_MDSCR_EL1, msr_OSLAR_EL1,
} from "../../build/generated/aarch64";
import { sysreg } from "./esr";
import { MDCR_TDA } from "./sysregs";

const MDSCR_EL1: u32 = sysreg(2, 0, 0, 2, 2);
const OSLAR_EL1: u32 = sysreg(2, 0, 1, 0, 4);
const OSLSR_EL1: u32 = sysreg(2, 0, 1, 1, 4);
const OSLAR_OSLK: u64 = 1 << 0;
const OSLSR_OSLK: u64 = 1 << 1;
const OSLSR_OSLM: u64 = 1 << 3; // there is an OS lock
/** EDSCR's in MDSCR_EL1: TFO, RXfull, TXfull, RXO, TXU, INTdis, TDA, SC2, HDE, ERR. */
const MDSCR_EXTERNAL: u64 = 0xece84040;

/** As a reset leaves them: nothing set, OS lock locked. */
export function resetDebug(): void {
  const dfr0 = mrs_ID_AA64DFR0_EL1();
  msr_OSLAR_EL1(0); // what is EDSCR's is read-only now
  isb();
  clearDebug(<u32>((dfr0 >> 12) & 0xf) + 1, <u32>((dfr0 >> 20) & 0xf) + 1); // BRPs, WRPs: one less than there are
  writeDebug(OSLAR_EL1, OSLAR_OSLK);
}

/** A trapped read; what is not there reads 0. */
export function readDebug(register: u32): u64 {
  if (register == OSLSR_EL1) return OSLSR_OSLM | ((mrs_MDCR_EL2() & MDCR_TDA) != 0 ? OSLSR_OSLK : 0);
  return register == MDSCR_EL1 ? mrs_MDSCR_EL1() & ~MDSCR_EXTERNAL : 0;
}

/** A trapped write. MDSCR_EL1 is one that guests write before they unlock the rest. */
export function writeDebug(register: u32, value: u64): void {
  if (register == MDSCR_EL1) msr_MDSCR_EL1((mrs_MDSCR_EL1() & MDSCR_EXTERNAL) | (value & ~MDSCR_EXTERNAL));
  if (register != OSLAR_EL1) return;
  msr_OSLAR_EL1(value & OSLAR_OSLK);
  msr_MDCR_EL2((value & OSLAR_OSLK) != 0 ? mrs_MDCR_EL2() | MDCR_TDA : mrs_MDCR_EL2() & ~MDCR_TDA);
}

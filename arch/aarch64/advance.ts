// Going on behind an instruction that was trapped and has been carried out here: what the pCPU does when it executes one.

import { mrs_ELR_EL2, mrs_SPSR_EL2, msr_ELR_EL2, msr_SPSR_EL2 } from "../../build/generated/aarch64";
import { INSTRUCTION_BYTES } from "./esr";
import { PSTATE_SS } from "./sysregs";

/**
 * The instruction at ELR_EL2, of so many bytes, is done. A guest that is stepping itself (MDSCR_EL1.SS) has made its step with it:
 * PSTATE.SS goes to 0 (SSAdvance, Arm ARM D2.12.3), and the Software Step exception comes before the next one.
 */
@inline export function advance(bytes: u64 = INSTRUCTION_BYTES): void {
  msr_ELR_EL2(mrs_ELR_EL2() + bytes);
  msr_SPSR_EL2(mrs_SPSR_EL2() & ~PSTATE_SS);
}

// Going on behind an instruction that was trapped and has been carried out here. For a guest that steps itself (MDSCR_EL1.SS)
// that was its step: PSTATE.SS goes to 0 (SSAdvance, Arm ARM D2.12.3), and the Software Step exception comes before the next one.

import { mrs_ELR_EL2, mrs_SPSR_EL2, msr_ELR_EL2, msr_SPSR_EL2 } from "../../build/generated/aarch64";
import { INSTRUCTION_BYTES } from "./esr";
import { PSTATE_SS } from "./sysregs";

@inline export function advance(bytes: u64 = INSTRUCTION_BYTES): void {
  msr_ELR_EL2(mrs_ELR_EL2() + bytes);
  msr_SPSR_EL2(mrs_SPSR_EL2() & ~PSTATE_SS);
}

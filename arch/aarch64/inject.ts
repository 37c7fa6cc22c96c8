// How a guest goes on after a trap: behind the instruction, or with an exception as the pCPU would have taken it (Arm ARM,
// AArch64.TakeException).

import {
  mrs_ELR_EL2, mrs_FAR_EL2, mrs_ID_AA64MMFR1_EL1, mrs_SCTLR_EL1, mrs_SPSR_EL2, mrs_VBAR_EL1, msr_ELR_EL1, msr_ELR_EL2,
  msr_ESR_EL1, msr_FAR_EL1, msr_SPSR_EL1, msr_SPSR_EL2,
} from "../../build/generated/aarch64";
import {
  EC_DATA_ABORT_LOWER, EC_INSTRUCTION_ABORT_LOWER, EC_SAME_LEVEL, EC_UNKNOWN, esrOf, FSC_EXTERNAL, INSTRUCTION_BYTES,
} from "./esr";
import {
  PSTATE_AARCH32, PSTATE_DAIF, PSTATE_EL0T, PSTATE_EL1H, PSTATE_EL1T, PSTATE_KEPT, PSTATE_M_MASK, PSTATE_PAN, PSTATE_SS,
  SCTLR_SPAN,
} from "./sysregs";

// VBAR_EL1 offsets of the synchronous vectors.
const VECTOR_EL1T: u64 = 0x000;
const VECTOR_EL1H: u64 = 0x200;
const VECTOR_EL0_64: u64 = 0x400;
const VECTOR_EL0_32: u64 = 0x600;
const ID_MMFR1_PAN: u64 = 0xf << 20;

function vectorOffset(spsr: u64): u64 {
  if ((spsr & PSTATE_AARCH32) != 0) return VECTOR_EL0_32;
  const mode = spsr & PSTATE_M_MASK;
  return mode == PSTATE_EL0T ? VECTOR_EL0_64 : mode == PSTATE_EL1T ? VECTOR_EL1T : VECTOR_EL1H;
}

/** The guest goes on at its own synchronous vector, as if the instruction at ELR_EL2 had caused one with that syndrome. */
function takeSynchronous(syndrome: u64): void {
  const spsr = mrs_SPSR_EL2();
  msr_ESR_EL1(syndrome);
  msr_ELR_EL1(mrs_ELR_EL2());
  msr_SPSR_EL1(spsr);
  msr_ELR_EL2(mrs_VBAR_EL1() + vectorOffset(spsr));
  let pstate = (spsr & PSTATE_KEPT) | PSTATE_DAIF | PSTATE_EL1H;
  if ((mrs_SCTLR_EL1() & SCTLR_SPAN) == 0 && (mrs_ID_AA64MMFR1_EL1() & ID_MMFR1_PAN) != 0) pstate |= PSTATE_PAN;
  msr_SPSR_EL2(pstate);
}

/** Undefined instruction: what the architecture says of a register that is not there. */
export function injectUndefined(): void { takeSynchronous(esrOf(EC_UNKNOWN)); }

/** Synchronous External abort: what a bus says of an access that no device answers. */
export function injectExternalAbort(instruction: bool): void {
  const ec = instruction ? EC_INSTRUCTION_ABORT_LOWER : EC_DATA_ABORT_LOWER;
  msr_FAR_EL1(mrs_FAR_EL2());
  takeSynchronous(esrOf(vectorOffset(mrs_SPSR_EL2()) >= VECTOR_EL0_64 ? ec : ec + EC_SAME_LEVEL) | FSC_EXTERNAL);
}

/** Behind an instruction that has been carried out here. For a guest that steps itself (MDSCR_EL1.SS) that was its step:
 *  PSTATE.SS goes to 0 (SSAdvance, D2.12.3), and the Software Step exception comes before the next one. */
@inline export function advance(bytes: u64 = INSTRUCTION_BYTES): void {
  msr_ELR_EL2(mrs_ELR_EL2() + bytes);
  msr_SPSR_EL2(mrs_SPSR_EL2() & ~PSTATE_SS);
}

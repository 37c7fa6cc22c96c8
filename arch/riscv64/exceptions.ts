// An exception that a guest takes for what the hypervisor did not do for it, as its hart would have it taken (RISC-V privileged
// architecture, Hypervisor Extension, "Trap Entry").

import {
  csrr_sepc, csrr_sstatus, csrr_stval, csrr_vsstatus, csrr_vstvec, csrs_sstatus, csrw_sepc, csrw_vscause, csrw_vsepc,
  csrw_vsstatus, csrw_vstval,
} from "../../build/generated/riscv64";
import { RESUME } from "../../core/lifecycle";
import { SSTATUS_SIE, SSTATUS_SPIE, SSTATUS_SPP } from "./csrs";

/** Of the instruction at sepc, with stval as it is. RESUME. */
export function inject(cause: u64): u32 {
  const status = csrr_vsstatus();
  const previous = (csrr_sstatus() & SSTATUS_SPP) | ((status & SSTATUS_SIE) != 0 ? SSTATUS_SPIE : 0);
  csrw_vsstatus(status & ~(SSTATUS_SIE | SSTATUS_SPIE | SSTATUS_SPP) | previous);
  csrw_vscause(cause);
  csrw_vsepc(csrr_sepc());
  csrw_vstval(csrr_stval());
  csrw_sepc(csrr_vstvec() & ~3);
  csrs_sstatus(SSTATUS_SPP);
  return RESUME;
}

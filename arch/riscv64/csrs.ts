// Bits of registers (RISC-V privileged architecture: chapters Supervisor-Level ISA, Hypervisor Extension).

// Interrupts, by their bits in sie and sip; what is a guest's, by its bits in hie, hvip and hideleg.
export const SSI: u64 = 1 << 1;
export const STI: u64 = 1 << 5;
export const SEI: u64 = 1 << 9;
export const VSSI: u64 = 1 << 2;
export const VSEI: u64 = 1 << 10;
/** VSSI, VSTI, VSEI. */
export const VS_INTERRUPTS: u64 = VSSI | 1 << 6 | VSEI;

//  scause:  63        62                0
//          ┌─────────┬──────────────────┐
//          │interrupt│ code             │
//          └─────────┴──────────────────┘
const INTERRUPT: u64 = (<u64>1) << 63;
export const CAUSE_TIMER: u64 = INTERRUPT | 5;
export const CAUSE_EXTERNAL: u64 = INTERRUPT | 9;
export const CAUSE_SOFTWARE: u64 = INTERRUPT | 1;
export const CAUSE_ILLEGAL_INSTRUCTION: u64 = 2;
export const CAUSE_LOAD_ACCESS_FAULT: u64 = 5;
export const CAUSE_STORE_ACCESS_FAULT: u64 = 7;
export const CAUSE_VS_ECALL: u64 = 10;
export const CAUSE_FETCH_GUEST_PAGE_FAULT: u64 = 20;
export const CAUSE_LOAD_GUEST_PAGE_FAULT: u64 = 21;
export const CAUSE_VIRTUAL_INSTRUCTION: u64 = 22;
export const CAUSE_STORE_GUEST_PAGE_FAULT: u64 = 23;

/** All exceptions that are a guest's own: 0 to 8 (an ecall from VU too), 12, 13, 15. */
export const HEDELEG: u64 = 0xb1ff;

//  hstatus:  33 32        17    12   9   8    7   6
//           ┌─────┬ ─ ─ ┬────────┬──┬──┬────┬───┬───┐
//           │VSXL │     │ VGEIN  │  │HU│SPVP│SPV│GVA│   VGEIN: which guest interrupt file of the hart; 0: none
//           └─────┴ ─ ─ ┴────────┴──┴──┴────┴───┴───┘
const HSTATUS_VSXL_64: u64 = (<u64>2) << 32;
const HSTATUS_SPVP: u64 = 1 << 8;
const HSTATUS_SPV: u64 = 1 << 7;
const HSTATUS_VGEIN_SHIFT: u64 = 12;
/** sret leads into the guest, in VS-mode. */
export const HSTATUS_GUEST: u64 = HSTATUS_VSXL_64 | HSTATUS_SPVP | HSTATUS_SPV;
/** The guest file that a direct guest has on its hart: of those, the first. */
export const GUEST_FILE: u64 = 1;
export const HSTATUS_DIRECT: u64 = HSTATUS_GUEST | GUEST_FILE << HSTATUS_VGEIN_SHIFT;

// sstatus and vsstatus
export const SSTATUS_SIE: u64 = 1 << 1;
export const SSTATUS_SPIE: u64 = 1 << 5;
export const SSTATUS_SPP: u64 = 1 << 8;
/** Floating point: 0 is Off. */
export const SSTATUS_FS: u64 = 3 << 13;
/** Vectors: likewise. */
export const SSTATUS_VS: u64 = 3 << 9;
/** UXL: 64 bits. */
export const SSTATUS_UXL_64: u64 = (<u64>2) << 32;

/** A guest has vstimecmp; and its own cache operations, none of which reaches what is not its. */
export const HENVCFG_STCE: u64 = (<u64>1) << 63;
export const HENVCFG: u64 = HENVCFG_STCE | 0xf0;

/**
 * hstateen0 (Smstateen): a guest has what is reset between its lives: senvcfg, siselect and sireg, AIA, its interrupt file. What
 * else there may be (sstateen0, scontext, jvt, control transfer records) it has not.
 */
export const HSTATEEN0: u64 = <u64>1 << 62 | <u64>1 << 60 | <u64>1 << 59 | <u64>1 << 58;

/** hcounteren: a guest may read time; and cycle and instret, too. */
export const HCOUNTEREN_TM: u64 = 1 << 1;
export const HCOUNTEREN_PMU: u64 = HCOUNTEREN_TM | 1 << 0 | 1 << 2;

/** stimecmp, vstimecmp */
export const NEVER: u64 = 0xffffffffffffffff;

//  hgatp:  63  60 57    44 43        0
//         ┌──────┬──┬──────┬──────────┐
//         │ MODE │  │ VMID │ root PPN │   MODE: 8 is Sv39x4
//         └──────┴──┴──────┴──────────┘
export const HGATP_SV39X4: u64 = (<u64>8) << 60;
export const HGATP_VMID_SHIFT: u64 = 44;

// Hypercalls on AArch64: SMCCC 1.1 (Arm DEN 0028), fast call, SMC64/HVC64, owner 6 (vendor-specific hypervisor service), by HVC
// or SMC. What the numbers mean: core/abi.ts. Plain constants only, so that the very same file is AssemblyScript for the core and
// for guests, and TypeScript for the tools and the tests.
//
//   31   30    29      24 23       16 15             0
//  ┌────┬─────┬──────────┬───────────┬────────────────┐
//  │fast│ 64  │ owner 6  │ 0 (SBZ)   │ CALL_*         │   x0 on entry, arguments in x1…x7; x0 on return: result or an error
//  └────┴─────┴──────────┴───────────┴────────────────┘

const HYPERCALL: u32 = 0xc6000000;
export const HYPERCALL_VERSION: u32 = HYPERCALL;
export const HYPERCALL_DOORBELL: u32 = HYPERCALL + 1;
export const HYPERCALL_CONSOLE_WRITE: u32 = HYPERCALL + 2;
export const HYPERCALL_TAG_PUBLISH: u32 = HYPERCALL + 3;
export const HYPERCALL_WATCHDOG_FEED: u32 = HYPERCALL + 4;
export const HYPERCALL_MAILBOX: u32 = HYPERCALL + 5;

/** Vendor hypervisor service queries (SMCCC §6.2): UID in x0…x3 (32 bits each), revision major in x0, minor in x1. */
export const SMCCC_HYP_UID: u32 = 0x8600ff01;
export const SMCCC_HYP_REVISION: u32 = 0x8600ff03;
// UID 5c4b2a1e-a7d3-4f5e-9c61-617876706172, as the four register words that SMCCC_HYP_UID returns.
export const HYP_UID_0: u32 = 0x5c4b2a1e;
export const HYP_UID_1: u32 = 0xa7d34f5e;
export const HYP_UID_2: u32 = 0x9c616178;
export const HYP_UID_3: u32 = 0x76706172;

// Results, as SMCCC and PSCI name them (low 32 bits, sign extended to 64): those of core/abi.ts.
export const SMCCC_SUCCESS: i32 = 0;
export const SMCCC_NOT_SUPPORTED: i32 = -1;
export const SMCCC_INVALID_PARAMETER: i32 = -3;

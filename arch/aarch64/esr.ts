// ESR_EL2: why the guest is here (Arm ARM D24.2.40).
//
//   31      26 25 24                      0
//  ┌──────────┬──┬────────────────────────┐
//  │   EC     │IL│          ISS           │
//  └──────────┴──┴────────────────────────┘

export const EC_UNKNOWN: u32 = 0x00;
export const EC_WFX: u32 = 0x01;
export const EC_SMC64: u32 = 0x17;
export const EC_SYSREG: u32 = 0x18;
export const EC_INSTRUCTION_ABORT_LOWER: u32 = 0x20;
export const EC_DATA_ABORT_LOWER: u32 = 0x24;
export const EC_SAME_LEVEL: u32 = 1; // + this: the same EC, taken without a change of Exception level

const EC_SHIFT: u32 = 26;
export const ESR_IL: u64 = 1 << 25;

@inline export function exceptionClass(esr: u64): u32 { return (<u32>esr) >> EC_SHIFT; }
@inline export function esrOf(ec: u32): u64 { return ((<u64>ec) << EC_SHIFT) | ESR_IL; }

// ISS of a data abort.
//
//   24  23 22 21 20 16 15 14      10  9  8  7     6  5    0
//  ┌───┬─────┬──┬─────┬──┬──┬─────┬───┬──┬──┬─────┬───┬──────┐
//  │ISV│ SAS │SS│ SRT │SF│AR│     │FnV│EA│CM│S1PTW│WnR│ DFSC │
//  └───┴─────┴──┴─────┴──┴──┴─────┴───┴──┴──┴─────┴───┴──────┘
const ISS_ISV: u64 = 1 << 24;
const ISS_SAS_SHIFT: u32 = 22;
const ISS_SAS: u64 = 3 << ISS_SAS_SHIFT;
const ISS_SSE: u64 = 1 << 21;
const ISS_SF: u64 = 1 << 15;
const ISS_CM: u64 = 1 << 8;
const ISS_S1PTW: u64 = 1 << 7;
const ISS_WNR: u64 = 1 << 6;
const DFSC_LEVEL_MASK: u64 = 0x3c;
const DFSC_TRANSLATION: u64 = 0x04;
const DFSC_PERMISSION: u64 = 0x0c;
export const FSC_EXTERNAL: u64 = 0x10; // Synchronous External abort, not on a table walk

/** log2 of the access's bytes, 0…3. */
export const SHIFT_8: u32 = 0;
export const SHIFT_32: u32 = 2;
export const SHIFT_64: u32 = 3;
@inline export function accessShift(esr: u64): u32 { return ((<u32>esr) >> ISS_SAS_SHIFT) & 3; }
@inline export function accessRegister(esr: u64): u32 { return ((<u32>esr) >> 16) & 31; }
@inline export function isWrite(esr: u64): bool { return (esr & ISS_WNR) != 0; }
@inline export function signExtends(esr: u64): bool { return (esr & ISS_SSE) != 0; }
@inline export function is64BitRegister(esr: u64): bool { return (esr & ISS_SF) != 0; }

/** A load or store whose register and size the syndrome tells, by a stage-2 translation fault: a device may be behind it. */
@inline export function isEmulatable(esr: u64): bool {
  return (esr & (ISS_ISV | ISS_CM | ISS_S1PTW)) == ISS_ISV && (esr & DFSC_LEVEL_MASK) == DFSC_TRANSLATION;
}

/** Neither cache maintenance nor a table walk. */
@inline export function isPlainAccess(esr: u64): bool { return (esr & (ISS_CM | ISS_S1PTW)) == 0; }

/** The same of an A64 or 32-bit T32 instruction that accesses 2^shift bytes. */
const WHOLE_MASK: u64 = (<u64>0x3f << EC_SHIFT) | ESR_IL | ISS_ISV | ISS_SAS | ISS_SSE | ISS_CM | ISS_S1PTW | DFSC_LEVEL_MASK;
@inline export function isWholeAccess(esr: u64, shift: u32): bool {
  return (esr & WHOLE_MASK) == (esrOf(EC_DATA_ABORT_LOWER) | ISS_ISV | (<u64>shift << ISS_SAS_SHIFT) | DFSC_TRANSLATION);
}

/** A translation fault of any kind: HPFAR_EL2 is valid. */
@inline export function isTranslationFault(esr: u64): bool { return (esr & DFSC_LEVEL_MASK) == DFSC_TRANSLATION; }
@inline export function isPermissionFault(esr: u64): bool { return (esr & DFSC_LEVEL_MASK) == DFSC_PERMISSION; }

// HPFAR_EL2: FIPA, bits 47…12 of the IPA, from bit 4 on.
const HPFAR_FIPA: u64 = 0xffffffffff0;
@inline export function faultingIpa(hpfar: u64, far: u64): u64 { return ((hpfar & HPFAR_FIPA) << 8) | (far & 0xfff); }

// ISS of an MSR, MRS or system instruction.
//
//   24 22 21 20 19 17 16 14 13 10 9  5 4  1    0
//  ┌─────┬─────┬─────┬─────┬─────┬────┬─────┬─────────┐
//  │     │ Op0 │ Op2 │ Op1 │ CRn │ Rt │ CRm │Direction│   Direction 1: read
//  └─────┴─────┴─────┴─────┴─────┴────┴─────┴─────────┘
export const SYSREG_MASK: u32 = 0x3ffc1e;

/** A register's encoding as it stands in the ISS: compare with iss & SYSREG_MASK. */
@inline export function sysreg(op0: u32, op1: u32, crn: u32, crm: u32, op2: u32): u32 {
  return (op0 << 20) | (op2 << 17) | (op1 << 14) | (crn << 10) | (crm << 1);
}
@inline export function sysregRt(esr: u64): u32 { return ((<u32>esr) >> 5) & 31; }
export const ISS_READ: u64 = 1;
@inline export function sysregOp0(iss: u32): u32 { return (iss >> 20) & 3; }
@inline export function sysregOp1(iss: u32): u32 { return (iss >> 14) & 7; }
@inline export function sysregOp2(iss: u32): u32 { return (iss >> 17) & 7; }
@inline export function sysregCrn(iss: u32): u32 { return (iss >> 10) & 15; }
@inline export function sysregCrm(iss: u32): u32 { return (iss >> 1) & 15; }

export const INSTRUCTION_BYTES: u64 = 4; // Every A64 instruction is 4 bytes long

// PAR_EL1 (D17.2.118): no translation; and for stage 2's sake.
export const PAR_F: u64 = 1 << 0;
const PAR_S: u64 = 1 << 9;
@inline export function isStage2Fault(par: u64): bool { return (par & (PAR_F | PAR_S)) == (PAR_F | PAR_S); }

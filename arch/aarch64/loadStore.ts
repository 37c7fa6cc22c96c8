// What an A64 load or store does, from its instruction word (Arm ARM C4.1.94), for accesses of which ESR_EL2 says nothing. All
// else is refused: atomics, pairs of exclusives, structures, Q registers, and whatever is UNDEFINED or CONSTRAINED UNPREDICTABLE.
//
//   31 30 29 27 26 25 24 23 22 21 20 16 15          10 9  5 4  0
//  ┌─────┬─────┬──┬──┬──┬─────┬──┬─────┬─────────────┬────┬────┐
//  │size │ 111 │V │0 │1 │ opc │        imm12           │ Rn │ Rt │  unsigned offset
//  │size │ 111 │V │0 │0 │ opc │0 │     imm9     │mode │ Rn │ Rt │  mode 0: unscaled, 1: post-index, 2: unprivileged, 3: pre-index
//  │size │ 111 │V │0 │0 │ opc │1 │ Rm  │option S│ 1 0 │ Rn │ Rt │  register offset
//  │ opc │ 101 │V │0 │mode │L │   imm7   │     Rt2     │ Rn │ Rt │  pair; mode 0: no allocate, 1: post, 2: offset, 3: pre-index
//  │size │ 001 │0 │0 │0 │o2 L │o1│ Rs  │o0│ Rt2: ones │ Rn │ Rt │  exclusive (o2 0), acquire and release (o2 1)
//  └─────┴─────┴──┴──┴──┴─────┴──┴─────┴─────────────┴────┴────┘
const CLASS_MASK: u32 = 0x3a000000;
const CLASS_SINGLE: u32 = 0x38000000;
const CLASS_PAIR: u32 = 0x28000000;
const EXCLUSIVE_MASK: u32 = 0x3f207c00; // with o1 0, Rt2 ones
const EXCLUSIVE: u32 = 0x08007c00;
const VECTOR: u32 = 1 << 26;
const UNSIGNED_OFFSET: u32 = 1 << 24;
const ORDERED: u32 = 1 << 23; // o2
const LOAD: u32 = 1 << 22;
const REGISTER_OFFSET: u32 = 1 << 21;
// option says how the index register is extended (UXTW 010, LSL 011, SXTW 110, SXTX 111), S that it is scaled.
const OPTION_SIGNED: u32 = 1 << 15;
const OPTION_WORDS: u32 = 1 << 14;
const OPTION_64: u32 = 1 << 13;
const SCALED: u32 = 1 << 12;
const MODE_POST: u32 = 1;
const MODE_2: u32 = 2;
export const SP: u32 = 31; // SP as a base, XZR elsewhere; also what should be there where no register is named

@inline export function rtOf(word: u32): u32 { return word & 31; }
@inline export function rnOf(word: u32): u32 { return (word >> 5) & 31; }
@inline export function rt2Of(word: u32): u32 { return (word >> 10) & 31; }
/** Rs, the status of a store-exclusive; Rm is in the same place. */
@inline export function rsOf(word: u32): u32 { return (word >> 16) & 31; }

// A form: log2 of the access's bytes, these flags, and from bit 32 on the signed offset.
export const FORM_SHIFT: u64 = 3;
export const FORM_STORE: u64 = 1 << 2;
export const FORM_SIGNED: u64 = 1 << 3; // a load extends by its sign to 32 bits, or
export const FORM_TO_64: u64 = 1 << 4; // to 64
export const FORM_VECTOR: u64 = 1 << 5; // of V<Rt>
export const FORM_PAIR: u64 = 1 << 6;
export const FORM_WRITE_BACK: u64 = 1 << 7;
export const FORM_POST: u64 = 1 << 8; // the access is at the base itself
export const FORM_INDEX: u64 = 1 << 9; // the offset is in a register
export const FORM_STATUS: u64 = 1 << 10;
const FORM_TAKEN: u64 = 1 << 11;
export const FORM_OFFSET_SHIFT: u64 = 32;

/** The form of an instruction; 0: refused. */
export function decode(word: u32): u64 {
  if ((word & EXCLUSIVE_MASK) == EXCLUSIVE) return exclusive(word);
  if ((word & CLASS_MASK) == CLASS_SINGLE) return single(word);
  return (word & CLASS_MASK) == CLASS_PAIR ? pair(word) : 0;
}

function single(word: u32): u64 {
  const size = word >> 30;
  const opc = (word >> 22) & 3;
  const vector = (word & VECTOR) != 0;
  // Q registers and prefetches are among the higher opcs.
  if (opc > 1 && (vector || size + (opc & 1) > 2)) return 0;
  const form = FORM_TAKEN | size | (vector ? FORM_VECTOR : 0) |
    (opc == 0 ? FORM_STORE : opc == 1 ? 0 : opc == 2 ? FORM_SIGNED | FORM_TO_64 : FORM_SIGNED);
  if ((word & UNSIGNED_OFFSET) != 0) return indexed(form, 0, ((word >> 10) & 0xfff) << size);
  const mode = (word >> 10) & 3;
  if ((word & REGISTER_OFFSET) != 0) return mode == MODE_2 && (word & OPTION_WORDS) != 0 ? form | FORM_INDEX : 0;
  if (mode == MODE_2 && vector || (mode & 1) != 0 && !vector && clashes(word, rtOf(word))) return 0;
  return indexed(form, mode, (<i32>(word << 11)) >> 23);
}

function pair(word: u32): u64 {
  const opc = word >> 30;
  const mode = (word >> 23) & 3;
  const vector = (word & VECTOR) != 0;
  const loads = (word & LOAD) != 0;
  if (opc > 1 && (vector || opc == 3) || opc == 1 && !vector && (!loads || mode == 0)) return 0; // Q registers, STGP
  if (loads && rtOf(word) == rt2Of(word)) return 0;
  if ((mode & 1) != 0 && !vector && (clashes(word, rtOf(word)) || clashes(word, rt2Of(word)))) return 0;
  const shift = 2 + (vector ? opc : opc >> 1);
  const form = FORM_TAKEN | FORM_PAIR | shift | (vector ? FORM_VECTOR : opc == 1 ? FORM_SIGNED | FORM_TO_64 : 0) |
    (loads ? 0 : FORM_STORE);
  return indexed(form, mode, ((<i32>(word << 10)) >> 25) << shift);
}

function exclusive(word: u32): u64 {
  const form: u64 = FORM_TAKEN | (word >> 30);
  const rs = rsOf(word);
  if ((word & (LOAD | ORDERED)) == 0) return rs == rtOf(word) || clashes(word, rs) ? 0 : form | FORM_STORE | FORM_STATUS;
  return rs != SP ? 0 : (word & LOAD) != 0 ? form : form | FORM_STORE;
}

/** The base is that register: what the instruction leaves in it is CONSTRAINED UNPREDICTABLE. */
@inline function clashes(word: u32, register: u32): bool { return register == rnOf(word) && register != SP; }

@inline function indexed(form: u64, mode: u32, offset: i32): u64 {
  return form | ((mode & 1) == 0 ? 0 : mode == MODE_POST ? FORM_WRITE_BACK | FORM_POST : FORM_WRITE_BACK) |
    ((<u64><u32>offset) << FORM_OFFSET_SHIFT);
}

/** The offset that an index register of that value says (ExtendReg). */
@inline export function indexOf(word: u32, value: u64): u64 {
  const extended = (word & OPTION_64) != 0 ? value : (word & OPTION_SIGNED) != 0 ? <u64><i64><i32>value : <u64><u32>value;
  return (word & SCALED) != 0 ? extended << (word >> 30) : extended;
}

/** What a load of 2^shift bytes leaves in its register: zero-extended, or sign-extended to 32 or 64 bits (LDRSB and the like). */
@inline export function asLoaded(value: u64, shift: u32, signed: bool, to64: bool): u64 {
  const unused: u64 = 64 - (8 << shift);
  const extended = value << unused;
  if (!signed) return extended >> unused;
  const negative = <u64>(<i64>extended >> <i64>unused);
  return to64 ? negative : negative & 0xffffffff;
}

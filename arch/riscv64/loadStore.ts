// Loads and stores of integer registers, as a guest encodes them (RISC-V unprivileged architecture: RV64I, "Load and Store
// Instructions"; extension C). None other reaches an emulated device: atomics, floating point and the rest are refused there.
//
//   32 bits:  31        25 24  20 19  15 14    12 11    7 6       0
//            ┌────────────┬──────┬──────┬────────┬───────┬─────────┐
//   load     │ offset            │ base │ funct3 │ rd    │ 0000011 │   funct3: log2 of the bytes; 4: zeros above, else the sign
//   store    │ offset     │ rs2  │ base │ funct3 │offset │ 0100011 │
//            └────────────┴──────┴──────┴────────┴───────┴─────────┘
//   16 bits:  15    13 12                 7 6      5 4     2 1 0
//            ┌────────┬────────────────────┬────────┬───────┬────┐
//            │ funct3 │ offset, base       │ offset │ rd'   │ 00 │   rd', rs2': x8 to x15. funct3: 2 or 3: log2 of the bytes;
//            ├────────┼──┬─────────────────┼────────┴───────┼────┤   4: it is a store
//            │ funct3 │  │ rd              │ rs2            │ 10 │   the base is sp
//            └────────┴──┴─────────────────┴────────────────┴────┘

/** What decode() gives back: which register, and how. 0: the instruction is none of these. */
export const FORM_REGISTER: u32 = 31;
const FORM_SHIFT_AT: u32 = 5;
const FORM_SHIFT_MASK: u32 = 3;
export const FORM_SIGNED: u32 = 1 << 7;
export const FORM_STORE: u32 = 1 << 8;
export const FORM_COMPRESSED: u32 = 1 << 9;
const FORM_VALID: u32 = 1 << 10;

const OPCODE_MASK: u32 = 0x7f;
const OPCODE_LOAD: u32 = 0x03;
const OPCODE_STORE: u32 = 0x23;
const FUNCT3_UNSIGNED: u32 = 4;
const FUNCT3_BYTES: u32 = 3;
/** Of all its bits: ld without a sign above. */
const FUNCT3_NONE: u32 = 7;

const QUADRANT_REGISTERS: u32 = 0;
const QUADRANT_SP: u32 = 2;
const COMPRESSED_STORE: u32 = 4;
const COMPRESSED_WORD: u32 = 2;
const FIRST_OF_EIGHT: u32 = 8;
const TRANSFORMED_WHOLE: u32 = 1 << 1;

@inline export function shiftOf(form: u32): u32 { return (form >> FORM_SHIFT_AT) & FORM_SHIFT_MASK; }
@inline export function bytesOf(form: u32): u64 { return (form & FORM_COMPRESSED) != 0 ? 2 : 4; }

export function decode(word: u32): u32 {
  if ((word & 3) != 3) return decodeCompressed(word & 0xffff);
  const opcode = word & OPCODE_MASK;
  const funct3 = (word >> 12) & 7;
  const shift = (funct3 & FUNCT3_BYTES) << FORM_SHIFT_AT;
  if (opcode == OPCODE_LOAD && funct3 != FUNCT3_NONE)
    return FORM_VALID | shift | (word >> 7) & FORM_REGISTER | (funct3 < FUNCT3_UNSIGNED ? FORM_SIGNED : 0);
  return opcode == OPCODE_STORE && funct3 < FUNCT3_UNSIGNED ? FORM_VALID | FORM_STORE | shift | (word >> 20) & FORM_REGISTER : 0;
}

function decodeCompressed(word: u32): u32 {
  const quadrant = word & 3;
  const funct3 = word >> 13;
  if (quadrant != QUADRANT_REGISTERS && quadrant != QUADRANT_SP || (funct3 & COMPRESSED_WORD) == 0) return 0;
  const isStore = (funct3 & COMPRESSED_STORE) != 0;
  const how = FORM_VALID | FORM_COMPRESSED | (funct3 & FUNCT3_BYTES) << FORM_SHIFT_AT | (isStore ? FORM_STORE : FORM_SIGNED);
  if (quadrant == QUADRANT_REGISTERS) return how | (word >> 2) & 7 | FIRST_OF_EIGHT;
  if (isStore) return how | (word >> 2) & FORM_REGISTER;
  const register = (word >> 7) & FORM_REGISTER;
  return register != 0 ? how | register : 0; // reserved
}

/** As htinst has it (privileged architecture, "Transformed Instruction"): with 32 bits, and with bit 1 clear if it had 16. */
export function decodeTransformed(word: u32): u32 {
  const form = decode(word | TRANSFORMED_WHOLE);
  return form == 0 || (word & TRANSFORMED_WHOLE) != 0 ? form : form | FORM_COMPRESSED;
}

/** What a load of that form puts into its register. */
export function asLoaded(value: u64, form: u32): u64 {
  const above = 64 - (8 << shiftOf(form));
  const placed = value << above;
  return (form & FORM_SIGNED) != 0 ? <u64>(<i64>placed >> above) : placed >> above;
}

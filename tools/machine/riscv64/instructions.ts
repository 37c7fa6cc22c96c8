// Loads and stores as they are encoded, and as htinst shows them (unprivileged architecture, "Load and Store Instructions";
// privileged, "Transformed Instruction or Pseudoinstruction for mtinst or htinst").
//
//   load:   31        20 19   15 14    12 11   7 6      0        store:  31   25 24   20 19   15 14    12 11     7 6      0
//          ┌────────────┬───────┬────────┬──────┬────────┐             ┌───────┬───────┬───────┬────────┬────────┬────────┐
//          │ immediate  │ base  │ width  │ rd   │ 0000011│             │  imm. │ rs2   │ base  │ width  │  imm.  │ 0100011│
//          └────────────┴───────┴────────┴──────┴────────┘             └───────┴───────┴───────┴────────┴────────┴────────┘
const LOAD = 0x03;
const STORE = 0x23;
const WIDTH_SHIFT = 12;
const UNSIGNED = 4;
const RD_SHIFT = 7;
const RS1_SHIFT = 15;
const RS2_SHIFT = 20;
/** a1 holds the address. */
const BASE = 11;
/** Bits that tell a load's or a store's base; a transformed one has there how far a misaligned access had come. */
const BASE_MASK = 0x1f << RS1_SHIFT;

/** `signed`: as LB, LH and LW are; of 8 bytes there is one kind. */
export function encodeLoad(bytes: number, register: number, signed: boolean): number {
  const width = Math.log2(bytes) | (signed || bytes === 8 ? 0 : UNSIGNED);
  return LOAD | (register << RD_SHIFT) | (width << WIDTH_SHIFT) | (BASE << RS1_SHIFT);
}

export const encodeStore = (bytes: number, register: number): number =>
  (STORE | (Math.log2(bytes) << WIDTH_SHIFT) | (BASE << RS1_SHIFT) | (register << RS2_SHIFT)) >>> 0;

const SYSTEM = 0x73;
const CSRRW = 1 << WIDTH_SHIFT;
const CSRRS = 2 << WIDTH_SHIFT;
const CSR_SHIFT = 20;
export const WFI = 0x1050_0073;

/** CSRRW from a register, or CSRRS with x0 where there is none. */
export const encodeCsr = (number: number, from: number | undefined, into: number): number =>
  (SYSTEM | (into << RD_SHIFT) | (from === undefined ? CSRRS : CSRRW | (from << RS1_SHIFT)) | (number << CSR_SHIFT)) >>> 0;

/** Of an instruction of 32 bits whose immediate is 0. */
export const transformed = (instruction: number): bigint => BigInt((instruction & ~BASE_MASK) >>> 0);

// A64 instructions that hostile guests are made of, as words (Arm ARM C6). Registers are numbers; only the forms needed here.
// a64.test.ts holds every one of them against what clang makes of its text.
import type { Encoding } from "../../../tools/machine/aarch64/systemRegisters.ts";
import type { Width } from "./operations.ts";

const XZR = 31;

/** Bits 31…30 of a load or store: log2 of its bytes. */
const size = (bytes: Width): number => Math.log2(bytes) << 30;
const at = (rn: number, rt: number): number => (rn << 5) | rt;
const word = (bits: number): number => bits >>> 0;

export const NOP = 0xd503_201f;
export const YIELD = 0xd503_203f;
export const WFE = 0xd503_205f;
export const WFI = 0xd503_207f;
export const SEV = 0xd503_209f;
export const ISB = 0xd503_3fdf;
export const DSB_ISH = 0xd503_3b9f;
export const RET = 0xd65f_03c0;
export const ERET = 0xd69f_03e0;
export const UDF = 0x0000_0000;
export const DCPS2 = 0xd4a0_0002;
/** PSTATE.I. */
export const UNMASK_IRQ = 0xd503_42ff;
export const MASK_IRQ = 0xd503_42df;
export const MASK_ALL = 0xd503_4fdf;

const IMMEDIATE_MASK = 0xffff;
export const svc = (immediate: number): number => word(0xd400_0001 | ((immediate & IMMEDIATE_MASK) << 5));
export const hvc = (immediate: number): number => word(0xd400_0002 | ((immediate & IMMEDIATE_MASK) << 5));
export const smc = (immediate: number): number => word(0xd400_0003 | ((immediate & IMMEDIATE_MASK) << 5));
export const brk = (immediate: number): number => word(0xd420_0000 | ((immediate & IMMEDIATE_MASK) << 5));
export const hlt = (immediate: number): number => word(0xd440_0000 | ((immediate & IMMEDIATE_MASK) << 5));

/** MRS; MSR (register); SYS, when op0 is 1. */
const system = ({ op0, op1, crn, crm, op2 }: Encoding, rt: number): number =>
  0xd500_0000 | (op0 << 19) | (op1 << 16) | (crn << 12) | (crm << 8) | (op2 << 5) | rt;
export const mrs = (register: Encoding, rt: number): number => word(system(register, rt) | (1 << 21));
export const msr = (register: Encoding, rt: number): number => word(system(register, rt));

export const ldr = (bytes: Width, rt: number, rn: number): number => word(0x3940_0000 | size(bytes) | at(rn, rt));
/** Into an X register; not for 8 bytes. */
export const ldrs = (bytes: Width, rt: number, rn: number): number => word(0x3980_0000 | size(bytes) | at(rn, rt));
export const str = (bytes: Width, rt: number, rn: number): number => word(0x3900_0000 | size(bytes) | at(rn, rt));
/** Post-indexed: rn is `bytes` higher after it. */
export const ldrPost = (bytes: Width, rt: number, rn: number): number =>
  word(0x3840_0400 | size(bytes) | (bytes << 12) | at(rn, rt));
export const strPost = (bytes: Width, rt: number, rn: number): number =>
  word(0x3800_0400 | size(bytes) | (bytes << 12) | at(rn, rt));
export const ldar = (bytes: Width, rt: number, rn: number): number => word(0x08df_fc00 | size(bytes) | at(rn, rt));
export const stlr = (bytes: Width, rt: number, rn: number): number => word(0x089f_fc00 | size(bytes) | at(rn, rt));
export const ldxr = (bytes: Width, rt: number, rn: number): number => word(0x085f_7c00 | size(bytes) | at(rn, rt));
/** Status in rs. */
export const stxr = (bytes: Width, rs: number, rt: number, rn: number): number =>
  word(0x0800_7c00 | size(bytes) | (rs << 16) | at(rn, rt));
/** Two X registers. */
export const ldp = (rt: number, rt2: number, rn: number): number => word(0xa940_0000 | (rt2 << 10) | at(rn, rt));
export const stp = (rt: number, rt2: number, rn: number): number => word(0xa900_0000 | (rt2 << 10) | at(rn, rt));
/** A Q register. */
export const ldrQ = (qt: number, rn: number): number => word(0x3dc0_0000 | at(rn, qt));
export const strQ = (qt: number, rn: number): number => word(0x3d80_0000 | at(rn, qt));
/** PRFM PLDL1KEEP. */
export const prfm = (rn: number): number => word(0xf980_0000 | at(rn, 0));
export const blr = (rn: number): number => word(0xd63f_0000 | at(rn, 0));
/** Of an instruction that is `words` further on. */
export const adr = (rd: number, words: number): number => word(0x1000_0000 | (words << 5) | rd);

export const mov = (rd: number, rm: number): number => word(0xaa00_03e0 | (rm << 16) | rd);
const SHIFT_RIGHT = 1 << 22;
export const eorLeft = (rd: number, rn: number, rm: number, by: number): number =>
  word(0xca00_0000 | (rm << 16) | (by << 10) | at(rn, rd));
export const eorRight = (rd: number, rn: number, rm: number, by: number): number => word(eorLeft(rd, rn, rm, by) | SHIFT_RIGHT);
export const subs = (rd: number, rn: number, immediate: number): number => word(0xf100_0000 | (immediate << 10) | at(rn, rd));
export const cmp = (rn: number, rm: number): number => word(0xeb00_001f | (rm << 16) | at(rn, XZR));

const CONDITION_NE = 1;
const CONDITION_HS = 2;
const CONDITION_LO = 3;
const OFFSET_MASK = 0x7ffff;
/** To an instruction `words` further on; back, when that is negative. */
export const bne = (words: number): number => word(0x5400_0000 | ((words & OFFSET_MASK) << 5) | CONDITION_NE);
export const blo = (words: number): number => word(0x5400_0000 | ((words & OFFSET_MASK) << 5) | CONDITION_LO);
export const bhs = (words: number): number => word(0x5400_0000 | ((words & OFFSET_MASK) << 5) | CONDITION_HS);
/** To itself. */
export const SPIN = 0x1400_0000;

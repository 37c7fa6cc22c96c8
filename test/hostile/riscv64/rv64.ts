// Instructions of RV64, privileged ones and the hypervisor extension's too, as a hostile guest needs them: words (RISC-V
// Instruction Set Manual, volumes I and II). rv64.test.ts holds them against LLVM's.
//
//   31     25 24  20 19  15 14    12 11   7 6      0
//  ┌─────────┬──────┬──────┬────────┬──────┬────────┐
//  │ funct7  │ rs2  │ rs1  │ funct3 │ rd   │ opcode │   loads, CSRs: an immediate, or the register's number, in funct7 and rs2
//  └─────────┴──────┴──────┴────────┴──────┴────────┘

export type Width = 1 | 2 | 4 | 8;

// Registers by the names of the calling convention.
export const [ZERO, T0, T1, A0, A1, A2, A3] = [0, 5, 6, 10, 11, 12, 13] as const;
/** guest.S leaves s4 to steps, and counts interrupts in s8. */
export const S4 = 20;
export const S8 = 24;
export const RA = 1;

const LOAD = 0x03;
const LOAD_FLOAT = 0x07;
const MISC_MEM = 0x0f;
const OP_IMM = 0x13;
const AUIPC = 0x17;
const STORE = 0x23;
const AMO = 0x2f;
const BRANCH = 0x63;
const JALR = 0x67;
const SYSTEM = 0x73;

const word = (opcode: number, rd: number, funct3: number, rs1: number, rs2: number, funct7: number): number =>
  (opcode | (rd << 7) | (funct3 << 12) | (rs1 << 15) | (rs2 << 20) | (funct7 << 25)) >>> 0;
const immediate = (opcode: number, rd: number, funct3: number, rs1: number, value: number): number =>
  word(opcode, rd, funct3, rs1, value & 31, (value >> 5) & 127);

export const csrrw = (rd: number, csr: number, rs1: number): number => immediate(SYSTEM, rd, 1, rs1, csr);
export const csrrs = (rd: number, csr: number, rs1: number): number => immediate(SYSTEM, rd, 2, rs1, csr);
export const csrrc = (rd: number, csr: number, rs1: number): number => immediate(SYSTEM, rd, 3, rs1, csr);

const widthOf = (bytes: Width): number => Math.log2(bytes);
export const load = (bytes: Width, rd: number, base: number, offset = 0): number =>
  immediate(LOAD, rd, widthOf(bytes), base, offset);
export const store = (bytes: Width, rs2: number, base: number, offset = 0): number =>
  word(STORE, offset & 31, widthOf(bytes), base, rs2, (offset >> 5) & 127);
/** FLD. */
export const loadFloat = (rd: number, base: number): number => immediate(LOAD_FLOAT, rd, 3, base, 0);

const AMOS = { add: 0, swap: 1, lr: 2, sc: 3, or: 8, maxu: 28 } as const;
export type Amo = keyof typeof AMOS;
export const amo = (kind: Amo, bytes: 4 | 8, rd: number, base: number, rs2: number): number =>
  word(AMO, rd, widthOf(bytes), base, kind === "lr" ? 0 : rs2, AMOS[kind] << 2);

/** Loads as a guest's (V = 1), of which HLVX reads what can be executed; and stores. */
const VIRTUAL = {
  "hlv.b": [0x30, 0], "hlv.bu": [0x30, 1], "hlv.h": [0x32, 0], "hlvx.hu": [0x32, 3], "hlv.w": [0x34, 0], "hlvx.wu": [0x34, 3],
  "hlv.d": [0x36, 0],
} as const;
export type VirtualLoad = keyof typeof VIRTUAL;
export const VIRTUAL_LOADS = Object.keys(VIRTUAL) as VirtualLoad[];
export const virtualLoad = (kind: VirtualLoad, rd: number, base: number): number =>
  word(SYSTEM, rd, 4, base, VIRTUAL[kind][1], VIRTUAL[kind][0]);
export const virtualStore = (bytes: Width, rs2: number, base: number): number =>
  word(SYSTEM, 0, 4, base, rs2, 0x31 + 2 * widthOf(bytes));

const FENCES = {
  "sfence.vma": 0x09, "sinval.vma": 0x0b, "hfence.vvma": 0x11, "hinval.vvma": 0x13, "hfence.gvma": 0x31, "hinval.gvma": 0x33,
} as const;
export type Fence = keyof typeof FENCES;
export const FENCE_KINDS = Object.keys(FENCES) as Fence[];
export const fence = (kind: Fence, rs1: number, rs2: number): number => word(SYSTEM, 0, 0, rs1, rs2, FENCES[kind]);

const BLOCKS = { "cbo.inval": 0, "cbo.clean": 1, "cbo.flush": 2, "cbo.zero": 4 } as const;
export type Block = keyof typeof BLOCKS;
export const BLOCK_KINDS = Object.keys(BLOCKS) as Block[];
export const block = (kind: Block, base: number): number => immediate(MISC_MEM, 0, 2, base, BLOCKS[kind]);

/** The address of the instruction itself. */
export const auipc = (rd: number): number => word(AUIPC, rd, 0, 0, 0, 0);
export const addi = (rd: number, rs1: number, value: number): number => immediate(OP_IMM, rd, 0, rs1, value);
export const mv = (rd: number, rs1: number): number => addi(rd, rs1, 0);
/** `to`: where, in instructions from this one. */
export const bnez = (rs1: number, to: number): number => {
  const offset = 4 * to;
  const [low, high] = [(offset & 0x1e) | ((offset >> 11) & 1), ((offset >> 5) & 0x3f) | ((offset >> 6) & 0x40)];
  return word(BRANCH, low, 1, rs1, 0, high);
};
export const jalr = (rd: number, rs1: number): number => immediate(JALR, rd, 0, rs1, 0);
export const RET = jalr(ZERO, RA);

export const ECALL = 0x73;
export const EBREAK = 0x10_0073;
export const SRET = 0x1020_0073;
export const WFI = 0x1050_0073;
export const MRET = 0x3020_0073;
export const MNRET = 0x7020_0073;
export const DRET = 0x7b20_0073;
export const SFENCE_W_INVAL = 0x1800_0073;
export const FENCE_I = 0x100f;
/** VSETVLI x0, x0, e8. */
export const VSETVLI = 0x7057;
/** No instruction, whatever there is: 16 bits of zeros (and C.NOP behind them); 32 bits of ones. */
export const NOTHINGS = [0x0001_0000, 0xffff_ffff];

// What machine code betrays of the machine that it was built for. Instructions are looked for in every aligned word, code
// or data: a word of data that happens to be one of these exact encodings is improbable, but not impossible, so only
// people are told of what is found here, with one exception: code of another instruction set is refused.

/** DDI 0487, C6.2: RET (X30), HVC #0, SMC #0. */
const RET = 0xd65f03c0;
const HVC = 0xd4000002;
const SMC = 0xd4000003;
/** MRS and MSR of a system register, less Rt (DDI 0487, C6.2; D24.8 timers; IHI 0069, 12.2 CPU interface). */
const WITHOUT_RT = 0xffffffe0;
const MRS_ICC_IAR0 = 0xd538c800;
const MRS_ICC_IAR1 = 0xd538cc00;
const MSR_CNTP = [0xd51be200, 0xd51be220, 0xd51be240]; // CNTP_TVAL_EL0, CNTP_CTL_EL0, CNTP_CVAL_EL0
const MSR_CNTV = [0xd51be300, 0xd51be320, 0xd51be340];

/** How functions return elsewhere. */
const RETURNS: readonly { readonly isa: string; readonly size: 2 | 4; readonly code: number }[] = [
  { isa: "RISC-V", size: 4, code: 0x00008067 }, // jalr zero, 0(ra)
  { isa: "RISC-V", size: 2, code: 0x8082 }, // c.jr ra
  { isa: "32-bit Arm", size: 4, code: 0xe12fff1e }, // bx lr
  { isa: "32-bit Arm", size: 2, code: 0x4770 }, // bx lr, T32
];
/** So many returns of another instruction set are no coincidence where AArch64 has none. */
const RETURNS_MIN = 8;

export interface CodeTraits {
  /** Acknowledges interrupts by system register: what only a GICv3 has. */
  readonly gicSystemRegisters: boolean;
  readonly timers: readonly ("physical" | "virtual")[];
  readonly conduits: readonly ("hvc" | "smc")[];
}

export function codeTraits(code: Uint8Array): CodeTraits {
  const found = { icc: false, physical: false, virtual: false, hvc: false, smc: false };
  for (const word of units(code, 4)) {
    const register = (word & WITHOUT_RT) >>> 0;
    found.icc ||= register === MRS_ICC_IAR0 || register === MRS_ICC_IAR1;
    found.physical ||= MSR_CNTP.includes(register);
    found.virtual ||= MSR_CNTV.includes(register);
    found.hvc ||= word === HVC;
    found.smc ||= word === SMC;
  }
  return {
    gicSystemRegisters: found.icc,
    timers: (["physical", "virtual"] as const).filter((timer) => found[timer]),
    conduits: (["hvc", "smc"] as const).filter((conduit) => found[conduit]),
  };
}

/** The instruction set of code without a header; undefined: there is no telling. */
export function codeIsa(code: Uint8Array): string | undefined {
  if (count(code, 4, RET) > 0) return "AArch64";
  return RETURNS.find((foreign) => count(code, foreign.size, foreign.code) >= RETURNS_MIN)?.isa;
}

function* units(code: Uint8Array, size: 2 | 4): Generator<number> {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at + size <= code.length; at += size)
    yield size === 4 ? view.getUint32(at, true) : view.getUint16(at, true);
}

function count(code: Uint8Array, size: 2 | 4, wanted: number): number {
  let found = 0;
  for (const unit of units(code, size)) if (unit === wanted) found += 1;
  return found;
}

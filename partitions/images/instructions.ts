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
interface Return {
  readonly isa: string;
  readonly size: 2 | 4;
  readonly code: number;
}
const RETURNS: readonly Return[] = [
  { isa: "RISC-V", size: 4, code: 0x00008067 }, // jalr zero, 0(ra)
  { isa: "RISC-V", size: 2, code: 0x8082 }, // c.jr ra
  { isa: "32-bit Arm", size: 4, code: 0xe12fff1e }, // bx lr
  { isa: "32-bit Arm", size: 2, code: 0x4770 }, // bx lr, T32
];
/**
 * So many returns of another instruction set, and so close together, are no coincidence where AArch64 has none: in bytes
 * that mean nothing a 16-bit one comes every 65,536 times, in code every hundred.
 */
const RETURNS_MIN = 8;
const RETURN_DISTANCE_MAX = 4096;

export interface CodeTraits {
  /** Acknowledges interrupts by system register: what only a GICv3 has. */
  readonly gicSystemRegisters: boolean;
  readonly timers: readonly ("physical" | "virtual")[];
  readonly conduits: readonly ("hvc" | "smc")[];
}

export function codeTraits(code: Uint8Array): CodeTraits {
  const found = { icc: false, physical: false, virtual: false, hvc: false, smc: false };
  for (const word of words(code)) {
    const register = (word & WITHOUT_RT) >>> 0;
    if (register === MRS_ICC_IAR0 || register === MRS_ICC_IAR1) found.icc = true;
    else if (MSR_CNTP.includes(register)) found.physical = true;
    else if (MSR_CNTV.includes(register)) found.virtual = true;
    else if (word === HVC) found.hvc = true;
    else if (word === SMC) found.smc = true;
  }
  return {
    gicSystemRegisters: found.icc,
    timers: (["physical", "virtual"] as const).filter((timer) => found[timer]),
    conduits: (["hvc", "smc"] as const).filter((conduit) => found[conduit]),
  };
}

/** The instruction set of code without a header; undefined: there is no telling. */
export function codeIsa(code: Uint8Array): string | undefined {
  const [whole, halves] = [words(code), halfwords(code)];
  if (whole.includes(RET)) return "AArch64";
  const isDense = ({ size, code: wanted }: Return): boolean => {
    const units = size === 4 ? whole : halves;
    let count = 0;
    for (const unit of units) if (unit === wanted) count += 1;
    return count >= RETURNS_MIN && count * RETURN_DISTANCE_MAX >= units.length;
  };
  return RETURNS.find(isDense)?.isa;
}

/** Little endian, as the machines are that this runs on. */
const words = (code: Uint8Array): Uint32Array => new Uint32Array(aligned(code), 0, Math.floor(code.length / 4));
const halfwords = (code: Uint8Array): Uint16Array => new Uint16Array(aligned(code), 0, Math.floor(code.length / 2));

function aligned(code: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(code.length);
  new Uint8Array(copy).set(code);
  return copy;
}

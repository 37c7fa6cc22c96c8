// ESR_EL2 in words: Arm ARM (DDI 0487) D24.2 "ESR_EL2, Exception Syndrome Register (EL2)".
//
//    63      56 55       32 31    26 25 24                        0
//   ┌──────────┬───────────┬────────┬──┬──────────────────────────┐
//   │   RES0   │   ISS2    │   EC   │IL│           ISS            │
//   └──────────┴───────────┴────────┴──┴──────────────────────────┘

const EC_SHIFT = 26n;
const EC_MASK = 0x3fn;

const EC_INSTRUCTION_ABORT_LOWER = 0x20;
const EC_INSTRUCTION_ABORT_SAME = 0x21;
const EC_DATA_ABORT_LOWER = 0x24;
const EC_DATA_ABORT_SAME = 0x25;

/** Exception classes that can reach EL2 from AArch64. */
const EXCEPTION_CLASSES: ReadonlyMap<number, string> = new Map([
  [0x00, "unknown reason (undefined instruction)"],
  [0x01, "trapped WFI or WFE"],
  [0x07, "trapped FP or SIMD access"],
  [0x0a, "trapped LD64B or ST64B"],
  [0x0d, "branch target exception"],
  [0x0e, "illegal execution state"],
  [0x15, "SVC"],
  [0x16, "HVC"],
  [0x17, "SMC"],
  [0x18, "trapped system register access"],
  [0x19, "trapped SVE access"],
  [0x1a, "trapped ERET"],
  [0x1c, "pointer authentication failure"],
  [EC_INSTRUCTION_ABORT_LOWER, "instruction abort"],
  [EC_INSTRUCTION_ABORT_SAME, "instruction abort in the hypervisor"],
  [0x22, "misaligned PC"],
  [EC_DATA_ABORT_LOWER, "data abort"],
  [EC_DATA_ABORT_SAME, "data abort in the hypervisor"],
  [0x26, "misaligned SP"],
  [0x2c, "trapped floating-point exception"],
  [0x2f, "SError"],
  [0x30, "breakpoint"],
  [0x31, "breakpoint in the hypervisor"],
  [0x32, "software step"],
  [0x33, "software step in the hypervisor"],
  [0x34, "watchpoint"],
  [0x35, "watchpoint in the hypervisor"],
  [0x3c, "BRK instruction"],
]);

// ISS of an abort: bits [5:0] are the fault status code; bit 6, WnR, of a data abort tells a write.
const FAULT_STATUS_MASK = 0x3fn;
const ISS_WRITE = 1n << 6n;
const LEVEL_MASK = 0x3;

/** Fault status codes of the form 0bXXXXLL, without their level. */
const LEVELLED_FAULTS: ReadonlyMap<number, string> = new Map([
  [0x00, "address size fault"],
  [0x04, "translation fault"],
  [0x08, "access flag fault"],
  [0x0c, "permission fault"],
  [0x14, "external abort on table walk"],
]);

const OTHER_FAULTS: ReadonlyMap<number, string> = new Map([
  [0x10, "external abort"],
  [0x11, "tag check fault"],
  [0x21, "alignment fault"],
  [0x30, "TLB conflict"],
  [0x31, "unsupported atomic update"],
]);

export function exceptionClass(esr: bigint): number {
  return Number((esr >> EC_SHIFT) & EC_MASK);
}

function faultStatus(esr: bigint): string {
  const code = Number(esr & FAULT_STATUS_MASK);
  const levelled = LEVELLED_FAULTS.get(code & ~LEVEL_MASK);
  if (levelled !== undefined) return `${levelled}, level ${code & LEVEL_MASK}`;
  return OTHER_FAULTS.get(code) ?? `fault status 0x${code.toString(16)}`;
}

export interface Syndrome {
  /** "data abort, translation fault, level 1" */
  readonly reason: string;
  /** What the guest did at the faulting address; undefined: no address is involved. */
  readonly access?: "read" | "write" | "fetch";
}

export function describeSyndrome(esr: bigint): Syndrome {
  const ec = exceptionClass(esr);
  const name = EXCEPTION_CLASSES.get(ec) ?? `exception class 0x${ec.toString(16)}`;
  switch (ec) {
    case EC_DATA_ABORT_LOWER:
    case EC_DATA_ABORT_SAME:
      return { reason: `${name}, ${faultStatus(esr)}`, access: esr & ISS_WRITE ? "write" : "read" };
    case EC_INSTRUCTION_ABORT_LOWER:
    case EC_INSTRUCTION_ABORT_SAME:
      return { reason: `${name}, ${faultStatus(esr)}`, access: "fetch" };
    default:
      return { reason: name };
  }
}

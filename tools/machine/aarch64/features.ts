// Which of the system registers are there, as the ID registers say (ARM ARM D17, IHI 0069 §12.4): reaching another one is
// UNDEFINED.
import { RESET } from "./registers.ts";
import type { RegisterName, Registers } from "./registers.ts";

interface Feature {
  readonly registers: RegExp;
  readonly exists: (registers: Registers, preemptionBits: number) => boolean;
}

const field = (register: bigint, shift: number): number => Number((register >> BigInt(shift)) & 0xfn);

/** ID_AA64ISAR1_EL1.APA, API, GPA, GPI; ID_AA64ISAR2_EL1.GPA3, APA3. */
const ISAR1_KEYS = 0xff00_0ff0n;
const ISAR2_KEYS = 0xff00n;
const MPAMIDR_HAS_HCR = 1n << 17n;

const FEATURES: readonly Feature[] = [
  { registers: /^AP[A-Z]+KEY/, exists: (r) => ((r.ID_AA64ISAR1_EL1 & ISAR1_KEYS) | (r.ID_AA64ISAR2_EL1 & ISAR2_KEYS)) !== 0n },
  { registers: /^(ICH_AP[01]R1_EL2|ICC_AP1R1_EL1)$/, exists: (_, bits) => bits >= 6 },
  { registers: /^(ICH_AP[01]R[23]_EL2|ICC_AP1R[23]_EL1)$/, exists: (_, bits) => bits >= 7 },
  { registers: /^HCRX_EL2$/, exists: (r) => field(r.ID_AA64MMFR1_EL1, 40) !== 0 },
  { registers: /^H(FG[RW]|FGI|DFG[RW])TR_EL2$/, exists: (r) => field(r.ID_AA64MMFR0_EL1, 56) !== 0 },
  { registers: /^H(FG[RW]|FGI|DFG[RW])TR2_EL2$/, exists: (r) => field(r.ID_AA64MMFR0_EL1, 56) >= 2 },
  { registers: /^HAFGRTR_EL2$/, exists: (r) => field(r.ID_AA64MMFR0_EL1, 56) !== 0 && field(r.ID_AA64PFR0_EL1, 44) !== 0 },
  { registers: /^CNTPOFF_EL2$/, exists: (r) => field(r.ID_AA64MMFR0_EL1, 60) >= 2 },
  { registers: /^MPAM(2_EL2|IDR_EL1)$/, exists: (r) => (field(r.ID_AA64PFR0_EL1, 40) | field(r.ID_AA64PFR1_EL1, 16)) !== 0 },
  {
    registers: /^MPAMHCR_EL2$/,
    exists: (r) =>
      (field(r.ID_AA64PFR0_EL1, 40) | field(r.ID_AA64PFR1_EL1, 16)) !== 0 && (r.MPAMIDR_EL1 & MPAMIDR_HAS_HCR) !== 0n,
  },
];

const FEATURE_OF = new Map(
  Object.keys(RESET).map((name) => [name, FEATURES.find(({ registers }) => registers.test(name))] as const),
);

export const exists = (name: RegisterName, registers: Registers, preemptionBits = 5): boolean =>
  FEATURE_OF.get(name)?.exists(registers, preemptionBits) ?? true;

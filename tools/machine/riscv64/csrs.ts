// Control and status registers of a hart with the hypervisor extension, Sstc and AIA, as far as HS and VS mode reach them (RISC-V
// privileged architecture, "Hypervisor Extension"; AIA, "Control and Status Registers Added to Harts"): numbers, and what a write
// may change (WARL). What QEMU's two versions differ in is a Model.
//
//   number:  11 10   9 8    7 …   0
//           ┌───────┬──────┬───────┐
//           │ RW/RO │ level│       │   3 in RW/RO: read only; level 0: U, 1: S, 2: HS and VS, 3: M
//           └───────┴──────┴───────┘

export const NUMBERS = {
  sstatus: 0x100, sie: 0x104, stvec: 0x105, scounteren: 0x106, senvcfg: 0x10a, sscratch: 0x140, sepc: 0x141, scause: 0x142,
  stval: 0x143,
  sip: 0x144, stimecmp: 0x14d, siselect: 0x150, sireg: 0x151, stopei: 0x15c, satp: 0x180, stopi: 0xdb0,
  vsstatus: 0x200, vsie: 0x204, vstvec: 0x205, vsscratch: 0x240, vsepc: 0x241, vscause: 0x242, vstval: 0x243, vsip: 0x244,
  vstimecmp: 0x24d,
  vsiselect: 0x250, vsireg: 0x251, vstopei: 0x25c, vsatp: 0x280, vstopi: 0xeb0,
  hstatus: 0x600, hedeleg: 0x602, hideleg: 0x603, hie: 0x604, htimedelta: 0x605, hcounteren: 0x606, hgeie: 0x607, henvcfg: 0x60a,
  hstateen0: 0x60c, sstateen0: 0x10c,
  htval: 0x643, hip: 0x644, hvip: 0x645, htinst: 0x64a, hgatp: 0x680, hgeip: 0xe12,
  cycle: 0xc00, time: 0xc01, instret: 0xc02, hpmcounter3: 0xc03,
} as const;

export type Csr = keyof typeof NUMBERS;

const NAMES: ReadonlyMap<number, Csr> = new Map(Object.entries(NUMBERS).map(([name, number]) => [number, name as Csr]));
export const nameOf = (number: number): Csr | undefined => NAMES.get(number);

/** What a supervisor's instruction reaches in a guest: its own register instead. */
export const VS_OF: Readonly<Partial<Record<Csr, Csr>>> = {
  sstatus: "vsstatus", sie: "vsie", stvec: "vstvec", sscratch: "vsscratch", sepc: "vsepc", scause: "vscause", stval: "vstval",
  sip: "vsip",
  stimecmp: "vstimecmp", siselect: "vsiselect", sireg: "vsireg", stopei: "vstopei", satp: "vsatp", stopi: "vstopi",
};

// Interrupts, by their bits in sip, hip, hvip and their like. A VS level's is one above the supervisor's.
export const SSI = 1n << 1n;
export const VSSI = 1n << 2n;
export const STI = 1n << 5n;
export const VSTI = 1n << 6n;
export const SEI = 1n << 9n;
export const VSEI = 1n << 10n;
export const SGEI = 1n << 12n;
export const S_INTERRUPTS = SSI | STI | SEI;
export const VS_INTERRUPTS = VSSI | VSTI | VSEI;

// sstatus, vsstatus
export const STATUS_SIE = 1n << 1n;
export const STATUS_SPIE = 1n << 5n;
export const STATUS_SPP = 1n << 8n;
export const STATUS_VS = 3n << 9n;
export const STATUS_FS = 3n << 13n;
const STATUS_SUM = 1n << 18n;
const STATUS_MXR = 1n << 19n;
/** UXL = 2: read only. */
export const STATUS_UXL = 2n << 32n;
const STATUS = STATUS_SIE | STATUS_SPIE | STATUS_SPP | STATUS_FS | STATUS_SUM | STATUS_MXR;

// hstatus
export const HSTATUS_GVA = 1n << 6n;
export const HSTATUS_SPV = 1n << 7n;
export const HSTATUS_SPVP = 1n << 8n;
const HSTATUS_HU = 1n << 9n;
export const VGEIN_SHIFT = 12n;
export const VGEIN_MASK = 0x3fn;
export const HSTATUS_VTVM = 1n << 20n;
export const HSTATUS_VTW = 1n << 21n;
export const HSTATUS_VTSR = 1n << 22n;
/** VSXL = 2: read only. */
export const HSTATUS_VSXL = 2n << 32n;
const HSTATUS = HSTATUS_GVA | HSTATUS_SPV | HSTATUS_SPVP | HSTATUS_HU | (VGEIN_MASK << VGEIN_SHIFT) | HSTATUS_VTVM | HSTATUS_VTW
  | HSTATUS_VTSR;

export const COUNTEREN_TM = 1n << 1n;
export const ENVCFG_STCE = 1n << 63n;
// hstateen0 (Smstateen)
export const STATEEN_SE = 1n << 63n;
export const STATEEN_ENVCFG = 1n << 62n;
export const STATEEN_CSRIND = 1n << 60n;
export const STATEEN_AIA = 1n << 59n;
export const STATEEN_IMSIC = 1n << 58n;

// satp, vsatp, hgatp: MODE, ASID or VMID, PPN
export const MODE_SHIFT = 60n;
export const MODE_BARE = 0;
export const MODE_SV39 = 8;
export const VMID_SHIFT = 44n;
export const VMID_MASK = 0x3fffn;
export const PPN_MASK = (1n << 44n) - 1n;
const ASID_MASK = 0xffffn;
/** The root of Sv39x4 has four pages: bits 1 and 0 of its PPN read as zero. */
const ROOT_PPN_MASK = PPN_MASK & ~3n;

/** What two machines differ in. */
export interface Model {
  readonly hedeleg: bigint;
  readonly hideleg: bigint;
  readonly hcounteren: bigint;
  readonly henvcfg: bigint;
  /** MODE that satp, vsatp and hgatp take; of another one the whole write is ignored. */
  readonly modes: readonly number[];
  /** htinst of a guest page fault is the load or store, transformed; else it is 0. */
  readonly transforms: boolean;
  /** In VS mode, sip shows SSIP alone. */
  readonly hidesPending: boolean;
  /** Smstateen. */
  readonly hasStateen: boolean;
  /** APLIC: setipnum sets a level's pending bit though its wire is low. */
  readonly resendsLow: boolean;
  /** V. */
  readonly hasVectors: boolean;
  /** sstatus.VS can be something else than Off; it should not without V. */
  readonly hasVectorBits: boolean;
  /** Programmable counters, as firmware gives them; 0: it has no PMU. */
  readonly counters: number;
  /** Sscofpmf, and it does what it says. */
  readonly filters: boolean;
}

const EVERY_MODE = Array.from({ length: 16 }, (_, mode) => mode);

/**
 * QEMU 7.2 (Debian 12) and 10.0 (Debian 13), `-M virt,aia=aplic-imsic,aia-guests=1 -cpu rv64`, as measured by reading back all
 * ones.
 */
export const QEMU_7: Model = {
  hedeleg: 0xb1ffn, hideleg: 0x444n, hcounteren: 0xffff_ffffn, henvcfg: 0xc000_0000_0000_00f1n, modes: EVERY_MODE,
  transforms: false, hidesPending: true, resendsLow: true, hasStateen: false, counters: 16, filters: false,
  hasVectors: false, hasVectorBits: true,
};
export const QEMU_10: Model = {
  hedeleg: 0x4_b1ffn, hideleg: 0xffff_ffff_ffff_0444n, hcounteren: 0x7_ffffn, henvcfg: 0xa000_0000_0000_00f1n,
  modes: [0, 8, 9, 10],
  transforms: true, hidesPending: false, resendsLow: false, hasStateen: false, counters: 16, filters: false,
  hasVectors: false, hasVectorBits: false,
};

const HIE = 0x1444n;
const ALL = 0xffff_ffff_ffff_ffffn;
const EVEN = ALL & ~1n;
const SELECT_MASK = 0xfffn;

/**
 * Bits that a write changes, of registers that otherwise only keep what is written. hgeie's follow from the number of guest
 * files.
 */
export function writable(csr: Csr, model: Model, guestFiles: number): bigint {
  switch (csr) {
    case "sstatus": case "vsstatus": return STATUS | (model.hasVectorBits ? STATUS_VS : 0n);
    case "hstatus": return HSTATUS;
    case "sie": return S_INTERRUPTS;
    case "hie": return HIE;
    case "hvip": return VS_INTERRUPTS;
    case "hedeleg": return model.hedeleg;
    case "hideleg": return model.hideleg;
    case "hcounteren": return model.hcounteren;
    case "scounteren": return model.hcounteren;
    case "henvcfg": return model.henvcfg;
    case "hgeie": return (1n << BigInt(guestFiles + 1)) - 2n;
    case "sepc": case "vsepc": return EVEN;
    case "stvec": case "vstvec": return ALL & ~2n;
    case "siselect": case "vsiselect": return SELECT_MASK;
    case "satp": case "vsatp": return (0xfn << MODE_SHIFT) | (ASID_MASK << VMID_SHIFT) | PPN_MASK;
    case "hgatp": return (0xfn << MODE_SHIFT) | (VMID_MASK << VMID_SHIFT) | ROOT_PPN_MASK;
    default: return ALL;
  }
}

/** Of each of them, what reads so whatever is written. */
export function constant(csr: Csr): bigint {
  if (csr === "sstatus" || csr === "vsstatus") return STATUS_UXL;
  return csr === "hstatus" ? HSTATUS_VSXL : 0n;
}

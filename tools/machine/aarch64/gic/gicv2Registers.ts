// Offsets and fields of GICv2's memory-mapped registers, written from Arm IHI 0048B (§4.3 distributor, §4.4 CPU interface,
// §5.3 virtual interface control, §5.4 virtual CPU interface). What GICD has in common with GICv3's is in registers.ts.

/** GICD and GICH; GICC and GICV have a second page, for DIR. */
export const PAGE_BYTES = 0x1000;
export const INTERFACE_BYTES = 2 * PAGE_BYTES;
/** CPU interfaces at most: GICD_ITARGETSR has a bit for each. */
export const INTERFACES_MAX = 8;

export const GICD_SGIR = 0xf00;
export const GICD_CPENDSGIR = 0xf10;
export const GICD_SPENDSGIR = 0xf20;
export const GICD_SPENDSGIR_END = 0xf30;
export const GICD_PIDR2 = 0xfe8;
/** ArchRev 2. */
export const PIDR2_GICV2 = 0x2b;
export const GICD_TYPER_CPUS_SHIFT = 5;

// GICD_SGIR (§4.3.15).
export const SGIR_FILTER_SHIFT = 24;
export const SGIR_FILTER_LIST = 0;
export const SGIR_FILTER_OTHERS = 1;
export const SGIR_FILTER_SELF = 2;
export const SGIR_LIST_SHIFT = 16;
/** Bits 31…26 and 14…4; bit 15 (NSATT) is of the Security Extensions only. */
export const SGIR_RESERVED = 0xfc00_fff0;

// GICC and GICV: the same layout.
export const CTLR = 0x00;
export const PMR = 0x04;
export const BPR = 0x08;
export const IAR = 0x0c;
export const EOIR = 0x10;
export const RPR = 0x14;
export const HPPIR = 0x18;
export const ABPR = 0x1c;
export const APR0 = 0xd0;
export const IIDR = 0xfc;
export const DIR = 0x1000;

export const CTLR_ENABLE = 1 << 0;
export const CTLR_EOIMODE = 1 << 9;
/** Enables of both groups, AckCtl, FIQEn, CBPR, EOImode: what there is without the Security Extensions. */
export const CTLR_WRITABLE = 0x21f;
/** GIC-400. */
export const IIDR_GIC400 = 0x0202_143b;

/** IAR, EOIR, DIR: INTID, and of an SGI the CPU interface that sent it. */
export const IAR_INTID = 0x3ff;
export const IAR_CPUID_SHIFT = 10;

// GICH.
export const GICH_HCR = 0x00;
export const GICH_VTR = 0x04;
export const GICH_VMCR = 0x08;
export const GICH_MISR = 0x10;
export const GICH_EISR0 = 0x20;
export const GICH_EISR1 = 0x24;
export const GICH_ELRSR0 = 0x30;
export const GICH_ELRSR1 = 0x34;
export const GICH_APR = 0xf0;
export const GICH_LR0 = 0x100;
export const GICH_LR_END = 0x200;

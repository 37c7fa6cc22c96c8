// Offsets and fields of GICv3's memory-mapped registers, written from Arm IHI 0069 (§12.8 distributor, §12.10 and
// §12.12 redistributor), on purpose not shared with the core: a wrong offset must not be wrong twice.

/** Both frames of a redistributor, and the distributor, are made of 64 KiB frames. */
export const FRAME_BYTES = 0x10000;
export const GICR_BYTES = 2 * FRAME_BYTES;

export const GICD_CTLR = 0x0000;
export const GICD_TYPER = 0x0004;
export const GICD_IIDR = 0x0008;
export const GICD_TYPER2 = 0x000c;
export const GICD_STATUSR = 0x0010;
export const GICD_SGIR = 0x0f00;
export const GICD_CPENDSGIR = 0x0f10;
export const GICD_SPENDSGIR_END = 0x0f30;
export const GICD_IROUTER = 0x6000;
export const GICD_IROUTER_END = 0x7fe0;
export const PIDR_FIRST = 0xffd0;
export const PIDR2 = 0xffe8;

// Interrupt state: the same layout in GICD (SPIs) and in GICR's SGI_base frame (SGIs and PPIs).
export const IGROUPR = 0x080;
export const ISENABLER = 0x100;
export const ICENABLER = 0x180;
export const ISPENDR = 0x200;
export const ICPENDR = 0x280;
export const ISACTIVER = 0x300;
export const ICACTIVER = 0x380;
export const IPRIORITYR = 0x400;
export const ITARGETSR = 0x800;
export const ICFGR = 0xc00;
export const IGRPMODR = 0xd00;
export const NSACR = 0xe00;
export const BANK_END = 0xf00;

export const GICD_CTLR_ENABLE_GRP0 = 1 << 0;
export const GICD_CTLR_ENABLE_GRP1 = 1 << 1;
export const GICD_CTLR_ARE = 1 << 4;
/** Reads as one: a single Security state, as QEMU's virt machine has it when it starts at EL2. */
export const GICD_CTLR_DS = 1 << 6;
export const CTLR_RWP = 1 << 31;
export const GICR_CTLR_RWP = 1 << 3;

export const GICR_CTLR = 0x0000;
export const GICR_IIDR = 0x0004;
export const GICR_TYPER = 0x0008;
export const GICR_STATUSR = 0x0010;
export const GICR_WAKER = 0x0014;
export const GICR_PROPBASER = 0x0070;
export const GICR_PENDBASER = 0x0078;
export const GICR_PENDBASER_END = 0x0080;
export const GICR_SGI_BASE = FRAME_BYTES;

export const GICR_TYPER_VLPIS = 1 << 1;
export const GICR_TYPER_PPINUM_SHIFT = 27;
export const GICR_TYPER_LAST = 1 << 4;
export const GICR_WAKER_PROCESSOR_SLEEP = 1 << 1;
export const GICR_WAKER_CHILDREN_ASLEEP = 1 << 2;

/** IHI 0069 §12.9.9: IROUTER.Interrupt_Routing_Mode, in the high word (bit 31 of the register's low word). */
export const IROUTER_IRM = 0x8000_0000;

/** Architecture revision 3 in PIDR2.ArchRev; low nibble as Arm's own implementations have it. */
export const PIDR2_GICV3 = 0x3b;
export const PIDR2_GICV4 = 0x4b;
/** Arm's JEP106 code with product 0: what QEMU's model says. */
export const IIDR_ARM = 0x43b;

export const INTID_PPI_FIRST = 16;
export const INTID_SPI_FIRST = 32;
export const INTID_SPI_END = 1020;
/** What ICC_IAR1_EL1 says when there is nothing to take (§2.2.1). */
export const INTID_SPURIOUS = 1023;

/** Five priority bits are implemented, as in every Arm core: the low three read as zero. */
export const PRIORITY_MASK = 0xf8;
export const PRIORITY_IDLE = 0xff;

/** A register the machine does not model: a number no register has. */
export const UNMODELLED = -1;

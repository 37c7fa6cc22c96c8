// What the parts of a GIC take, and how its INTIDs are numbered.

/** GICv3 (IHI 0069, 12.10 and 12.11): what one GICD takes; what one redistributor takes, RD_base and SGI_base. */
export const GICD_SIZE = 0x10000;
export const GICR_SIZE = 0x20000;
/** GICv2 (IHI 0048, 4.1): GICD; GICC and GICV. */
export const GICV2_GICD_SIZE = 0x1000;
export const GICC_SIZE = 0x2000;
/** INTIDs of the interrupts that device trees number from 0. */
export const FIRST_PPI = 16;
export const FIRST_SPI = 32;

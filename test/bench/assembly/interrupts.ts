// The interrupts that the paths take, by GICv3 (IHI 0069) or GICv2 (IHI 0048), as the CPU says.
import { isb, mmioWrite32, mrs_ID_AA64PFR0_EL1 } from "../../../build/generated/guest";
import { enableInterruptController, INTID_PHYSICAL_TIMER, INTID_VIRTUAL_TIMER } from "../../../rtos-guests/plc/aarch64/gic";
import { GICD_IPA, GICR_IPA } from "../../../rtos-guests/plc/aarch64/map";

export const INTID_SGI: u32 = 5;
/** The PL031's. */
export const INTID_ALARM: u32 = 34;

/** ID_AA64PFR0_EL1.GIC: there is a CPU interface in system registers. */
const PFR0_GIC: u64 = 0xf << 24;

const GICD_IGROUPR: u64 = 0x0080;
export const GICD_ISENABLER: u64 = 0x0100;
export const GICD_ISPENDR: u64 = 0x0200;
export const GICD_IPRIORITYR: u64 = 0x0400;
const GICD_ITARGETSR: u64 = 0x0800; // GICv2
/** GICv3 has the registers of SGIs and PPIs at the same offsets of a frame of its own. */
export const SGI_BASE: u64 = 0x10000;
/** One bit an interrupt, 32 a register: offset of the register that has an SPI's. */
@inline export function wordOf(intid: u32): u64 {
  return (intid >> 5) << 2;
}
const PRIORITIES: u32 = 0x80808080;
const TO_CPU_0: u32 = 0x01010101;

export function isGicV3(): bool {
  return (mrs_ID_AA64PFR0_EL1() & PFR0_GIC) != 0;
}

/** Where the registers of SGIs and PPIs are. */
@inline export function privateBase(): u64 {
  return isGicV3() ? GICR_IPA + SGI_BASE : GICD_IPA;
}

export function enableInterrupts(): void {
  enableInterruptController(INTID_VIRTUAL_TIMER);
  const own = (1 << INTID_VIRTUAL_TIMER) | (1 << INTID_PHYSICAL_TIMER) | (1 << INTID_SGI);
  mmioWrite32(privateBase() + GICD_IPRIORITYR + (INTID_PHYSICAL_TIMER & ~3), PRIORITIES);
  mmioWrite32(privateBase() + GICD_IPRIORITYR + (INTID_SGI & ~3), PRIORITIES);
  mmioWrite32(privateBase() + GICD_ISENABLER, own);
  enableSpi(INTID_ALARM);
  isb();
}

/** To this vCPU, which is the partition's only one. */
export function enableSpi(intid: u32): void {
  mmioWrite32(GICD_IPA + GICD_IPRIORITYR + (intid & ~3), PRIORITIES);
  if (isGicV3()) mmioWrite32(GICD_IPA + GICD_IGROUPR + wordOf(intid), 1 << (intid & 31)); // IROUTER is 0: affinity 0.0.0.0
  else mmioWrite32(GICD_IPA + GICD_ITARGETSR + (intid & ~3), TO_CPU_0);
  mmioWrite32(GICD_IPA + GICD_ISENABLER + wordOf(intid), 1 << (intid & 31));
}

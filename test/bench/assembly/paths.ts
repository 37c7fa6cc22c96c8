// The measured paths, by number: what each is called, and how it is taken once.
import {
  isb, mmioWrite32, msr_CNTP_CTL_EL0, msr_CNTP_CVAL_EL0, msr_CNTV_CTL_EL0, msr_CNTV_CVAL_EL0,
} from "../../../build/generated/guest";
import {
  timeDevice, timeHvc, timeMask, timePhysicalTimer, timeRead32, timeSgi, timeSmc, timeTimer, timeWrite32, timeWrite8,
} from "../../../build/generated/paths";
import { HYPERCALL_VERSION } from "../../../arch/aarch64/calls";
import { acknowledge, endOfInterrupt, INTID_PHYSICAL_TIMER, INTID_VIRTUAL_TIMER } from "../../../rtos-guests/plc/aarch64/gic";
import { GICC_IPA, GICD_IPA } from "../../../rtos-guests/plc/aarch64/map";
import { ALARM_UNMASKED, RTCIMSC, silenceAlarm } from "./alarm";
import { GICD_IPRIORITYR, GICD_ISENABLER, INTID_ALARM, INTID_SGI, isGicV3, privateBase, wordOf } from "./interrupts";
import { fail } from "./print";

// Those that ask a hypervisor come first, then those that end in a handler.
export const PATH_HYPERCALL: u32 = 0;
const PATH_HVC: u32 = 1;
const PATH_SMC: u32 = 2;
export const PATH_BARE_FIRST: u32 = 3;
const PATH_TIMER: u32 = 3;
const PATH_PHYSICAL_TIMER: u32 = 4;
const PATH_SPI: u32 = 5;
const PATH_SGI: u32 = 6;
export const PATH_ACCESS_FIRST: u32 = 7;
const PATH_TYPER_READ: u32 = 7;
const PATH_ISENABLER_READ: u32 = 8;
const PATH_PRIVATE_ENABLE_WRITE: u32 = 9;
const PATH_IPRIORITYR_WRITE: u32 = 10;
const PATH_MASK_WRITE: u32 = 11;
export const PATHS: u32 = 12;

const PSCI_VERSION: u64 = 0x84000000;
const GICD_TYPER: u64 = 0x0004;
const GICD_SGIR: u64 = 0x0f00; // GICv2
const SGIR_SELF: u32 = 2 << 24;
const SGI1R_SELF: u64 = (INTID_SGI << 24) | 1; // affinity 0.0.0.0
const PRIORITY: u32 = 0x80;
const GICC_PMR: u64 = 0x0004; // GICv2
/** A priority mask that lets all of them in. */
const ALL_PRIORITIES: u32 = 0xf8;

export function nameOf(path: u32): string {
  if (path == PATH_HYPERCALL) return "hypercall";
  if (path == PATH_HVC) return "hvc";
  if (path == PATH_SMC) return "smc";
  if (path == PATH_TIMER) return "timer";
  if (path == PATH_PHYSICAL_TIMER) return "physical-timer";
  if (path == PATH_SPI) return "spi";
  if (path == PATH_SGI) return "sgi";
  if (path == PATH_TYPER_READ) return "typer-read";
  if (path == PATH_ISENABLER_READ) return "isenabler-read";
  if (path == PATH_PRIVATE_ENABLE_WRITE) return "private-enable-write";
  return path == PATH_IPRIORITYR_WRITE ? "ipriorityr-write" : "mask-write";
}

/** The interrupt that the handler has left pending: its source is silenced before its end. */
function finish(expected: u32): void {
  const intid = acknowledge();
  msr_CNTV_CTL_EL0(0);
  msr_CNTP_CTL_EL0(0);
  silenceAlarm();
  isb();
  endOfInterrupt(intid);
  if (intid != expected) fail(intid, expected, 0);
}

/** Takes the path once: its cycles. */
export function take(path: u32): u64 {
  if (path == PATH_HYPERCALL) return timeHvc(HYPERCALL_VERSION);
  if (path == PATH_HVC) return timeHvc(PSCI_VERSION);
  if (path == PATH_SMC) return timeSmc(PSCI_VERSION);
  if (path == PATH_TYPER_READ) return timeRead32(GICD_IPA + GICD_TYPER);
  if (path == PATH_ISENABLER_READ) return timeRead32(GICD_IPA + GICD_ISENABLER + wordOf(INTID_ALARM));
  if (path == PATH_PRIVATE_ENABLE_WRITE) return timeWrite32(privateBase() + GICD_ISENABLER, 1 << INTID_VIRTUAL_TIMER);
  if (path == PATH_IPRIORITYR_WRITE) return timeWrite8(GICD_IPA + GICD_IPRIORITYR + INTID_ALARM, PRIORITY);
  if (path == PATH_MASK_WRITE) return isGicV3() ? timeMask(ALL_PRIORITIES) : timeWrite32(GICC_IPA + GICC_PMR, ALL_PRIORITIES);
  let cycles: u64;
  let intid = INTID_SGI;
  if (path == PATH_TIMER) {
    intid = INTID_VIRTUAL_TIMER;
    msr_CNTV_CVAL_EL0(0);
    cycles = timeTimer();
  } else if (path == PATH_PHYSICAL_TIMER) {
    intid = INTID_PHYSICAL_TIMER;
    msr_CNTP_CVAL_EL0(0);
    cycles = timePhysicalTimer();
  } else if (path == PATH_SPI) {
    intid = INTID_ALARM;
    cycles = timeDevice(RTCIMSC, ALARM_UNMASKED);
  } else if (isGicV3()) {
    cycles = timeSgi(SGI1R_SELF);
  } else {
    cycles = timeDevice(GICD_IPA + GICD_SGIR, SGIR_SELF | INTID_SGI);
  }
  finish(intid);
  return cycles;
}

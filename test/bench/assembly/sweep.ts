// Makes the hypervisor do everything that a guest can ask it for once, the dear things too: every register of the interrupt
// controller, all interrupts at once, every hypercall, and at last a fault; in its second life it switches its other vCPUs
// on, and resets itself. For what handlers take at most. asc's entry file.
//
//   bench: gic-read 150x900 214x124    instructions of reads, and of writes that change nothing
//   bench: gic-write 140x1024
//   bench: flood 17                    interrupts taken that were made pending at once
//   bench: end                         in its third life
import { bound } from "../../../build/generated/cpu";
import { hvc, isb, mmioRead32, mmioWrite32 } from "../../../build/generated/guest";
import { timeRead32, timeSmc, timeWrite32 } from "../../../build/generated/paths";
import { HYPERCALL_VERSION, SMCCC_HYP_REVISION, SMCCC_HYP_UID } from "../../../arch/aarch64/calls";
import { acknowledge, endOfInterrupt, INTID_SPECIAL_FIRST } from "../../../rtos-guests/plc/aarch64/gic";
import { GICD_IPA, GICR_IPA } from "../../../rtos-guests/plc/aarch64/map";
import { startCycles } from "./clock";
import {
  enableInterrupts, enableSpi, GICD_ISENABLER, GICD_ISPENDR, INTID_ALARM, isGicV3, privateBase, SGI_BASE, wordOf,
} from "./interrupts";
import { fail, line, print } from "./print";
import { addSample, forgetSamples, printSamples } from "./samples";
import { sleep } from "./sleep";

/**
 * PL031's match register counts the lives that are over: it keeps its number while the partition
 * restarts. After the machine's reset it is 0.
 */
const RTCMR: u64 = 0x09010004;
/** Where the image begins (bench.ld), for CPU_ON. */
const IMAGE_IPA: u64 = 0x40000000;
const NOT_MEMORY: u64 = 0x30000000;
const PAUSE_US: u64 = 100000; // the last line has left the hypervisor then
const START_US: u64 = 1000; // vCPUs that were switched on run then

const FRAME_BYTES: u64 = 0x1000;
const IROUTER: u64 = 0x6000;
const IROUTER_BYTES: u64 = 0x1000;
/**
 * Of ICENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER a write of what was read would change
 * something; so would GICv2's SGI registers.
 */
const CHANGING_FIRST: u64 = 0x0180;
const CHANGING_END: u64 = 0x0400;
const SGIS_FIRST: u64 = 0x0f00;

const ALL_SGIS: u32 = 0xffff;
const GICD_SPENDSGIR: u64 = 0x0f20; // GICv2: a byte an SGI, by sender
const SPENDSGIR_WORDS: u32 = 4;
const FROM_CPU_0: u32 = 0x01010101;
const FLOOD_MAX: u32 = 64;

const OWN_FUNCTIONS: u32 = 8;
const PSCI_FUNCTIONS: u32 = 32;
const PSCI_BASE: u64 = 0x84000000;
const PSCI_SMC64: u64 = 0x40000000;
const CPU_ON: u64 = PSCI_BASE + PSCI_SMC64 + 3;
const SYSTEM_RESET: u64 = PSCI_BASE + 9;
const VCPUS_MAX: u32 = 8;
/**
 * CPU_SUSPEND, CPU_OFF, SYSTEM_OFF, SYSTEM_RESET, CPU_DEFAULT_SUSPEND, SYSTEM_SUSPEND, SYSTEM_RESET2 do not come back, or
 * not soon.
 */
const PSCI_LEAVING: u32 = (1 << 1) | (1 << 2) | (1 << 8) | (1 << 9) | (1 << 12) | (1 << 14) | (1 << 18);

/** An unexpected exception (from start.S). */
export function failed(what: u64, where: u64, address: u64): void {
  fail(what, where, address);
}

function sweepReads(base: u64, bytes: u64): void {
  for (let offset: u64 = 0; offset < bytes; offset += 4) {
    bound(<u32>offset, <u32>FRAME_BYTES);
    addSample(timeRead32(base + offset));
  }
}

function sweepWrites(base: u64, bytes: u64): void {
  for (let offset: u64 = 0; offset < bytes; offset += 4) {
    bound(<u32>offset, <u32>FRAME_BYTES);
    const changes = (offset >= CHANGING_FIRST && offset < CHANGING_END) || offset >= SGIS_FIRST;
    addSample(timeWrite32(base + offset, changes ? 0 : mmioRead32(base + offset)));
  }
}

function sweepAllReads(): void {
  forgetSamples();
  sweepReads(GICD_IPA, FRAME_BYTES);
  if (!isGicV3()) return;
  sweepReads(GICD_IPA + IROUTER, IROUTER_BYTES);
  sweepReads(GICR_IPA, FRAME_BYTES);
  sweepReads(GICR_IPA + SGI_BASE, FRAME_BYTES);
}

function sweepAllWrites(): void {
  forgetSamples();
  sweepWrites(GICD_IPA, FRAME_BYTES);
  if (!isGicV3()) return;
  sweepWrites(GICR_IPA, FRAME_BYTES);
  sweepWrites(GICR_IPA + SGI_BASE, FRAME_BYTES);
}

function sweepRegisters(): void {
  sweepAllReads();
  printSamples("gic-read");
  sweepAllWrites();
  printSamples("gic-write");
}

/** More interrupts than there are list registers, as a rule; every register while they wait; then takes them all. */
function flood(): void {
  mmioWrite32(privateBase() + GICD_ISENABLER, ALL_SGIS);
  if (isGicV3()) {
    mmioWrite32(privateBase() + GICD_ISPENDR, ALL_SGIS);
  } else {
    for (let word: u32 = 0; word < SPENDSGIR_WORDS; word++) {
      bound(word, SPENDSGIR_WORDS);
      mmioWrite32(GICD_IPA + GICD_SPENDSGIR + (word << 2), FROM_CPU_0);
    }
  }
  mmioWrite32(GICD_IPA + GICD_ISPENDR + wordOf(INTID_ALARM), 1 << (INTID_ALARM & 31));
  isb();
  sweepAllReads();
  sweepAllWrites();
  let taken: u32 = 0;
  for (let i: u32 = 0; i < FLOOD_MAX; i++) {
    bound(i, FLOOD_MAX);
    const intid = acknowledge();
    if (intid >= INTID_SPECIAL_FIRST) break;
    taken++;
    endOfInterrupt(intid);
    isb();
  }
  line.text("bench: flood ");
  line.decimal(taken);
  print();
}

function callEverything(): void {
  for (let n: u32 = 0; n < OWN_FUNCTIONS; n++) {
    bound(n, OWN_FUNCTIONS);
    hvc(HYPERCALL_VERSION + n, 0, 0, 0, 0, 0, 0, 0);
  }
  hvc(SMCCC_HYP_UID, 0, 0, 0, 0, 0, 0, 0);
  hvc(SMCCC_HYP_REVISION, 0, 0, 0, 0, 0, 0, 0);
  for (let n: u32 = 0; n < PSCI_FUNCTIONS; n++) {
    bound(n, PSCI_FUNCTIONS);
    if (((PSCI_LEAVING >> n) & 1) != 0) continue;
    hvc(PSCI_BASE + n, 0, 0, 0, 0, 0, 0, 0);
    timeSmc(PSCI_BASE + PSCI_SMC64 + n);
  }
}

/** A stop that has to tell as many others as there are. */
function resetAll(): void {
  for (let n: u32 = 1; n < VCPUS_MAX; n++) {
    bound(n, VCPUS_MAX);
    hvc(CPU_ON, n, IMAGE_IPA, 0, 0, 0, 0, 0);
  }
  sleep(START_US);
  hvc(SYSTEM_RESET, 0, 0, 0, 0, 0, 0, 0);
}

/** From start.S. */
export function start(): void {
  startCycles();
  enableInterrupts();
  enableSpi(INTID_ALARM);
  const life = mmioRead32(RTCMR);
  mmioWrite32(RTCMR, life + 1);
  if (life == 0) {
    sweepRegisters();
    flood();
    callEverything();
    sleep(PAUSE_US);
    mmioRead32(NOT_MEMORY);
  }
  if (life == 1) resetAll();
  line.text("bench: end");
  print();
  sleep(PAUSE_US);
}

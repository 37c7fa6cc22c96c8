// The benchmark guest: takes each path many times and prints how many cycles it took, fewest and most. The same binary runs
// under the hypervisor and without; it finds out which by asking for the hypervisor's UID. asc's entry file.
//
//   bench: reset 250000               nanoseconds from the machine's reset to the guest's first instruction
//   bench: hypercall 90 90            fewest and most cycles of a path
//   bench: failed 5e000000 40000100   an exception, or an interrupt that is not the expected one
//   bench: end
import { bound } from "../../../build/generated/cpu";
import {
  hvc, isb, mmioRead32, mmioWrite32, mrs_CNTFRQ_EL0, mrs_CNTVCT_EL0, msr_CNTV_CTL_EL0, msr_CNTV_CVAL_EL0,
} from "../../../build/generated/guest";
import {
  msr_PMCCFILTR_EL0, msr_PMCNTENSET_EL0, msr_PMCR_EL0, timeDevice, timeHvc, timeRead32, timeSgi, timeSmc, timeTimer, timeWrite32, timeWrite8,
} from "../../../build/generated/paths";
import { HYP_UID_0, HYPERCALL_VERSION, SMCCC_HYP_UID } from "../../../core/abi";
import { acknowledge, enableInterruptController, endOfInterrupt, INTID_VIRTUAL_TIMER } from "../../../rtos-guests/plc/gic";
import { GICD_IPA, GICR_IPA } from "../../../rtos-guests/plc/map";
import { Line, LINE_BYTES, LINE_MAX } from "../../../rtos-guests/text/line";

const WARM_UP: u32 = 16;
const SAMPLES: u32 = 100;

// Paths, in the order in which they are taken. Those that ask a hypervisor come first.
const PATH_HYPERCALL: u32 = 0;
const PATH_SMC: u32 = 1;
const PATH_BARE_FIRST: u32 = 2;
const PATH_TIMER: u32 = 2;
const PATH_SPI: u32 = 3;
const PATH_SGI: u32 = 4;
const PATH_TYPER_READ: u32 = 5;
const PATH_ISENABLER_READ: u32 = 6;
const PATH_GICR_ISENABLER_WRITE: u32 = 7;
const PATH_IPRIORITYR_WRITE: u32 = 8;
const PATHS: u32 = 9;

const PSCI_VERSION: u64 = 0x84000000;

// PMU (Arm ARM D17.5)
const PMCR_E: u64 = 1 << 0;
const PMCR_C: u64 = 1 << 2;
const PMCR_LC: u64 = 1 << 6;
const CYCLE_COUNTER: u64 = 1 << 31;
const PMCCFILTR_NSH: u64 = 1 << 27; // EL2 too

// GICv3 (Arm IHI 0069)
const GICD_TYPER: u64 = 0x0004;
const GICD_IGROUPR: u64 = 0x0080;
const GICD_ISENABLER: u64 = 0x0100;
const GICD_IPRIORITYR: u64 = 0x0400;
const GICR_ISENABLER0: u64 = 0x10000 + GICD_ISENABLER;
const WORD_OF_SPI: u64 = 4;
const SGI: u32 = 5;
const SGI1R_SELF: u64 = (SGI << 24) | 1; // affinity 0.0.0.0
const PRIORITY: u32 = 0x80;

// PL031 (Arm DDI 0224), a device that raises its interrupt when it is told to: an alarm that is due, and then unmasked.
const RTC_INTID: u32 = 34;
const RTCDR: u64 = 0x09010000;
const RTCMR: u64 = RTCDR + 0x04;
const RTCIMSC: u64 = RTCDR + 0x10;
const RTCRIS: u64 = RTCDR + 0x14;
const ALARM_TRIES: u32 = 3;

// PL011 (Arm DDI 0183)
const UARTDR: u64 = 0x09000000;
const UARTFR: u64 = UARTDR + 0x18;
const FR_TXFF: u32 = 1 << 5;
/** Polls of a full FIFO: a hypervisor drains it within a few ms. */
const FIFO_POLLS: u32 = 1000000;

const TIMER_AHEAD: u64 = 200; // ticks: long enough to be in the waiting loop
const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

const line = changetype<Line>(memory.data(LINE_BYTES, 8));

function print(): void {
  line.text("\n");
  for (let i: u32 = 0; i < line.length; i++) {
    bound(i, LINE_MAX);
    for (let poll: u32 = 0; (mmioRead32(UARTFR) & FR_TXFF) != 0; poll++) {
      bound(poll, FIFO_POLLS);
      if (poll + 1 == FIFO_POLLS) return;
    }
    mmioWrite32(UARTDR, load<u8>(line.start + i));
  }
  line.length = 0;
}

/** An unexpected exception (from start.S), or an interrupt that is not the expected one. */
export function failed(what: u64, where: u64, address: u64): void {
  line.length = 0;
  line.text("bench: failed ");
  line.hex(what);
  line.text(" ");
  line.hex(where);
  line.text(" ");
  line.hex(address);
  print();
}

function nameOf(path: u32): string {
  if (path == PATH_HYPERCALL) return "hypercall";
  if (path == PATH_SMC) return "smc";
  if (path == PATH_TIMER) return "timer";
  if (path == PATH_SPI) return "spi";
  if (path == PATH_SGI) return "sgi";
  if (path == PATH_TYPER_READ) return "typer-read";
  if (path == PATH_ISENABLER_READ) return "isenabler-read";
  if (path == PATH_GICR_ISENABLER_WRITE) return "gicr-isenabler-write";
  return "ipriorityr-write";
}

/** The interrupt that the handler has left pending: its source is silenced before its end. */
function finish(expected: u32, path: u32): void {
  const intid = acknowledge();
  if (path == PATH_TIMER) msr_CNTV_CTL_EL0(0);
  if (path == PATH_SPI) mmioWrite32(RTCIMSC, 0);
  isb();
  endOfInterrupt(intid);
  if (intid != expected) failed(intid, expected, path);
}

/** Takes the path once. */
function take(path: u32): u64 {
  if (path == PATH_HYPERCALL) return timeHvc(HYPERCALL_VERSION);
  if (path == PATH_SMC) return timeSmc(PSCI_VERSION);
  if (path == PATH_TYPER_READ) return timeRead32(GICD_IPA + GICD_TYPER);
  if (path == PATH_ISENABLER_READ) return timeRead32(GICD_IPA + GICD_ISENABLER + WORD_OF_SPI);
  if (path == PATH_GICR_ISENABLER_WRITE) return timeWrite32(GICR_IPA + GICR_ISENABLER0, 1 << INTID_VIRTUAL_TIMER);
  if (path == PATH_IPRIORITYR_WRITE) return timeWrite8(GICD_IPA + GICD_IPRIORITYR + RTC_INTID, PRIORITY);
  let cycles: u64;
  let intid = SGI;
  if (path == PATH_TIMER) {
    intid = INTID_VIRTUAL_TIMER;
    msr_CNTV_CVAL_EL0(mrs_CNTVCT_EL0() + TIMER_AHEAD);
    msr_CNTV_CTL_EL0(1);
    cycles = timeTimer();
  } else if (path == PATH_SPI) {
    intid = RTC_INTID;
    cycles = timeDevice(RTCIMSC, 1);
  } else {
    cycles = timeSgi(SGI1R_SELF);
  }
  finish(intid, path);
  return cycles;
}

function measure(path: u32): void {
  let fewest = u64.MAX_VALUE;
  let most: u64 = 0;
  for (let i: u32 = 0; i < WARM_UP + SAMPLES; i++) {
    bound(i, WARM_UP + SAMPLES);
    const cycles = take(path);
    if (i < WARM_UP) continue;
    fewest = min(fewest, cycles);
    most = max(most, cycles);
  }
  line.text("bench: ");
  line.text(nameOf(path));
  line.text(" ");
  line.decimal(fewest);
  line.text(" ");
  line.decimal(most);
  print();
}

/** An alarm that is due, masked: RTCRIS is set when RTCMR is what RTCDR is, which counts on once a second. */
function raiseAlarm(): void {
  mmioWrite32(RTCIMSC, 0);
  for (let i: u32 = 0; i < ALARM_TRIES; i++) {
    bound(i, ALARM_TRIES);
    mmioWrite32(RTCMR, mmioRead32(RTCDR));
    if (mmioRead32(RTCRIS) != 0) return;
  }
  failed(RTC_INTID, 0, RTCRIS);
}

/** From start.S; `reset` is CNTPCT_EL0 at the guest's first instruction. */
export function start(reset: u64): void {
  msr_PMCCFILTR_EL0(PMCCFILTR_NSH);
  msr_PMCNTENSET_EL0(CYCLE_COUNTER);
  msr_PMCR_EL0(PMCR_E | PMCR_C | PMCR_LC);
  isb();

  line.text("bench: reset ");
  line.decimal((reset * NANOSECONDS_PER_SECOND) / mrs_CNTFRQ_EL0());
  print();

  enableInterruptController(INTID_VIRTUAL_TIMER);
  const enabled = (1 << INTID_VIRTUAL_TIMER) | (1 << SGI);
  mmioWrite32(GICR_IPA + GICR_ISENABLER0, enabled);
  mmioWrite32(GICD_IPA + GICD_IGROUPR + WORD_OF_SPI, 1 << (RTC_INTID & 31));
  mmioWrite32(GICD_IPA + GICD_ISENABLER + WORD_OF_SPI, 1 << (RTC_INTID & 31));
  raiseAlarm();

  const hosted = <u32>hvc(SMCCC_HYP_UID, 0, 0, 0, 0, 0, 0, 0) == HYP_UID_0;
  for (let path = hosted ? PATH_HYPERCALL : PATH_BARE_FIRST; path < PATHS; path++) {
    bound(path, PATHS);
    measure(path);
  }
  line.text("bench: end");
  print();
}

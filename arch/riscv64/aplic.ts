// The APLIC (AIA 1.0, chapter 4), which makes messages of wires. A line is the number of a source. None is let through yet: a
// guest will do that by an APLIC of its own, which has to be emulated.

import { fence, mmioRead32, mmioWrite32 } from "../../build/generated/riscv64";
import { bound } from "../../build/generated/cpu";
import {
  blobCpu, blobInterrupt, blobPartition, header, INTERRUPT_EDGE, machine, MAX_CPUS, MAX_INTERRUPTS, MAX_PARTITIONS,
} from "../../build/generated/blob";
import { isSame } from "../../core/facts";
import { mapDevice } from "../../core/ownMemory";
import { PAGE_BYTES } from "../../core/pages";
import { fileOf } from "./imsic";
import { Vcpu } from "./vcpu";

/** Without the part for delivery without messages, which nobody has. */
export const APLIC_BYTES: u64 = 0x4000;
const LAST_SOURCE: u32 = 1023;

const DOMAINCFG: u64 = 0x0000;
/** Bits 31 to 24 read 0x80: by that it is known. Interrupts enabled; delivery by messages. */
const DOMAINCFG_KNOWN: u32 = 0x80000000;
const DOMAINCFG_IE: u32 = 1 << 8;
const DOMAINCFG_DM: u32 = 1 << 2;
const SOURCECFG: u64 = 0x0000; // of source n at 4 × n
const SETIPNUM: u64 = 0x1cdc;
const CLRIPNUM: u64 = 0x1ddc;
const CLRIENUM: u64 = 0x1fdc;

// sourcecfg.SM: an inactive source is neither pending nor enabled.
const INACTIVE: u32 = 0;
const RISING_EDGE: u32 = 4;
const HIGH_LEVEL: u32 = 6;

/** Its registers, and each hart's own interrupt file. */
export function mapController(): void {
  mapDevice(machine().aplic, APLIC_BYTES);
  for (let n: u32 = 0; n < header().cpuCount; n++) {
    bound(n, MAX_CPUS);
    mapDevice(fileOf(blobCpu(n).id), PAGE_BYTES);
  }
}

/** Before anything else is written to it: it is there, and delivers by messages. */
export function isAplicAsPlanned(): bool {
  const at = machine().aplic + DOMAINCFG;
  mmioWrite32(at, DOMAINCFG_DM);
  return isSame("APLIC domaincfg", DOMAINCFG_KNOWN | DOMAINCFG_DM, mmioRead32(at));
}

/** Boot hart: all sources off; those of partitions as planned, neither enabled nor pending. */
export function initController(): bool {
  const at = machine().aplic;
  for (let n: u32 = 1; n <= machine().sources; n++) {
    bound(n - 1, LAST_SOURCE);
    mmioWrite32(at + SOURCECFG + (n << 2), INACTIVE);
  }
  for (let n: u32 = 0; n < header().partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const plan = blobPartition(n);
    for (let i: u32 = 0; i < plan.interruptCount; i++) {
      bound(i, MAX_INTERRUPTS);
      const interrupt = blobInterrupt(plan.interruptFirst + i);
      mmioWrite32(at + SOURCECFG + (interrupt.line << 2), interrupt.trigger == INTERRUPT_EDGE ? RISING_EDGE : HIGH_LEVEL);
    }
  }
  mmioWrite32(at + DOMAINCFG, DOMAINCFG_IE | DOMAINCFG_DM);
  return true;
}

/** Makes a source pending, which is edge triggered; what it is to say has been written. */
export function ringLine(line: u32): void {
  fence();
  mmioWrite32(machine().aplic + SETIPNUM, line);
}

/** A partition has stopped: its sources are neither enabled nor pending. */
export function quietLines(first: u32, count: u32, target: Vcpu): void {
  const at = machine().aplic;
  for (let i: u32 = 0; i < count; i++) {
    bound(i, MAX_INTERRUPTS);
    const line = blobInterrupt(first + i).line;
    mmioWrite32(at + CLRIENUM, line);
    mmioWrite32(at + CLRIPNUM, line);
  }
}

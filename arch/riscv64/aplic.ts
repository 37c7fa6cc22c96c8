// The APLIC (AIA 1.0, chapter 4), which makes messages of wires. A line is the number of a source. What a partition has of it:
// vaplic.ts.

import { fence, mmioRead32, mmioWrite32 } from "../../build/generated/riscv64";
import { bound } from "../../build/generated/cpu";
import {
  blobCpu, BlobInterrupt, blobInterrupt, header, INTERRUPT_EDGE, machine, MAX_CPUS, MAX_INTERRUPTS,
} from "../../build/generated/blob";
import { isSame } from "../../core/facts";
import { mapDevice } from "../../core/ownMemory";
import { PAGE_BYTES } from "../../core/pages";
import { fileOf } from "./imsic";
import { Vcpu } from "./vcpu";

/** Without the part for delivery without messages, which nobody has. */
export const APLIC_BYTES: u64 = 0x4000;
const LAST_SOURCE: u32 = 1023;

export const DOMAINCFG: u32 = 0x0000;
/** Bits 31 to 24 read 0x80: by that it is known. Interrupts enabled; delivery by messages. */
export const DOMAINCFG_KNOWN: u32 = 0x80000000;
export const DOMAINCFG_IE: u32 = 1 << 8;
export const DOMAINCFG_DM: u32 = 1 << 2;
export const SOURCECFG: u32 = 0x0000; // of source n at 4 × n
export const SOURCECFG_END: u32 = 0x1000;
// A bit for each source; and by its number. Reading CLRIP gives the wires.
export const SETIP: u32 = 0x1c00;
export const SETIPNUM: u32 = 0x1cdc;
export const CLRIP: u32 = 0x1d00;
export const CLRIPNUM: u32 = 0x1ddc;
export const SETIE: u32 = 0x1e00;
export const SETIENUM: u32 = 0x1edc;
export const CLRIE: u32 = 0x1f00;
export const CLRIENUM: u32 = 0x1fdc;
export const SETIPNUM_LE: u32 = 0x2000;
export const TARGET: u32 = 0x3000; // of source n at 4 × n
export const TARGET_HART_SHIFT: u32 = 18;
export const TARGET_GUEST_SHIFT: u32 = 12;
export const TARGET_IDENTITY: u32 = 0x7ff;

// sourcecfg.SM: an inactive source is neither pending nor enabled.
export const INACTIVE: u32 = 0;
export const RISING_EDGE: u32 = 4;
export const HIGH_LEVEL: u32 = 6;

@inline export function readAt(offset: u32): u32 { return mmioRead32(machine().aplic + offset); }
@inline export function writeAt(offset: u32, value: u32): void { mmioWrite32(machine().aplic + offset, value); }
@inline export function bitOf(source: u32): u32 { return (<u32>1) << (source & 31); }
@inline export function isLevel(source: u32): bool { return readAt(SOURCECFG + (source << 2)) == HIGH_LEVEL; }
/** Its wire, if that is active high. */
@inline export function isRaised(source: u32): bool { return (readAt(CLRIP + (source >> 5 << 2)) & bitOf(source)) != 0; }
@inline export function setMode(source: u32, mode: u32): void { writeAt(SOURCECFG + (source << 2), mode); }

/** Its messages go to a file of that hart: 0 is the hart's own. */
export function aim(source: u32, vcpu: Vcpu, file: u64, identity: u32): void {
  writeAt(TARGET + (source << 2), <u32>vcpu.id << TARGET_HART_SHIFT | <u32>file << TARGET_GUEST_SHIFT | identity);
}

/** The mode that the plan has. */
@inline export function modeOf(interrupt: BlobInterrupt): u32 {
  return interrupt.trigger == INTERRUPT_EDGE ? RISING_EDGE : HIGH_LEVEL;
}

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

/** Boot hart: all sources off, until their partitions start. */
export function initController(): bool {
  const at = machine().aplic;
  for (let n: u32 = 1; n <= machine().sources; n++) {
    bound(n - 1, LAST_SOURCE);
    mmioWrite32(at + SOURCECFG + (n << 2), INACTIVE);
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

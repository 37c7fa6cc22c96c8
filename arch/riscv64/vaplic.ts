// The APLIC that a direct partition sees (AIA 1.0, chapter 4): an S-level domain that delivers by messages, to its own vCPUs'
// interrupt files. Registers are the physical APLIC's, masked to the sources that the partition owns: a bit of somebody else's
// reads 0, and a write to it does nothing. Kept here is what is enabled, as domaincfg.IE is the partition's own.
//
//   target:   31        18 17      12 11   10       0
//            ┌────────────┬──────────┬────┬──────────┐
//            │ hart       │ guest    │ 0  │ identity │   a guest writes its vCPU's number, and 0; the hypervisor, of that
//            └────────────┴──────────┴────┴──────────┘   vCPU, the hart and its guest's file
//
// genmsi, and where MSIs go (mmsiaddrcfg, smsiaddrcfg): read 0, are not written; nor does anything else do that is not here.

import { atomicAnd32, atomicOr32, bound, loadAcquire32 } from "../../build/generated/cpu";
import { blobInterrupt, MAX_CPUS, MAX_INTERRUPTS } from "../../build/generated/blob";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { LINE_WORDS } from "../../core/vcpu";
import {
  aim, bitOf, CLRIE, CLRIENUM, CLRIP, CLRIPNUM, DOMAINCFG, DOMAINCFG_DM, DOMAINCFG_IE, DOMAINCFG_KNOWN, INACTIVE, isLevel,
  isRaised, modeOf, readAt, SETIE, SETIENUM, SETIP, SETIPNUM, SETIPNUM_LE, setMode, SOURCECFG_END, TARGET, TARGET_HART_SHIFT,
  TARGET_IDENTITY, writeAt,
} from "./aplic";
import { GUEST_FILE } from "./csrs";
import { Vcpu } from "./vcpu";

/** sourcecfg: to a child domain, of which there is none; SM: 1 and 4 to 7 are modes of an active source. */
const SOURCECFG_DELEGATE: u32 = 1 << 10;
const SOURCECFG_MODE: u32 = 7;
const ACTIVE_MODES: u32 = 0xf2;
/** Of a set of registers with a bit for each source: which word. */
const BLOCK: u32 = 0x80;

/** Sources that their guests have enabled, of all partitions. */
const enabled: usize = memory.data(4 * LINE_WORDS, 4);
@inline function enabledAt(k: u32): u32 { return <u32>enabled + (k << 2); }
@inline function wordOf(offset: u32): u32 { return (offset & (BLOCK - 1)) >> 2; }
/** What a guest calls a source. */
@inline export function ownsSource(vcpu: Vcpu, source: u32): bool { return source < LINE_WORDS << 5 && vcpu.owns(source); }

export function readAplic(vcpu: Vcpu, partition: Partition, offset: u32): u32 {
  if (offset < TARGET) return readBelowTargets(vcpu, partition, offset);
  return vcpu.owns((offset - TARGET) >> 2) ? readTarget(partition, offset) : 0;
}

/** All but those. */
@inline export function readBelowTargets(vcpu: Vcpu, partition: Partition, offset: u32): u32 {
  if (offset < SOURCECFG_END) {
    if (offset == DOMAINCFG) return DOMAINCFG_KNOWN | DOMAINCFG_DM | (partition.controllerOn != 0 ? DOMAINCFG_IE : 0);
    return vcpu.owns(offset >> 2) ? readAt(offset) : 0;
  }
  const k = wordOf(offset);
  const set = offset & ~(BLOCK - 1);
  if (set == SETIE) return loadAcquire32(enabledAt(k)) & vcpu.owned(k);
  return set == SETIP || set == CLRIP ? readAt(offset) & vcpu.owned(k) : 0; // of CLRIP: the wires
}

export function writeAplic(vcpu: Vcpu, partition: Partition, offset: u32, value: u32): void {
  if (offset < SOURCECFG_END) {
    if (offset == DOMAINCFG) switchDomain(vcpu, partition, (value & DOMAINCFG_IE) != 0);
    else if (vcpu.owns(offset >> 2)) configure(partition, offset, value);
  } else if (offset >= TARGET) {
    if (vcpu.owns((offset - TARGET) >> 2)) writeTarget(partition, offset, value);
  } else if (offset == SETIPNUM || offset == SETIPNUM_LE) {
    if (ownsSource(vcpu, value) && canRaise(value)) writeAt(SETIPNUM, value);
  } else if (offset == CLRIPNUM) {
    if (ownsSource(vcpu, value)) writeAt(CLRIPNUM, value);
  } else if (offset == SETIENUM || offset == CLRIENUM) {
    if (ownsSource(vcpu, value)) enable(partition, value >> 5, bitOf(value), offset == SETIENUM);
  } else {
    const k = wordOf(offset);
    const bits = value & vcpu.owned(k);
    const set = offset & ~(BLOCK - 1);
    if (set == SETIE || set == CLRIE) enable(partition, k, bits, set == SETIE);
    else if (set == SETIP || set == CLRIP) writeAt(offset, bits);
  }
}

/** setipnum of a level's source: only while its wire is high. QEMU 7.2 takes it always: that would interrupt for ever. */
@inline function canRaise(source: u32): bool { return !isLevel(source) || isRaised(source); }

function enable(partition: Partition, k: u32, bits: u32, on: bool): void {
  if (on) atomicOr32(enabledAt(k), bits);
  else atomicAnd32(enabledAt(k), ~bits);
  if (!on || partition.controllerOn != 0) writeAt((on ? SETIE : CLRIE) + (k << 2), bits);
}

function switchDomain(vcpu: Vcpu, partition: Partition, on: bool): void {
  partition.controllerOn = on ? 1 : 0;
  for (let k: u32 = 0; k < LINE_WORDS; k++) {
    bound(k, LINE_WORDS);
    const bits = loadAcquire32(enabledAt(k)) & vcpu.owned(k);
    if (bits != 0) writeAt((on ? SETIE : CLRIE) + (k << 2), bits);
  }
}

function configure(partition: Partition, offset: u32, value: u32): void {
  const mode = value & SOURCECFG_MODE;
  const source = offset >> 2;
  if ((value & SOURCECFG_DELEGATE) != 0 || ((ACTIVE_MODES >> mode) & 1) == 0) return silence(source);
  const wasActive = readAt(offset) != INACTIVE;
  writeAt(offset, mode);
  if (!wasActive) writeTarget(partition, TARGET + offset, 0); // what it says is unspecified then
}

/** Neither enabled nor pending. */
function silence(source: u32): void {
  atomicAnd32(enabledAt(source >> 5), ~bitOf(source));
  setMode(source, INACTIVE);
}

/** A vCPU that there is not changes nothing. */
function writeTarget(partition: Partition, offset: u32, value: u32): void {
  const index = value >> TARGET_HART_SHIFT;
  if (index >= partition.vcpuCount) return;
  aim((offset - TARGET) >> 2, vcpuOfPartition(partition, index), GUEST_FILE, value & TARGET_IDENTITY);
}

function readTarget(partition: Partition, offset: u32): u32 {
  const target = readAt(offset);
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    if (vcpuOfPartition(partition, i).id == target >> TARGET_HART_SHIFT) return i << TARGET_HART_SHIFT | target & TARGET_IDENTITY;
  }
  return 0; // it is inactive, or nobody has ever written it
}

/**
 * The partition begins anew: its APLIC is as after a reset. Who is direct and sees none has each source let through all the
 * same, to its first vCPU, as the identity that is the source's number.
 */
export function resetAplic(vcpu: Vcpu, partition: Partition): void {
  const plan = partition.plan;
  partition.controllerOn = 0;
  for (let i: u32 = 0; i < plan.interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    const interrupt = blobInterrupt(plan.interruptFirst + i);
    const source = interrupt.line;
    silence(source);
    if (plan.controller != 0) continue;
    setMode(source, modeOf(interrupt));
    aim(source, vcpu, GUEST_FILE, source);
    writeAt(SETIENUM, source);
  }
}

// The PLIC that an injected partition sees (RISC-V PLIC Specification 1.0.0), laid out as QEMU's virt machine and SiFive's chips
// have it: each vCPU has two contexts, of which the second is its supervisor's, and the first, machine mode's, is not there.
// Sources are those that the partition owns, under their own numbers: of others everything reads 0, and takes nothing.
//
//   0x000000  source n's priority at 4 × n: 0 (never) to 7
//   0x001000  pending: a bit for each source
//   0x002000  enabled, of context c 0x80 × c on: a bit for each source
//   0x200000  context c, 0x1000 × c on: threshold; behind it claim (a load) and complete (a store)
//
// A gateway is the source in the APLIC, which sends its message to the own file of a hart of the partition's (imsic.ts):
//
//   on ──message──▶ off, pending ──claim──▶ off, active ──complete──▶ on
//
// Any vCPU may store to any context; but whether its external interrupt is pending (hvip), a hart decides itself: the others are
// kicked when that may have changed, unless it would only be over. Who then claims in vain reads 0, as the specification has it.

import { csrc_hvip, csrs_hvip } from "../../build/generated/riscv64";
import { atomicAnd32, atomicExchange32, atomicOr32, bound, loadAcquire32 } from "../../build/generated/cpu";
import { blobInterrupt, machine, MAX_CPUS, MAX_INTERRUPTS } from "../../build/generated/blob";
import { ownerOf, Partition, vcpuOfPartition } from "../../core/partition";
import { LINE_WORDS } from "../../core/vcpu";
import {
  aim, bitOf, CLRIE, CLRIENUM, INACTIVE, isLevel, isRaised, modeOf, readAt, SETIENUM, SETIP, SETIPNUM, setMode, writeAt,
} from "./aplic";
import { VSEI } from "./csrs";
import { identityOf, kick, OWN_FILE } from "./imsic";
import { Vcpu } from "./vcpu";

const PENDING: u32 = 0x1000;
const ENABLED: u32 = 0x2000;
const ENABLED_SHIFT: u32 = 7; // log2 of a context's bytes there
const CONTEXTS: u32 = 0x200000;
const CONTEXT_SHIFT: u32 = 12;
const CONTEXT_BYTES: u32 = 1 << CONTEXT_SHIFT;
const THRESHOLD: u32 = 0;
const CLAIM: u32 = 4;
/** A window with all contexts that there can be. */
export const PLIC_BYTES: u64 = CONTEXTS + 2 * MAX_CPUS * CONTEXT_BYTES;
const PRIORITY_BITS: u32 = 3;
const PRIORITY_MASK: u32 = (1 << PRIORITY_BITS) - 1;
const WORD_BYTES: u32 = 4 * LINE_WORDS;

const pending: usize = memory.data(WORD_BYTES, 4);
const active: usize = memory.data(WORD_BYTES, 4);
/** Of each bit of a priority, the highest first, a set of sources: so those of a word are compared at once. */
const priorities: usize = memory.data(WORD_BYTES * PRIORITY_BITS, 4);
@inline function plane(n: u32): usize { return priorities + WORD_BYTES * n; }
@inline function wordAt(set: usize, source: u32): u32 { return <u32>set + (source >> 5 << 2); }
@inline function has(set: usize, source: u32): bool { return (loadAcquire32(wordAt(set, source)) & bitOf(source)) != 0; }
@inline function enables(vcpu: Vcpu, source: u32): bool { return has(vcpu.plicEnabled(), source); }

/** The vCPU whose supervisor that context is; null: there is none. */
function targetOf(partition: Partition, context: u32): Vcpu | null {
  const index = context >> 1;
  return (context & 1) != 0 && index < partition.vcpuCount ? vcpuOfPartition(partition, index) : null;
}
@inline function contextAt(offset: u32): u32 {
  return offset < CONTEXTS ? (offset - ENABLED) >> ENABLED_SHIFT : (offset - CONTEXTS) >> CONTEXT_SHIFT;
}
/** Of a set with a bit for each source: the source of a word's bit 0. */
@inline function firstOf(offset: u32): u32 { return (offset & (WORD_BYTES - 1)) << 3; }

export function readPlic(vcpu: Vcpu, partition: Partition, offset: u32): u32 {
  if (offset < PENDING) return vcpu.owns(offset >> 2) ? priorityOf(offset >> 2) : 0;
  const first = firstOf(offset);
  if (offset < ENABLED) return offset < PENDING + WORD_BYTES ? asked(first) & vcpu.owned(first >> 5) : 0;
  const target = targetOf(partition, contextAt(offset));
  if (target === null) return 0;
  if (offset < CONTEXTS) return loadAcquire32(wordAt(target.plicEnabled(), first));
  const register = offset & (CONTEXT_BYTES - 1);
  if (register == THRESHOLD) return target.plicThreshold;
  return register == CLAIM ? claim(vcpu, target) : 0;
}

export function writePlic(vcpu: Vcpu, partition: Partition, offset: u32, value: u32): void {
  if (offset < PENDING) return prioritise(vcpu, partition, offset >> 2, value & PRIORITY_MASK);
  if (offset < ENABLED) return;
  const target = targetOf(partition, contextAt(offset));
  if (target === null) return;
  const register = offset & (CONTEXT_BYTES - 1);
  const first = firstOf(offset);
  if (offset < CONTEXTS) enable(partition, target, first, value & vcpu.owned(first >> 5));
  else if (register == THRESHOLD) target.plicThreshold = value & PRIORITY_MASK;
  else if (register == CLAIM) return complete(vcpu, target, partition, value);
  else return;
  if (target == vcpu) present(vcpu);
  else kick(target);
}

/** Whether its external interrupt is pending. On its own hart. */
export function present(vcpu: Vcpu): void {
  if (best(vcpu, vcpu.plicThreshold) != 0) csrs_hvip(VSEI);
  else csrc_hvip(VSEI);
}

/** A source's message has come to the vCPU's hart. */
export function arrive(vcpu: Vcpu, source: u32): void {
  if (!vcpu.owns(source)) return;
  writeAt(CLRIENUM, source);
  atomicOr32(wordAt(pending, source), bitOf(source));
  tell(vcpu, ownerOf(vcpu), source);
}

/** The source may interrupt now, where it is enabled. */
function tell(vcpu: Vcpu, partition: Partition, source: u32): void {
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    const other = vcpuOfPartition(partition, i);
    if (other != vcpu && enables(other, source)) kick(other);
  }
  present(vcpu);
}

/** A word of sources that can be claimed. */
function waiting(first: u32): u32 { return loadAcquire32(wordAt(pending, first)) & ~loadAcquire32(wordAt(active, first)); }

/** And of those that are at their gateways still, as nobody has enabled them. */
function asked(first: u32): u32 { return waiting(first) | readAt(SETIP + (first >> 3)) & ~loadAcquire32(wordAt(active, first)); }

/** Of what the context can claim with a priority above that: of the highest one the lowest source; 0: there is nothing. */
function best(target: Vcpu, above: u32): u32 {
  const end = (machine().sources >> 5) + 1;
  let found: u32 = 0;
  let highest = above;
  for (let k: u32 = 0; k < end; k++) {
    bound(k, LINE_WORDS);
    const first = k << 5;
    let bits = waiting(first) & loadAcquire32(wordAt(target.plicEnabled(), first));
    if (bits == 0) continue;
    let priority: u32 = 0;
    for (let n: u32 = 0; n < PRIORITY_BITS; n++) {
      bound(n, PRIORITY_BITS);
      const those = bits & loadAcquire32(wordAt(plane(n), first));
      priority = priority << 1 | (those != 0 ? 1 : 0);
      if (those != 0) bits = those;
    }
    if (priority <= highest) continue;
    found = first + ctz(bits);
    highest = priority;
  }
  return found;
}

/** The threshold does not matter (PLIC 1.0.0, "Interrupt Claim Process"). */
function claim(vcpu: Vcpu, target: Vcpu): u32 {
  let source = best(target, 0);
  const bit = bitOf(source);
  if (source != 0 && (atomicAnd32(wordAt(pending, source), ~bit) & bit) != 0) atomicOr32(wordAt(active, source), bit);
  else source = 0; // there is none, or another context has been quicker
  present(vcpu);
  return source;
}

/** Of a source that the context has not enabled it is ignored ("Interrupt Completion"). */
function complete(vcpu: Vcpu, target: Vcpu, partition: Partition, source: u32): void {
  if (source >= 32 * LINE_WORDS || !enables(target, source)) return;
  const bit = bitOf(source);
  if ((atomicAnd32(wordAt(active, source), ~bit) & bit) == 0) return;
  open(source);
  tell(vcpu, partition, source); // a message may have been under way when it was switched off
}

/** Its gateway lets the next one through, if the last one is over. A level that is still there is one. */
function open(source: u32): void {
  if (has(pending, source) || has(active, source)) return;
  if (isLevel(source) && isRaised(source)) writeAt(SETIPNUM, source);
  writeAt(SETIENUM, source);
}

function priorityOf(source: u32): u32 {
  let priority: u32 = 0;
  for (let n: u32 = 0; n < PRIORITY_BITS; n++) {
    bound(n, PRIORITY_BITS);
    priority = priority << 1 | (has(plane(n), source) ? 1 : 0);
  }
  return priority;
}

function setPriority(source: u32, priority: u32): void {
  for (let n: u32 = 0; n < PRIORITY_BITS; n++) {
    bound(n, PRIORITY_BITS);
    if ((priority >> (PRIORITY_BITS - 1 - n) & 1) != 0) atomicOr32(wordAt(plane(n), source), bitOf(source));
    else atomicAnd32(wordAt(plane(n), source), ~bitOf(source));
  }
}

function prioritise(vcpu: Vcpu, partition: Partition, source: u32, priority: u32): void {
  if (!vcpu.owns(source)) return;
  setPriority(source, priority);
  tell(vcpu, partition, source);
}

/** A source's messages go to who has enabled it last. One that nobody has enabled any more is off. */
function enable(partition: Partition, target: Vcpu, first: u32, bits: u32): void {
  const before = atomicExchange32(wordAt(target.plicEnabled(), first), bits);
  let added = bits & ~before;
  for (let i: u32 = 0; added != 0; i++, added &= added - 1) {
    bound(i, 32);
    const source = first + ctz(added);
    aim(source, target, OWN_FILE, identityOf(source));
    open(source);
  }
  let removed = before & ~bits;
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    removed &= ~loadAcquire32(wordAt(vcpuOfPartition(partition, i).plicEnabled(), first));
  }
  if (removed != 0) writeAt(CLRIE + (first >> 3), removed);
}

/** The partition begins anew: its PLIC is as after a reset, and its sources as the plan has them. None of its vCPUs runs. */
export function resetPlic(partition: Partition): void {
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    const vcpu = vcpuOfPartition(partition, i);
    vcpu.plicThreshold = 0;
    memory.fill(vcpu.plicEnabled(), 0, WORD_BYTES);
  }
  for (let i: u32 = 0; i < partition.plan.interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    const interrupt = blobInterrupt(partition.plan.interruptFirst + i);
    const source = interrupt.line;
    atomicAnd32(wordAt(pending, source), ~bitOf(source));
    atomicAnd32(wordAt(active, source), ~bitOf(source));
    setPriority(source, 0);
    setMode(source, INACTIVE);
    setMode(source, modeOf(interrupt));
  }
}

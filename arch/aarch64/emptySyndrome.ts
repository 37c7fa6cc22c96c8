// Accesses to emulated devices whose syndrome says nothing (ISS.ISV = 0: write-back, pairs, SIMD&FP, exclusives): the instruction itself
// is read, once, and carried out. What a GIC or a PL011 would not take gets the External abort that no answer is, and so does what
// loadStore.ts does not know; nothing of it is done then.

import {
  guestInstruction, mrs_ELR_EL2, mrs_FAR_EL2, mrs_SP_EL0, mrs_SP_EL1, mrs_SPSR_EL2, msr_SP_EL0, msr_SP_EL1, readVector, translateStage1, writeVector,
} from "../../build/generated/aarch64";
import { REGION_RAM } from "../../build/generated/blob";
import { bound } from "../../build/generated/cpu";
import { EXIT_CONSOLE, EXIT_FAULT, EXIT_GIC } from "../../core/abi";
import { regionAt } from "../../core/blob";
import { colouredPage } from "../../core/colours";
import { Partition } from "../../core/partition";
import { PAGE_SHIFT } from "../../core/stage2";
import { Vcpu } from "../../core/vcpu";
import { advance } from "./advance";
import { isPlainAccess, isWrite } from "./esr";
import { RESUME } from "./exit";
import { injectExternalAbort } from "./inject";
import {
  asLoaded, decode, FORM_INDEX, FORM_OFFSET_SHIFT, FORM_PAIR, FORM_POST, FORM_SHIFT, FORM_SIGNED, FORM_STATUS, FORM_STORE, FORM_TO_64, FORM_VECTOR,
  FORM_WRITE_BACK, indexOf, rnOf, rsOf, rt2Of, rtOf, SP,
} from "./loadStore";
import { PSTATE_AARCH32, PSTATE_EL1H, PSTATE_M_MASK } from "./sysregs";
import { loadGicd, loadGicr, storeGicd, storeGicr } from "./vgic";
import { loadConsole, storeConsole } from "./vpl011";

export const DEVICE_GICD: u32 = 0;
export const DEVICE_GICR: u32 = 1;
export const DEVICE_CONSOLE: u32 = 2;

// PAR_EL1.
const PAR_F: u64 = 1 << 0; // no translation
const PAR_S: u64 = 1 << 9; // for stage 2's sake
const PAR_PA: u64 = 0x0000fffffffff000;
const PAGE_MASK: u64 = 0xfff;
/** No load: UDF #0. */
const NONE: u32 = 0;

/** The instruction of the partition's that is at that VA, whose translation by stage 1 is `par`; NONE: not in its own RAM. */
function instructionAt(partition: Partition, va: u64, par: u64): u32 {
  const ipa = (par & PAR_PA) | (va & PAGE_MASK);
  const region = regionAt(partition.plan, ipa);
  if ((par & PAR_F) != 0 || region === null || region.kind != REGION_RAM) return NONE;
  const offset = ipa - region.ipa;
  return guestInstruction(region.colours == 0 ? region.pa + offset : colouredPage(region, offset >> PAGE_SHIFT) + (va & PAGE_MASK));
}

/** SP of the Exception level that the guest is at is SP_EL1. */
@inline function usesSpEl1(): bool { return (mrs_SPSR_EL2() & PSTATE_M_MASK) == PSTATE_EL1H; }

/** A GIC takes 32 bits, bytes, and where it has registers of 64 bits those; a PL011's bus has 32 bits (IHI 0069 §12.1.3, DDI 0183). */
@inline function takes(device: u32, vcpu: Vcpu, shift: u32): bool {
  return shift == 2 || shift == 0 || (shift == 1 ? device == DEVICE_CONSOLE : device != DEVICE_CONSOLE && vcpu.gicv2 == 0);
}

function load(device: u32, vcpu: Vcpu, partition: Partition, offset: u32, shift: u32): u64 {
  if (device == DEVICE_GICD) return loadGicd(vcpu, partition, offset, shift);
  return device == DEVICE_GICR ? loadGicr(vcpu, partition, offset, shift) : loadConsole(partition.index, offset);
}

function store(device: u32, vcpu: Vcpu, partition: Partition, offset: u32, shift: u32, value: u64): void {
  if (device == DEVICE_GICD) storeGicd(vcpu, partition, offset, shift, value);
  else if (device == DEVICE_GICR) storeGicr(vcpu, partition, offset, shift, value);
  else storeConsole(partition.index, offset, <u32>value);
}

/** An access at `offset` of a device of so many bytes. */
export function accessByInstruction(vcpu: Vcpu, partition: Partition, esr: u64, device: u32, offset: u32, bytes: u32): u32 {
  if (!isPlainAccess(esr) || (mrs_SPSR_EL2() & PSTATE_AARCH32) != 0) return unanswered(vcpu);
  const elr = mrs_ELR_EL2();
  const par = translateStage1(elr);
  // A direct guest whose memory has just been taken away finds that itself as soon as it goes on.
  if (vcpu.direct != 0 && (par & PAR_F) != 0 && (par & PAR_S) != 0) return RESUME;
  const word = instructionAt(partition, elr, par);
  const form = decode(word);
  if (form == 0 || ((form & FORM_STORE) != 0) != isWrite(esr)) return unanswered(vcpu);
  const shift = <u32>(form & FORM_SHIFT);
  const rn = rnOf(word);
  const base = rn != SP ? vcpu.register(rn) : usesSpEl1() ? mrs_SP_EL1() : mrs_SP_EL0();
  const moved = base + ((form & FORM_INDEX) != 0 ? indexOf(word, vcpu.register(rsOf(word))) : <u64>(<i64>form >> FORM_OFFSET_SHIFT));
  const address = (form & FORM_POST) != 0 ? base : moved;
  const count: u32 = (form & FORM_PAIR) != 0 ? 2 : 1;
  // FAR_EL2 is another address when only the second half has missed its mapping; what is unaligned no device is asked for.
  if (((address ^ mrs_FAR_EL2()) & PAGE_MASK) != 0 || (offset & ((1 << shift) - 1)) != 0) return unanswered(vcpu);
  if (offset + (count << shift) > bytes || !takes(device, vcpu, shift)) return unanswered(vcpu);
  vcpu.countExit(device == DEVICE_CONSOLE ? EXIT_CONSOLE : EXIT_GIC);
  for (let i: u32 = 0; i < count; i++) {
    bound(i, 2);
    const n = i == 0 ? rtOf(word) : rt2Of(word);
    const at = offset + (i << shift);
    if ((form & FORM_STORE) != 0) {
      store(device, vcpu, partition, at, shift, (form & FORM_VECTOR) != 0 ? readVector(n) : vcpu.register(n));
      continue;
    }
    const value = asLoaded(load(device, vcpu, partition, at, shift), shift, (form & FORM_SIGNED) != 0, (form & FORM_TO_64) != 0);
    if ((form & FORM_VECTOR) != 0) writeVector(n, value);
    else vcpu.setRegister(n, value);
  }
  // A device has no exclusive monitor to fail.
  if ((form & FORM_STATUS) != 0) vcpu.setRegister(rsOf(word), 0);
  if ((form & FORM_WRITE_BACK) != 0) writeBack(vcpu, rn, moved);
  advance();
  return RESUME;
}

function writeBack(vcpu: Vcpu, rn: u32, value: u64): void {
  if (rn != SP) vcpu.setRegister(rn, value);
  else if (usesSpEl1()) msr_SP_EL1(value);
  else msr_SP_EL0(value);
}

/** No bus answers that. */
function unanswered(vcpu: Vcpu): u32 {
  vcpu.countExit(EXIT_FAULT);
  injectExternalAbort(false);
  return RESUME;
}

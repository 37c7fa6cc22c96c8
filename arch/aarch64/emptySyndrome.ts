// Accesses to emulated devices whose syndrome says nothing (ISS.ISV = 0: write-back, pairs, SIMD&FP, exclusives): the instruction
// itself is read, once, and carried out. What a GIC or a PL011 would not take, and what loadStore.ts does not know, is an
// External abort.

import {
  guestInstruction, mrs_ELR_EL2, mrs_FAR_EL2, mrs_SP_EL0, mrs_SP_EL1, mrs_SPSR_EL2, msr_SP_EL0, msr_SP_EL1, readVector,
  translateGuest, writeVector,
} from "../../build/generated/aarch64";
import { EXIT_FAULT } from "../../core/abi";
import { Partition } from "../../core/partition";
import { PAGE_MASK } from "../../core/pages";
import { Vcpu } from "./vcpu";
import { advance, injectExternalAbort } from "./inject";
import { beginAccess, bytesOf, DEVICE_CONSOLE, endAccess, loadDevice, storeDevice } from "./devices";
import { isPlainAccess, isStage2Fault, isWrite, PAR_F } from "./esr";
import { RESUME } from "../../core/lifecycle";
import {
  asLoaded, decode, FORM_INDEX, FORM_OFFSET_SHIFT, FORM_PAIR, FORM_POST, FORM_SHIFT, FORM_SIGNED, FORM_STATUS, FORM_STORE,
  FORM_TO_64, FORM_VECTOR, FORM_WRITE_BACK, indexOf, rnOf, rsOf, rt2Of, rtOf, SP,
} from "./loadStore";
import { PSTATE_AARCH32, PSTATE_EL1H, PSTATE_M_MASK } from "./sysregs";

const PAR_PA: u64 = 0x0000fffffffff000;
const HALF_DONE: u64 = 1; // In vcpu.half, beside the address of an instruction

/** An access at `offset` of a device. */
export function accessByInstruction(vcpu: Vcpu, partition: Partition, esr: u64, device: u32, offset: u32): u32 {
  const par = translateGuest(mrs_ELR_EL2());
  // A direct guest whose memory has just been taken away finds that itself as soon as it goes on: it cannot fetch the
  // instruction.
  if (vcpu.direct != 0 && isStage2Fault(par)) return RESUME;
  if (!carryOut(vcpu, partition, esr, device, offset, par)) {
    vcpu.countExit(EXIT_FAULT);
    injectExternalAbort(false);
  }
  return RESUME;
}

/** False: nothing of it is done. */
function carryOut(vcpu: Vcpu, partition: Partition, esr: u64, device: u32, offset: u32, par: u64): bool {
  const spsr = mrs_SPSR_EL2();
  if ((par & PAR_F) != 0 || !isPlainAccess(esr) || (spsr & PSTATE_AARCH32) != 0) return false;
  const word = guestInstruction((par & PAR_PA) | (mrs_ELR_EL2() & PAGE_MASK)); // what stage 2 maps is the partition's own
  const form = decode(word);
  if (form == 0 || ((form & FORM_STORE) != 0) != isWrite(esr)) return false;
  const shift = <u32>(form & FORM_SHIFT);
  const rn = rnOf(word);
  const ownSp = (spsr & PSTATE_M_MASK) == PSTATE_EL1H;
  const base = rn != SP ? vcpu.register(rn) : ownSp ? mrs_SP_EL1() : mrs_SP_EL0();
  const by = (form & FORM_INDEX) != 0 ? indexOf(word, vcpu.register(rsOf(word))) : <u64>(<i64>form >> FORM_OFFSET_SHIFT);
  const moved = base + by;
  // FAR_EL2 is another address when only the second half has missed its mapping; what is unaligned no device is asked for.
  if (((((form & FORM_POST) != 0 ? base : moved) ^ mrs_FAR_EL2()) & PAGE_MASK) != 0) return false;
  const bytes = ((form & FORM_PAIR) != 0 ? 2 : 1) << shift;
  if ((offset & ((1 << shift) - 1)) != 0 || offset + bytes > <u32>bytesOf(partition, device)) return false;
  // A GIC takes 32 bits, bytes, and where it has registers of 64 bits those; a PL011's bus has 32 bits (IHI 0069 §12.1.3, DDI
  // 0183).
  if (shift == 1 && device != DEVICE_CONSOLE || shift == 3 && (device == DEVICE_CONSOLE || vcpu.gicv2 != 0)) return false;
  // A pair is two accesses, in two exits: to a device it may be interrupted and begun again (Arm ARM, B2.7.2).
  const isPair = (form & FORM_PAIR) != 0;
  const isSecond = isPair && vcpu.half == (mrs_ELR_EL2() | HALF_DONE);
  const n = isSecond ? rt2Of(word) : rtOf(word);
  const at = isSecond ? offset + (1 << shift) : offset;
  beginAccess(vcpu, device);
  if ((form & FORM_STORE) != 0) {
    storeDevice(vcpu, partition, device, at, shift, (form & FORM_VECTOR) != 0 ? readVector(n) : vcpu.register(n));
    if (!endAccess(vcpu, device) || isFirstHalf(vcpu, isPair)) return true;
  } else {
    const value = loadDevice(vcpu, partition, device, at, shift);
    if (!endAccess(vcpu, device)) return true;
    const first = vcpu.firstHalf;
    vcpu.firstHalf = value;
    if (isFirstHalf(vcpu, isPair)) return true;
    if (isPair) setTransferred(vcpu, form, rtOf(word), first);
    setTransferred(vcpu, form, n, value);
  }
  if ((form & FORM_STATUS) != 0) vcpu.setRegister(rsOf(word), 0); // a device has no exclusive monitor to fail
  if ((form & FORM_WRITE_BACK) != 0) {
    if (rn != SP) vcpu.setRegister(rn, moved);
    else if (ownSp) msr_SP_EL1(moved);
    else msr_SP_EL0(moved);
  }
  advance();
  return true;
}

/** After an access that is done. True: it was the first of two, the instruction repeats. */
function isFirstHalf(vcpu: Vcpu, isPair: bool): bool {
  const half = mrs_ELR_EL2() | HALF_DONE;
  const isFirst = isPair && vcpu.half != half;
  vcpu.half = isFirst ? half : 0;
  return isFirst;
}

function setTransferred(vcpu: Vcpu, form: u64, n: u32, read: u64): void {
  const value = asLoaded(read, <u32>(form & FORM_SHIFT), (form & FORM_SIGNED) != 0, (form & FORM_TO_64) != 0);
  if ((form & FORM_VECTOR) != 0) writeVector(n, value);
  else vcpu.setRegister(n, value);
}

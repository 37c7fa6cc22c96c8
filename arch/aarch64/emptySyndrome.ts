// Accesses to emulated devices whose syndrome says nothing (ISS.ISV = 0: write-back, pairs, SIMD&FP, exclusives): the instruction itself
// is read, once, and carried out. What a GIC or a PL011 would not take, and what loadStore.ts does not know, is an External abort.

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
import { isRepeated } from "./asks";
import { reload } from "./listRegisters";
import {
  asLoaded, decode, FORM_INDEX, FORM_OFFSET_SHIFT, FORM_PAIR, FORM_POST, FORM_SHIFT, FORM_SIGNED, FORM_STATUS, FORM_STORE, FORM_TO_64, FORM_VECTOR,
  FORM_WRITE_BACK, indexOf, rnOf, rsOf, rt2Of, rtOf, SP,
} from "./loadStore";
import { PSTATE_AARCH32, PSTATE_EL1H, PSTATE_M_MASK } from "./sysregs";
import { loadGicd, loadGicr, storeGicd, storeGicr } from "./vgic";
import { isIdle } from "./virtualInterface";
import { loadConsole, storeConsole } from "./vpl011";

export const DEVICE_GICD: u32 = 0;
export const DEVICE_GICR: u32 = 1;
export const DEVICE_CONSOLE: u32 = 2;

// PAR_EL1: no translation, and for stage 2's sake.
const PAR_F: u64 = 1 << 0;
const PAR_S: u64 = 1 << 9;
const PAR_PA: u64 = 0x0000fffffffff000;
const PAGE_MASK: u64 = 0xfff;

/** An access at `offset` of a device of so many bytes. */
export function accessByInstruction(vcpu: Vcpu, partition: Partition, esr: u64, device: u32, offset: u32, bytes: u32): u32 {
  const par = translateStage1(mrs_ELR_EL2());
  // A direct guest whose memory has just been taken away finds that itself as soon as it goes on.
  if (vcpu.direct != 0 && (par & (PAR_F | PAR_S)) == (PAR_F | PAR_S)) return RESUME;
  if (!carryOut(vcpu, partition, esr, device, offset, bytes, par)) {
    vcpu.countExit(EXIT_FAULT);
    injectExternalAbort(false);
  }
  return RESUME;
}

/** The instruction of the partition's that is at an IPA; 0, no load or store: that is not in its own RAM. */
function instructionAt(partition: Partition, ipa: u64): u32 {
  const region = regionAt(partition.plan, ipa);
  if (region === null || region.kind != REGION_RAM) return 0;
  const offset = ipa - region.ipa;
  return guestInstruction(region.colours == 0 ? region.pa + offset : colouredPage(region, offset >> PAGE_SHIFT) + (ipa & PAGE_MASK));
}

/** False: nothing of it is done. */
function carryOut(vcpu: Vcpu, partition: Partition, esr: u64, device: u32, offset: u32, bytes: u32, par: u64): bool {
  const spsr = mrs_SPSR_EL2();
  if ((par & PAR_F) != 0 || !isPlainAccess(esr) || (spsr & PSTATE_AARCH32) != 0) return false;
  const word = instructionAt(partition, (par & PAR_PA) | (mrs_ELR_EL2() & PAGE_MASK));
  const form = decode(word);
  if (form == 0 || ((form & FORM_STORE) != 0) != isWrite(esr)) return false;
  const shift = <u32>(form & FORM_SHIFT);
  const rn = rnOf(word);
  const ownSp = (spsr & PSTATE_M_MASK) == PSTATE_EL1H;
  const base = rn != SP ? vcpu.register(rn) : ownSp ? mrs_SP_EL1() : mrs_SP_EL0();
  const moved = base + ((form & FORM_INDEX) != 0 ? indexOf(word, vcpu.register(rsOf(word))) : <u64>(<i64>form >> FORM_OFFSET_SHIFT));
  const count: u32 = (form & FORM_PAIR) != 0 ? 2 : 1;
  // FAR_EL2 is another address when only the second half has missed its mapping; what is unaligned no device is asked for.
  if (((((form & FORM_POST) != 0 ? base : moved) ^ mrs_FAR_EL2()) & PAGE_MASK) != 0) return false;
  if ((offset & ((1 << shift) - 1)) != 0 || offset + (count << shift) > bytes) return false;
  // A GIC takes 32 bits, bytes, and where it has registers of 64 bits those; a PL011's bus has 32 bits (IHI 0069 §12.1.3, DDI 0183).
  if (shift == 1 && device != DEVICE_CONSOLE || shift == 3 && (device == DEVICE_CONSOLE || vcpu.gicv2 != 0)) return false;
  vcpu.countExit(device == DEVICE_CONSOLE ? EXIT_CONSOLE : EXIT_GIC);
  if (device != DEVICE_CONSOLE && !isIdle(vcpu)) reload(vcpu);
  for (let i: u32 = 0; i < count; i++) {
    bound(i, 2);
    const n = i == 0 ? rtOf(word) : rt2Of(word);
    const at = offset + (i << shift);
    if ((form & FORM_STORE) != 0) {
      const value = (form & FORM_VECTOR) != 0 ? readVector(n) : vcpu.register(n);
      if (device == DEVICE_GICD) storeGicd(vcpu, partition, at, shift, value);
      else if (device == DEVICE_GICR) storeGicr(vcpu, partition, at, shift, value);
      else storeConsole(partition.index, at, <u32>value);
      if (isRepeated(vcpu)) return true;
      continue;
    }
    const read = device == DEVICE_GICD ? loadGicd(vcpu, partition, at, shift) : device == DEVICE_GICR ? loadGicr(vcpu, partition, at, shift) : loadConsole(partition.index, at);
    if (isRepeated(vcpu)) return true;
    const value = asLoaded(read, shift, (form & FORM_SIGNED) != 0, (form & FORM_TO_64) != 0);
    if ((form & FORM_VECTOR) != 0) writeVector(n, value);
    else vcpu.setRegister(n, value);
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

// Quick traps: what guests do often and what needs few registers. The vectors (entry.S) save only those that these functions may
// change, fetch the register that the instruction stores, or put what it loads into the register it names. Each function is a
// leaf. Whatever is not here (any other register, an instruction whose syndrome says too little, an interrupt that somebody
// holds) is refused: then the vectors save all registers, and trapSync sees the same exception. System registers: sysregTrap.ts.

import { loadAcquire32, mmioRead32, mmioWrite32, mrs_FAR_EL2, mrs_HPFAR_EL2 } from "../../build/generated/aarch64";
import { EXIT_CONTROLLER } from "../../core/abi";
import { machine } from "../../build/generated/blob";
import { enabledAt } from "./interrupts";
import { ownerOf } from "../../core/partition";
import { sentSgis } from "./sgis";
import { Vcpu } from "./vcpu";
import { faultingIpa, isWholeAccess, SHIFT_32, SHIFT_8 } from "./esr";
import { GICD_SGIR, GICD_TYPER, GICR_STRIDE_SHIFT, IPRIORITYR, ISACTIVER, ISENABLER, ISPENDR, SGI_BASE } from "./gic";
import { sgirToSelf, sendQuickly } from "./sgi";
import { distributorType, setPriority } from "./vgicd";
import { emulatedSgis } from "./vgicr";

/** Of a quick trap (quickTraps.ts): ERET behind the instruction, or save all registers and ask trapSync. */
export const DONE: u32 = 0;
export const REFUSED: u32 = 1;

/** A quick trap that gives a value back says so where the vectors look for it. */
@inline export function refuse(vcpu: Vcpu): u64 {
  vcpu.refuses = 1;
  return 0;
}

const SPI_PRIORITIES: u32 = 1020 - 32; // Bytes of IPRIORITYR that are SPIs'
const SPI_ENABLES: u64 = <u64>(ISPENDR - ISENABLER) - 4; // What ISENABLER and ICENABLER of SPIs take
const WORD: u64 = 0x7c; // Offset of a word in ISENABLER, and in any other register of a bit an INTID

/** Where in the emulated GICD an access has faulted; far beyond it, when it was elsewhere. */
@inline function offsetInGicd(vcpu: Vcpu): u64 { return faultingIpa(mrs_HPFAR_EL2(), mrs_FAR_EL2()) - vcpu.gicdIpa; }

/** A load that stage 2 does not map; gives back what it leaves in its register. */
export function quickLoad(vcpu: Vcpu, esr: u64): u64 {
  const offset = offsetInGicd(vcpu);
  if (!isWholeAccess(esr, SHIFT_32)) return refuse(vcpu);
  let value: u32 = 0;
  if (offset == GICD_TYPER) {
    value = distributorType(vcpu, ownerOf(vcpu));
  } else if (offset - (ISENABLER + 4) < SPI_ENABLES && (offset & WORD) != 0 && (offset & 3) == 0) {
    const k = <u32>(offset & WORD) >> 2;
    value = loadAcquire32(enabledAt(k)) & vcpu.owned(k);
  } else {
    return refuse(vcpu);
  }
  vcpu.countExit(EXIT_CONTROLLER);
  return value;
}

/** A store that stage 2 does not map; `value` is what its register holds. */
export function quickStore(vcpu: Vcpu, esr: u64, value: u64): u32 {
  const offset = offsetInGicd(vcpu);
  let done = false;
  if (isWholeAccess(esr, SHIFT_8)) {
    done = offset - (IPRIORITYR + 32) < SPI_PRIORITIES && storePriority(vcpu, <u32>offset - IPRIORITYR, <u8>value);
  } else if (isWholeAccess(esr, SHIFT_32)) {
    if (vcpu.gicv2 == 0) {
      const own = ownerOf(vcpu).plan.gicr - vcpu.gicdIpa + (<u64>vcpu.index << GICR_STRIDE_SHIFT) + SGI_BASE + ISENABLER;
      done = offset == own && enablePrivate(vcpu, <u32>value);
    } else if (offset == ISENABLER) {
      done = enablePrivate(vcpu, <u32>value);
    } else if (offset == GICD_SGIR) {
      done = sgirToSelf(vcpu, <u32>value) && sendQuickly(vcpu, <u32>value & 15);
    }
  }
  if (!done) return REFUSED;
  vcpu.countExit(EXIT_CONTROLLER);
  return DONE;
}

/** A byte of GICD_IPRIORITYR. False: a vCPU holds the interrupt, and has to be told. */
@inline function storePriority(vcpu: Vcpu, intid: u32, priority: u8): bool {
  if (!vcpu.owns(intid)) return true;
  setPriority(vcpu, intid, priority); // before the look: whoever takes hold of it from here on sees that
  return vcpu.direct != 0 || ((mmioRead32(machine().gicd + ISACTIVER + ((intid >> 5) << 2)) >> (intid & 31)) & 1) == 0;
}

/** ISENABLER of its own SGIs and PPIs. False: an SGI that is pending is enabled by it. */
@inline function enablePrivate(vcpu: Vcpu, value: u32): bool {
  const sgis = value & emulatedSgis(vcpu);
  if (sgis != 0 && (sentSgis(vcpu) & sgis) != 0) return false;
  const owned = value & vcpu.owned(0);
  if (owned != 0) mmioWrite32(vcpu.bank + ISENABLER, owned);
  vcpu.sgiEnabled |= sgis;
  return true;
}

// Stage 2 as AArch64 has it (Arm ARM D8.3, stage 2 descriptors); core/stage2.ts builds it.
//
//   leaf:   54   10  9 8   7 6    5    2
//          ┌──┬─────┬────┬──────┬───────┐
//          │XN│ AF  │ SH │ S2AP │MemAttr│
//          └──┴─────┴────┴──────┴───────┘

import {
  dsbIsh, dsbSy, icIalluis, isb, mrs_ID_AA64MMFR0_EL1, mrs_SCTLR_EL1, mrs_TCR_EL1, mrs_VTTBR_EL2, msr_SCTLR_EL1, msr_TCR_EL1,
  msr_VTTBR_EL2, sev, tlbiVmalls12e1is,
} from "../../build/generated/aarch64";
import { BlobRegion, REGION_DEVICE, REGION_EXECUTE, REGION_READ, REGION_WRITE } from "../../build/generated/blob";
import { BLOCK_1G_SHIFT } from "../../core/pages";
import { stage2RootOf } from "../../core/stage2";
import { LEAF_AF, LEAF_SH_INNER, LEAF_XN } from "./descriptors";
import { ipaBits, PARANGE_MASK, SCTLR_M, TCR_EPD, VTTBR_VMID_SHIFT } from "./sysregs";

const MEMATTR_NORMAL_WB: u64 = 0xf << 2;
const MEMATTR_DEVICE_NGNRE: u64 = 1 << 2;
const S2AP_READ: u64 = 1 << 6;
const S2AP_WRITE: u64 = 1 << 7;
const ENTRIES: u32 = 512;

/** VTTBR_EL2 of a partition. VMID 0 is nobody's. */
@inline export function vttbrOf(partition: u32): u64 {
  return stage2RootOf(partition) | <u64>(partition + 1) << VTTBR_VMID_SHIFT;
}

export function guestAddressBits(): u32 { return ipaBits(mrs_ID_AA64MMFR0_EL1() & PARANGE_MASK); }

/** Up to 39 bits one level 1 table of 512 entries; 40 bits two, one behind the other (concatenated, D8.2.10). */
export function rootTables(bits: u32): u32 { return max<u32>(((<u32>1) << (bits - BLOCK_1G_SHIFT)) / ENTRIES, 1); }

/** Attributes of a region's leaves. */
export function leafOf(region: BlobRegion): u64 {
  let leaf = LEAF_AF | (region.kind == REGION_DEVICE ? MEMATTR_DEVICE_NGNRE : MEMATTR_NORMAL_WB | LEAF_SH_INNER);
  if ((region.access & REGION_READ) != 0) leaf |= S2AP_READ;
  if ((region.access & REGION_WRITE) != 0) leaf |= S2AP_WRITE;
  if ((region.access & REGION_EXECUTE) == 0) leaf |= LEAF_XN; // as of all but RAM (blobCheck.ts)
  return leaf;
}

/**
 * No pCPU has translations of that VTTBR_EL2's VMID any more when this returns. Twice: on some cores an access may still use what
 * a single TLBI and DSB have dropped (Cortex-A55 erratum 2441007, CVE-2025-10263); it is rare enough here to ask nobody which
 * core this is. With another VMID than that of EL1's registers no stage 1 may be walked, which a speculative AT does (Cortex-A55
 * erratum 1530923).
 */
function dropTranslations(vttbr: u64): void {
  const own = mrs_VTTBR_EL2();
  const control = mrs_TCR_EL1();
  const system = mrs_SCTLR_EL1();
  msr_TCR_EL1(control | TCR_EPD);
  isb();
  msr_SCTLR_EL1(system | SCTLR_M); // or EPD says nothing
  isb();
  msr_VTTBR_EL2(vttbr);
  isb();
  dsbIsh();
  tlbiVmalls12e1is();
  dsbIsh();
  tlbiVmalls12e1is();
  dsbIsh();
  msr_VTTBR_EL2(own);
  isb();
  msr_SCTLR_EL1(system);
  isb();
  msr_TCR_EL1(control);
}

/** The partition's memory is gone, on all pCPUs, when this returns. */
export function forgetTranslations(partition: u32): void {
  dropTranslations(vttbrOf(partition));
  sev(); // WFE with interrupts masked sleeps through a kick
}

/** Its memory has been given and filled: no pCPU has instructions or translations of what was there before. */
export function renewMemory(partition: u32): void {
  dsbSy();
  icIalluis();
  dropTranslations(vttbrOf(partition));
}

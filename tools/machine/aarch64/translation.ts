// What stage 2 says to an access of a guest: through the TLB, which may know better, or worse, than the tables (stage2.ts,
// tlb.ts). And whether the access goes through the data caches.
import { MachineError } from "../errors.ts";
import type { Hardware } from "./hardware.ts";
import type { PCpu } from "./pcpu.ts";
import { EC_INSTRUCTION_ABORT, HCR_CD, HCR_DC, HCR_VM, SCTLR_C, SCTLR_M, syndrome, UNKNOWN } from "./registers.ts";
import type { Registers } from "./registers.ts";
import { MEMATTR_NORMAL_WB, Stage2, vmidOf } from "./stage2.ts";
import type { Mapping } from "./stage2.ts";

export type Walk = { readonly mapping: Mapping } | { readonly fault: number };

/** Fault status codes of an abort's ISS (ARM ARM D17.2.37): the level in the lower two bits. */
const FSC_TRANSLATION = 0x04;
const FSC_PERMISSION = 0x0c;
const FSC_TYPE = 0x3c;
const PAGE_OFFSET = 0xfffn;
const PAGE_BITS = 12;
const TABLE_BITS = 9;
const LAST_LEVEL = 3;
/** Bit 0 of a descriptor. */
const VALID = 1n;

export function translate(machine: Hardware, pcpu: PCpu, ipa: number, permits: (mapping: Mapping) => boolean): Walk {
  const { index, registers } = pcpu;
  const { tlb, memory, tableWrites } = machine;
  const life = pcpu.lives;
  if ((registers.HCR_EL2 & HCR_VM) === 0n) {
    throw new MachineError("MACHINE_STAGE2", "a guest runs without stage 2 (HCR_EL2.VM = 0)");
  }
  const vmid = vmidOf(registers.VTTBR_EL2);
  let found = tlb.find(index, vmid, ipa, life);
  if (found === undefined) {
    const read = (pa: number): bigint => {
      const descriptor = memory.read64(pa);
      if ((descriptor & VALID) !== 0n) tableWrites.walk(index, pa, false);
      return descriptor;
    };
    const walked = new Stage2(registers.VTTBR_EL2, registers.VTCR_EL2, read).translate(ipa);
    if ("level" in walked) return { fault: FSC_TRANSLATION | walked.level };
    tlb.fill(index, vmid, ipa, life, walked);
    found = walked;
  }
  // The level in a permission fault's code: that of the block (1, 2) or page (3).
  return permits(found)
    ? { mapping: found }
    : { fault: FSC_PERMISSION | (LAST_LEVEL - (Math.log2(found.size) - PAGE_BITS) / TABLE_BITS) };
}

/**
 * A data access of a guest goes through the caches: its own attributes are taken as Normal write-back while its MMU is on
 * (D8.6.6, D17.2.48).
 */
export function isCacheable(registers: Registers, mapping: Mapping): boolean {
  const on = (bits: bigint): boolean => (registers.SCTLR_EL1 & bits) === bits;
  if (mapping.memory !== MEMATTR_NORMAL_WB || (registers.HCR_EL2 & HCR_CD) !== 0n) return false;
  return (registers.HCR_EL2 & HCR_DC) !== 0n || on(SCTLR_M | SCTLR_C);
}

/** HPFAR_EL2.FIPA: bits 47…12 of the IPA from bit 4 on; UNKNOWN after a permission fault (D17.2.66). */
export const hpfarOf = (ipa: number, fault: number): bigint =>
  ((fault & FSC_TYPE) === FSC_PERMISSION ? UNKNOWN : (BigInt(ipa) & ~PAGE_OFFSET) >> 8n);

export const fetchSyndrome = (fault: number): bigint => syndrome(EC_INSTRUCTION_ABORT, fault);

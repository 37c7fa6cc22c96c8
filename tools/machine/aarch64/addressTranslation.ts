// AT S12E1R: a guest's own stage 1, as its SCTLR_EL1, TCR_EL1 and TTBRn_EL1 have it (ARM ARM D8, 4 KiB granule), whose tables are
// found through stage 2; and stage 2.
import type { Hardware } from "./hardware.ts";
import type { PCpu } from "./pcpu.ts";
import { translate } from "./translation.ts";

const SCTLR_M = 1n;
const PAR_F = 1n;
const PAR_RES1 = 1n << 11n;
const PAR_S = 1n << 9n;
const PAR_FST_SHIFT = 1n;
const FST_TRANSLATION_0 = 4;
const ADDRESS = 0x0000_ffff_ffff_f000n;
const UPPER_HALF = 1n << 55n;
const TABLE_BITS = 9;
const PAGE_BITS = 12;
const LAST_LEVEL = 3;
const INPUT_BITS_MIN = 25;
const INPUT_BITS_MAX = 48;

/** PAR_EL1 of an access that fails: the fault status code of an abort's ISS, and whose fault it is. */
const fault = (status: number, stage2 = 0n): bigint => PAR_F | PAR_RES1 | stage2 | (BigInt(status) << PAR_FST_SHIFT);

/** PAR_EL1: the PA of a VA's page, or why there is none. */
export function translateGuest(machine: Hardware, pcpu: PCpu, va: bigint): bigint {
  const par = translateStage1(machine, pcpu, va);
  if ((par & PAR_F) !== 0n) return par;
  const page = Number(par & ADDRESS);
  const walk = translate(machine, pcpu, page, (mapping) => mapping.read);
  if ("fault" in walk) return fault(walk.fault, PAR_S);
  return PAR_RES1 | BigInt(walk.mapping.pa + (page - walk.mapping.ipa));
}

function translateStage1(machine: Hardware, pcpu: PCpu, va: bigint): bigint {
  const { registers } = pcpu;
  if ((registers.SCTLR_EL1 & SCTLR_M) === 0n) return PAR_RES1 | (va & ADDRESS);
  const upper = (va & UPPER_HALF) !== 0n;
  const bits = 64 - Number((registers.TCR_EL1 >> (upper ? 16n : 0n)) & 0x3fn);
  // A TnSZ out of range is the guest's own business: a Translation fault, of the two things that the architecture allows
  // (D8.1.8).
  if (bits < INPUT_BITS_MIN || bits > INPUT_BITS_MAX) return fault(FST_TRANSLATION_0);
  if (BigInt.asUintN(64, upper ? ~va : va) >> BigInt(bits) !== 0n) return fault(FST_TRANSLATION_0);
  const input = BigInt.asUintN(bits, va);
  let table = (upper ? registers.TTBR1_EL1 : registers.TTBR0_EL1) & ADDRESS;
  for (let level = LAST_LEVEL - Math.floor((bits - PAGE_BITS - 1) / TABLE_BITS); ; level++) {
    const shift = BigInt(PAGE_BITS + TABLE_BITS * (LAST_LEVEL - level));
    const at = Number(table + ((input >> shift) & 0x1ffn) * 8n);
    const walk = translate(machine, pcpu, at, (mapping) => mapping.read);
    if ("fault" in walk) return fault(walk.fault, PAR_S);
    const descriptor = machine.memory.read64(walk.mapping.pa + (at - walk.mapping.ipa));
    if ((descriptor & 1n) === 0n) return fault(FST_TRANSLATION_0 + level);
    table = descriptor & ADDRESS;
    if (level === LAST_LEVEL || (descriptor & 2n) === 0n) {
      return PAR_RES1 | (table & ~((1n << shift) - 1n)) | (input & ((1n << shift) - 1n) & ADDRESS);
    }
  }
}

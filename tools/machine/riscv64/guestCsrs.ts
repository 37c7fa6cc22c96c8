// What a guest in VS mode reads and writes: the VS registers under the supervisor's names, counters and timers as far as the
// hypervisor lets it, and nothing else. What it may not reach is a virtual instruction where HS mode could (the hypervisor may
// emulate it), else an illegal one (privileged architecture, "Trap Cause Codes" of the hypervisor extension).
import { ILLEGAL_INSTRUCTION, VIRTUAL_INSTRUCTION } from "./traps.ts";
import type { CsrFile } from "./csrFile.ts";
import {
  COUNTEREN_TM, ENVCFG_STCE, HSTATUS_VTVM, nameOf, S_INTERRUPTS, SSI, STATEEN_AIA, STATEEN_CSRIND, STATEEN_ENVCFG, STATEEN_IMSIC,
  STATEEN_SE, VS_OF,
} from "./csrs.ts";
import type { Csr } from "./csrs.ts";
import { EIDELIVERY, InterruptFile } from "./imsic.ts";

/** hpmcounter3 to hpmcounter31, which all are read as one. */
const [COUNTERS, FIRST_COUNTER, LAST_COUNTER] = [0xc00, 0xc03, 0xc1f];
const isCounter = (number: number): boolean => number >= FIRST_COUNTER && number <= LAST_COUNTER;

export type GuestAccess = { readonly value: bigint } | { readonly cause: number };

const SELECT_END = 0x100n;
const refused = (cause: number): GuestAccess => ({ cause });
const isReadOnly = (number: number): boolean => number >> 10 === 3;
/** Bits 9 and 8: 2 is HS's and VS's. */
const levelOf = (number: number): number => (number >> 8) & 3;
const [LEVEL_HS, LEVEL_M] = [2, 3];

/** By hstateen0, what each needs. */
const STATE: Readonly<Partial<Record<Csr, bigint>>> = {
  sstateen0: STATEEN_SE, senvcfg: STATEEN_ENVCFG, siselect: STATEEN_CSRIND, sireg: STATEEN_CSRIND, stopi: STATEEN_AIA,
  stopei: STATEEN_IMSIC,
};

/** Why a guest may not reach it; undefined: it may. */
function refusal(csrs: CsrFile, number: number, csr: Csr | undefined, write: boolean): number | undefined {
  if (levelOf(number) === LEVEL_M || csr === undefined || (write && isReadOnly(number))) return ILLEGAL_INSTRUCTION;
  if (levelOf(number) === LEVEL_HS) return VIRTUAL_INSTRUCTION;
  if (csr === "sstateen0" && !csrs.model.hasStateen) return ILLEGAL_INSTRUCTION;
  if (csrs.model.hasStateen && (csrs.read("hstateen0") & (STATE[csr] ?? 0n)) !== (STATE[csr] ?? 0n)) return VIRTUAL_INSTRUCTION;
  switch (csr) {
    case "time": return (csrs.read("hcounteren") & COUNTEREN_TM) === 0n ? VIRTUAL_INSTRUCTION : undefined;
    case "cycle": return (csrs.read("hcounteren") & 1n) === 0n ? VIRTUAL_INSTRUCTION : undefined;
    case "instret": return (csrs.read("hcounteren") & 4n) === 0n ? VIRTUAL_INSTRUCTION : undefined;
    case "stimecmp": {
      const lets = (csrs.read("henvcfg") & ENVCFG_STCE) !== 0n && (csrs.read("hcounteren") & COUNTEREN_TM) !== 0n;
      return lets ? undefined : VIRTUAL_INSTRUCTION;
    }
    case "satp": return (csrs.read("hstatus") & HSTATUS_VTVM) !== 0n ? VIRTUAL_INSTRUCTION : undefined;
    case "stopei": return csrs.guestFile === undefined ? VIRTUAL_INSTRUCTION : undefined;
    case "sireg": return refusedSelect(csrs);
    default: return undefined;
  }
}

/** By vsiselect: of the IMSIC, if VGEIN names a file; priorities of major interrupts are the hypervisor's to emulate. */
function refusedSelect(csrs: CsrFile): number | undefined {
  const select = csrs.read("vsiselect");
  if (select < BigInt(EIDELIVERY) || select >= SELECT_END) return VIRTUAL_INSTRUCTION;
  if (csrs.guestFile === undefined) return VIRTUAL_INSTRUCTION;
  return InterruptFile.has(Number(select)) ? undefined : ILLEGAL_INSTRUCTION;
}

export function readAsGuest(csrs: CsrFile, number: number): GuestAccess {
  if (isCounter(number)) {
    const n = number - COUNTERS;
    return ((csrs.read("hcounteren") >> BigInt(n)) & 1n) === 0n ? refused(VIRTUAL_INSTRUCTION) : { value: csrs.pmu.value(n) };
  }
  const csr = nameOf(number);
  const cause = refusal(csrs, number, csr, false);
  if (csr === undefined || cause !== undefined) return refused(cause ?? ILLEGAL_INSTRUCTION);
  if (csr === "time") {
    csrs.read("time");
    return { value: csrs.guestTime };
  }
  if (csr === "sip" && csrs.model.hidesPending) return { value: csrs.read("vsip") & SSI };
  return { value: csrs.read(VS_OF[csr] ?? csr) };
}

export function writeAsGuest(csrs: CsrFile, number: number, value: bigint): GuestAccess {
  const csr = nameOf(number);
  const cause = refusal(csrs, number, csr, true);
  if (csr === undefined || cause !== undefined) return refused(cause ?? ILLEGAL_INSTRUCTION);
  csrs.write(VS_OF[csr] ?? csr, csr === "sie" ? value & S_INTERRUPTS : value);
  return { value: 0n };
}

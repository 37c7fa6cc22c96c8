// The form of a load or store, and what the syndrome says of it (ARM ARM D17.2.37, ISS encoding for an exception from a Data
// Abort).
import type { Form } from "../guest.ts";
import { EC_DATA_ABORT, ESR_IL, syndrome } from "./registers.ts";

const ISS_ISV = 1 << 24;
const ISS_SSE = 1 << 21;
const ISS_SF = 1 << 15;
const ISS_WNR = 1 << 6;

export interface AccessForm extends Form {
  /** Register loaded or stored: SRT. */
  readonly register?: number;
  readonly signExtend?: boolean;
  /** The register is 64 bits wide, of which fewer are loaded (LDRSW and others). */
  readonly wide?: boolean;
  /** True: a 16-bit T32 instruction of an AArch32 program (ESR_EL2.IL = 0). */
  readonly short?: boolean;
}

/** ESR_EL2 of an access that stage 2 does not permit, with that fault status code. */
export function dataAbortSyndrome(bytes: number, form: AccessForm, fault: number, write: boolean): bigint {
  const register = form.register ?? 0;
  const wide = bytes === 8 || form.wide === true;
  const details = ISS_ISV | (Math.log2(bytes) << 22) | (form.signExtend === true ? ISS_SSE : 0) | (register << 16)
    | (wide ? ISS_SF : 0);
  const esr = syndrome(EC_DATA_ABORT, (form.syndromeValid ?? true ? details : 0) | (write ? ISS_WNR : 0) | fault);
  return form.short === true ? esr & ~ESR_IL : esr;
}

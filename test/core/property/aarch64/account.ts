// Whom an SGI goes to, by the definition of the register that sends it, with a partition's vCPUs for the machine's.
import { GUEST_GICD } from "../../../../tools/machine/aarch64/system.ts";

/** To these vCPUs: by a vCPU's index, and whether it is the sender. */
export interface Sent {
  readonly number: number;
  readonly names: (vcpu: number, self: boolean) => boolean;
}

/** ICC_SGI1R_EL1 (IHI 0069 §12.2.20): IRM; Aff1…Aff3 and RS, which no vCPU has. */
const TO_ALL_OTHERS = 1n << 40n;
const ELSEWHERE = 0x00ff_f0ff_00ff_0000n;
/** GICD_SGIR (IHI 0048B §4.3.15) */
const GICD_SGIR = GUEST_GICD + 0xf00;
const FILTER_LIST = 0n;
const FILTER_OTHERS = 1n;
const FILTER_SELF = 2n;

export function sgi1r(data: bigint): Sent {
  const elsewhere = (data & ELSEWHERE) !== 0n;
  const names = (vcpu: number, self: boolean): boolean =>
    ((data & TO_ALL_OTHERS) !== 0n ? !self : !elsewhere && ((data >> BigInt(vcpu)) & 1n) !== 0n);
  return { number: Number((data >> 24n) & 0xfn), names };
}

/** A store of a GICv2's guest, if it is that. */
export function sgir(ipa: number, bytes: number, data: bigint): Sent | undefined {
  if (bytes !== 4 || ipa - (ipa % 4) !== GICD_SGIR) return undefined;
  const filter = (data >> 24n) & 3n;
  const names = (vcpu: number, self: boolean): boolean =>
    (
      filter === FILTER_LIST ? (
        (data >> BigInt(16 + vcpu)) & 1n
      ) !== 0n : filter === FILTER_OTHERS ? !self : filter === FILTER_SELF && self
    );
  return { number: Number(data & 0xfn), names };
}

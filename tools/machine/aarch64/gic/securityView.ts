// What software sees of a GIC that has two Security states (IHI 0069 §4.8.6, IHI 0048B §3.8): the hypervisor and its guests are
// Non-secure. All interrupts that firmware has left them are of Non-secure group 1, and have the lower half of the priorities;
// software sees those as if they were all there are.
//
//   as kept   0x00 ──────── Secure ──────── 0x80 ──── Non-secure ──── 0xff
//   as seen                                 0x00 ──────────────────── 0xff      one bit less of it
import { PRIORITY_IDLE, PRIORITY_MASK } from "./registers.ts";

const NON_SECURE = 0x80;

export interface SecurityView {
  /** Groups cannot be seen or changed. */
  readonly twoStates: boolean;
  /** A priority as it is written, as it is kept. */
  kept(written: number): number;
  /** A priority that is kept, or the idle one, as it is read. */
  seen(kept: number): number;
}

export const ONE_STATE: SecurityView = { twoStates: false, kept: (written) => written & PRIORITY_MASK, seen: (kept) => kept };

export const TWO_STATES: SecurityView = {
  twoStates: true,
  kept: (written) => (NON_SECURE | ((written & 0xff) >> 1)) & PRIORITY_MASK,
  seen: (kept) => (kept === PRIORITY_IDLE ? PRIORITY_IDLE : kept < NON_SECURE ? 0 : (kept << 1) & 0xff),
};

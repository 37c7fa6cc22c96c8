// What the vectors do with a quick trap before anything else (arch/aarch64/entry.S, axv_quick): a function that sees few
// registers is asked, and gets or gives the one that the instruction names.
import type { CoreExports } from "./coreExports.ts";
import type { PCpu } from "./pcpu.ts";

const EC1 = 27n; // 1: HVC, SMC
const EC5 = 31n; // 1: aborts
const READ = 1n;
const WNR = 1n << 6n;
const RT_SHIFT = 5n;
const SRT_SHIFT = 16n;
const ALL_BUT_RT = 0xffff_fc1fn;
const XZR = 31;
const INSTRUCTION = 4n;
const PSTATE_SS = 1n << 21n;
const HIGHEST_GUEST_PRIORITY = 0x10n;

/** What the vectors work with: the core, its memory, and ways into it. */
interface Vectors {
  readonly core: CoreExports;
  readonly linear: DataView;
  withoutRegisters<Result>(pcpu: PCpu, run: () => Result): Result;
  within<Result>(pcpu: PCpu, run: () => Result): Result;
  enter(pcpu: PCpu, run: () => number): number;
}

/** False: refused, or none. */
export function quickTrap(machine: Vectors, pcpu: PCpu, esr: bigint): boolean {
  if (((esr >> EC1) & 1n) !== 0n) return false;
  const { core, linear } = machine;
  const { vcpu } = pcpu;
  const isAbort = ((esr >> EC5) & 1n) !== 0n;
  const number = Number((esr >> (isAbort ? SRT_SHIFT : RT_SHIFT)) & 31n);
  if (isAbort ? (esr & WNR) === 0n : (esr & READ) !== 0n) {
    const value = machine.withoutRegisters(
      pcpu, () => machine.within(pcpu, () => (isAbort ? core.trapLoad(vcpu, esr) : core.trapRead(vcpu, esr))),
    );
    if (linear.getUint32(vcpu + core.VCPU_REFUSES.value, true) !== 0) {
      linear.setUint32(vcpu + core.VCPU_REFUSES.value, 0, true);
      return false;
    }
    if (number !== XZR) linear.setBigUint64(vcpu + 8 * number, BigInt.asUintN(64, value), true);
  } else {
    const value = number === XZR ? 0n : linear.getBigUint64(vcpu + 8 * number, true);
    if (!isAbort && ((esr ^ BigInt(linear.getUint32(vcpu + core.VCPU_MASK_TRAP.value, true))) & ALL_BUT_RT) === 0n) {
      writeMask(machine, pcpu, value & 0xffn);
    } else {
      const refused = machine.withoutRegisters(
        pcpu, () => machine.enter(pcpu, () => (isAbort ? core.trapStore(vcpu, esr, value) : core.trapWrite(vcpu, esr, value))),
      );
      if (refused !== 0) return false;
    }
  }
  pcpu.registers.ELR_EL2 += INSTRUCTION;
  pcpu.registers.SPSR_EL2 &= ~PSTATE_SS;
  return true;
}

/** MSR ICC_PMR_EL1 of a direct guest. */
function writeMask({ core, linear }: Vectors, { vcpu, gic }: PCpu, mask: bigint): void {
  linear.setUint32(vcpu + core.VCPU_PRIORITY_MASK.value, Number(mask), true);
  gic.physical.priorityMask = Number(mask > HIGHEST_GUEST_PRIORITY ? mask : HIGHEST_GUEST_PRIORITY);
  const exits = vcpu + core.VCPU_EXITS_REGISTER.value;
  linear.setBigUint64(exits, linear.getBigUint64(exits, true) + 1n, true);
}

// The debug registers of a pCPU (ARM ARM D19.3): the OS lock, MDSCR_EL1 with what belongs to an external debugger in it,
// breakpoints and watchpoints. Whether an access gets as far as here is decided elsewhere (systemRegisters.ts).
import { hex, MachineError } from "../errors.ts";
import { UNKNOWN } from "./registers.ts";
import type { Encoding } from "./systemRegisters.ts";

/** Bits of MDSCR_EL1 that are EDSCR's: TFO, RXfull, TXfull, RXO, TXU, INTdis, TDA, SC2, HDE, ERR. */
export const EXTERNAL = 0xece8_4040n;
const MASK32 = 0xffff_ffffn;
/** op2 of DBGBVR<n>, DBGBCR<n>, DBGWVR<n>, DBGWCR<n>: S2_0_C0_C<n>_<op2>. */
const COMPARATORS = [4, 5, 6, 7];
const FIRST_OF_WATCHPOINTS = 6;
const MDSCR = 2;
const OSECCR = 6;
const OSECCR_OP2 = 2;
const REGISTERS = 16;
const comparator = (op2: number, n: number): number => op2 * REGISTERS + n;

export class DebugRegisters {
  /** OSLSR_EL1.OSLK: 1 from a cold reset. */
  locked = true;
  /** As it is found: a debugger has asked for halting debug, a kernel that was here before for stepping. */
  mdscr = 0x4000n | 0xa001n;
  /** Every comparator there is, by op2 and number (`comparator`). */
  readonly comparators = new Map<number, bigint>();

  constructor(dfr0: bigint) {
    for (const op2 of COMPARATORS) {
      for (let n = 0; n < this.count(dfr0, op2); n++) this.comparators.set(comparator(op2, n), UNKNOWN);
    }
  }

  private count(dfr0: bigint, op2: number): number {
    return Number((dfr0 >> (op2 < FIRST_OF_WATCHPOINTS ? 12n : 20n)) & 0xfn) + 1;
  }

  /** EDSCR's bits can be written while the OS lock is locked; nobody but a debugger has a reason to. */
  writeMdscr(value: bigint): void {
    if (!this.locked) {
      this.mdscr = (this.mdscr & EXTERNAL) | (value & MASK32 & ~EXTERNAL);
      return;
    }
    if (((value ^ this.mdscr) & EXTERNAL) !== 0n) {
      throw new MachineError(
        "MACHINE_STATE", `MDSCR_EL1 = ${hex(value)} with the OS lock locked: an external debugger's EDSCR is changed`,
      );
    }
    this.mdscr = value & MASK32;
  }

  /** clearDebug. */
  clear(breakpoints: number, watchpoints: number): void {
    this.writeMdscr(0n);
    for (const op2 of COMPARATORS) {
      for (let n = 0; n < (op2 < FIRST_OF_WATCHPOINTS ? breakpoints : watchpoints); n++) {
        if (!this.comparators.has(comparator(op2, n))) {
          throw new MachineError("MACHINE_UNDEFINED", `a breakpoint or watchpoint ${n} that this pCPU does not have`);
        }
        this.comparators.set(comparator(op2, n), 0n);
      }
    }
  }

  /** A guest's access that no control traps; undefined: there is no such register. */
  read({ crn, crm, op2 }: Encoding): bigint | undefined {
    if (crn === 0 && crm === MDSCR && op2 === MDSCR) return this.mdscr;
    if (crn === 0 && crm === OSECCR && op2 === OSECCR_OP2) return UNKNOWN; // EDECCR's while the OS lock is locked; now nothing's
    return crn === 0 && crm < REGISTERS ? this.comparators.get(comparator(op2, crm)) : undefined;
  }

  write(encoding: Encoding, value: bigint): boolean {
    const { crn, crm, op2 } = encoding;
    if (this.locked) {
      throw new MachineError(
        "MACHINE_STATE", "a guest reaches the debug registers while the OS lock is locked: EDSCR is open to it",
      );
    }
    if (crn === 0 && crm === MDSCR && op2 === MDSCR) this.writeMdscr(value);
    else if (crn === 0 && crm === OSECCR && op2 === OSECCR_OP2) return true;
    else if (this.read(encoding) !== undefined) this.comparators.set(comparator(op2, crm), value);
    else return false;
    return true;
  }
}

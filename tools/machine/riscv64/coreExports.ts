// What arch/riscv64/index.ts exports besides for the entry code to call; vcpu is an offset in linear memory.
import type { Exports } from "../machine.ts";

type Constant = WebAssembly.Global<"i32">;
type Offset = Constant;

export interface CoreExports extends Exports {
  /** A call that is waited for: its result, or an error, which is negative. */
  readonly quickCall: (vcpu: number, call: number) => bigint;
  /** The same of SBI's, of its extensions SBI_BASE and SBI_TIME. */
  readonly quickSbi: (vcpu: number, extension: bigint, asked: bigint, argument: bigint) => bigint;
  /** Any other exception of the guest's, or an interrupt while it ran. */
  readonly trap: (vcpu: number) => number;
  /** Its load or store where it has no memory, and the instruction, or 0: it cannot be fetched. */
  readonly access: (vcpu: number, word: number) => number;
  /** What is asked before that: 1, and it is done. */
  readonly quickLoad: (vcpu: number, word: number) => number;
  readonly panic: (scause: bigint, sepc: bigint, stval: bigint, vcpu: number) => void;
  /** What such a call is known by: a7, and a6 below that. */
  readonly CALL_EXTENSION: Constant;
  readonly QUICK_CALLS: Constant;
  readonly SBI_BASE: Constant;
  readonly SBI_TIME: Constant;
  // Where a vCPU's record has what the entry code and the machine look at by themselves.
  readonly VCPU_PARTITION: Offset;
  /** x0, which is not kept; x1…x31 behind it. */
  readonly VCPU_X0: Offset;
}

/** VCPU_PARTITION of a spare pCPU. */
export const NO_PARTITION = 0xffff_ffff;

// What arch/riscv64/index.ts exports besides for the entry code to call; vcpu is an offset in linear memory.
import type { Exports } from "../machine.ts";

type Offset = WebAssembly.Global<"i32">;

export interface CoreExports extends Exports {
  /** An exception of the guest's, or an interrupt while it ran. */
  readonly trap: (vcpu: number) => number;
  readonly panic: (scause: bigint, sepc: bigint, stval: bigint, vcpu: number) => void;
  // Where a vCPU's record has what the entry code and the machine look at by themselves.
  readonly VCPU_PARTITION: Offset;
  /** x0, which is not kept; x1…x31 behind it. */
  readonly VCPU_X0: Offset;
}

/** VCPU_PARTITION of a spare pCPU. */
export const NO_PARTITION = 0xffff_ffff;

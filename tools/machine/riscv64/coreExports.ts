// What arch/riscv64/index.ts exports besides for the entry code to call; vcpu is an offset in linear memory.
import type { Exports } from "../machine.ts";

type Offset = WebAssembly.Global<"i32">;

export interface CoreExports extends Exports {
  readonly trapSync: (vcpu: number) => number;
  readonly trapIrq: (vcpu: number) => number;
  readonly panic: (scause: bigint, sepc: bigint, stval: bigint, vcpu: number) => void;
  // Where a vCPU's record has what the entry code and the machine look at by themselves.
  readonly VCPU_PARTITION: Offset;
  readonly VCPU_INDEX: Offset;
  /** x0, which is not kept; x1…x31 behind it. */
  readonly VCPU_X: Offset;
}

/** VCPU_PARTITION of a spare pCPU. */
export const NO_PARTITION = 0xffff_ffff;

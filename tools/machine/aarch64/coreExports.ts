// What arch/aarch64/index.ts exports besides for the vectors to call; vcpu is an offset in linear memory.
import type { Exports } from "../machine.ts";

type Offset = WebAssembly.Global<"i32">;

export interface CoreExports extends Exports {
  readonly trapLoad: (vcpu: number, esr: bigint) => bigint;
  readonly trapStore: (vcpu: number, esr: bigint, value: bigint) => number;
  readonly trapRead: (vcpu: number, esr: bigint) => bigint;
  readonly trapWrite: (vcpu: number, esr: bigint, value: bigint) => number;
  readonly trapCall: (vcpu: number) => number;
  readonly trapSync: (vcpu: number) => number;
  readonly trapIrq: (vcpu: number) => number;
  readonly trapSerror: (vcpu: number) => number;
  readonly panic: (esr: bigint, elr: bigint, far: bigint, vcpu: number) => void;
  // Where a vCPU's record has what the vectors look at by themselves (arch/aarch64/vcpu.ts).
  readonly VCPU_PRIORITY_MASK: Offset;
  readonly VCPU_MASK_TRAP: Offset;
  readonly VCPU_REFUSES: Offset;
  readonly VCPU_PARTITION: Offset;
  /** How often its guest has left, by cause: a u64 each. */
  readonly VCPU_EXITS: Offset;
  readonly VCPU_EXITS_REGISTER: Offset;
}

/** VCPU_PARTITION of a spare pCPU. */
export const NO_PARTITION = 0xffff_ffff;

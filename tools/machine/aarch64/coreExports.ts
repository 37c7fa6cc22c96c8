// What arch/aarch64/index.ts exports besides for the vectors to call; vcpu is an offset in linear memory.
import type { Exports } from "../machine.ts";

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
}

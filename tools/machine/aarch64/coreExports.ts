// What arch/aarch64/index.ts exports for the vectors to call; vcpu is an offset in linear memory.
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  readonly boot: (tree: bigint) => number;
  readonly bootSecondary: (cpu: number) => number;
  readonly park: (vcpu: number) => number;
  readonly idle: (vcpu: number) => void;
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

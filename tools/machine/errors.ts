// What the simulated machine says when the core, or a test, does something that real hardware would answer with a fault,
// with silence, or with anything at all ("UNPREDICTABLE"). Every one of them fails the test that caused it.

export type MachineErrorCode =
  | "MACHINE_BUS" // physical address where nothing is, or where this kind of access may not go
  | "MACHINE_FORBIDDEN_WRITE" // the hypervisor wrote memory that it has no business in
  | "MACHINE_GIC_PROTOCOL" // UNPREDICTABLE use of the GIC
  | "MACHINE_STAGE1" // the hypervisor's own translation tables do not map what it reached for
  | "MACHINE_STAGE2" // a stage-2 table that hardware could not walk
  | "MACHINE_TLB" // a translation that should have been invalidated, or is about to be
  | "MACHINE_CACHE" // what a cache holds from before, and should not any more
  | "MACHINE_SYNCHRONISATION" // a system register used before a write to another one has come to effect
  | "MACHINE_LOOP" // a loop passed the bound it states
  | "MACHINE_IMPORT" // an intrinsic without a hook, or a hook without an intrinsic
  | "MACHINE_UNDEFINED" // the hypervisor used a register or an instruction that this board's pCPUs do not have
  | "MACHINE_FIRMWARE" // an SMC that no hypervisor of ours should make
  | "MACHINE_CORE_TRAP" // wasm trap: unreachable, out of bounds, division by zero
  | "MACHINE_LIVELOCK" // interrupts never come to rest
  | "MACHINE_STATE" // a test asked a pCPU for what it cannot do now
  | "MACHINE_NO_CORE"; // the core's wasm has not been built

export class MachineError extends Error {
  readonly code: MachineErrorCode;

  constructor(code: MachineErrorCode, message: string, cause?: unknown) {
    super(`${code}: ${message}`, cause === undefined ? undefined : { cause });
    this.name = "MachineError";
    this.code = code;
  }
}

/** An address as a reader of a failed test wants it. */
export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

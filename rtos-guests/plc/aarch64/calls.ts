// How this guest calls the hypervisor, and what it does without one.
import { HYPERCALL_VERSION } from "../../../arch/aarch64/calls";
import { hvc } from "../../../build/generated/guest";

/** `call`: CALL_* of core/abi.ts. A negative result is an error. */
// @ts-ignore: decorator
@inline
export function hypercall(call: u32, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64, a6: u64): u64 {
  return hvc(HYPERCALL_VERSION + call, a0, a1, a2, a3, a4, a5, a6);
}

/** Bare, it has no console: all is taken. */
// @ts-ignore: decorator
@inline
export function writeBareConsole(from: usize, count: u32): u32 {
  return count;
}

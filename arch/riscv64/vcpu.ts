// The vCPU's record on RISC-V: the guest's registers (registers.ts), what core/vcpu.ts has of it, and what its hart needs. Who
// writes it: boot, and then its own hart, but for `software` and what is of the PLIC.

import { LINE_WORDS, VCPU_ARRAYS, VCPU_SIZE, VcpuRecord } from "../../core/vcpu";

@unmanaged
export class Vcpu extends VcpuRecord {
  /** PA of its hart's own interrupt file, at supervisor level: a word written there is an interrupt. */
  interruptFile: u64;
  /** hie, while its guest does not run. */
  enables: u64;
  /** Another vCPU has sent it a software interrupt (softwareInterrupts.ts): set by anybody, taken by its own hart. */
  software: u32;
  /** Of its context of the emulated PLIC (vplic.ts), which others of its partition may write, too. */
  plicThreshold: u32;
  /** Performance counters of its hart that it may have, a bit for each (sbiPmu.ts). */
  counters: u32;

  /** What it has enabled there: a bit for each source. */
  @inline plicEnabled(): usize { return changetype<usize>(this) + VCPU_ARRAYS; }
  @inline softwareAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("software"); }
}

if (VCPU_ARRAYS + 4 * LINE_WORDS > VCPU_SIZE) ERROR("Vcpu: the record is too small");

// For entry.S (build/<core>/offsets.h).
export const VCPU_X0: u32 = offsetof<Vcpu>("x0");
export const VCPU_PARTITION: u32 = offsetof<Vcpu>("partition");

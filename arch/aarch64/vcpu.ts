// The vCPU's record on AArch64: the guest's registers (registers.ts), what core/vcpu.ts has of it, and what the GIC and the traps
// need. Who writes it: its own pCPU, but for `latched` and the words of asks (interruptState.ts): siblings change them.

import { SGI_COUNT } from "./sgis";
import { EXIT_REGISTER } from "../../core/abi";
import { LINE_WORDS, VCPU_ARRAYS, VCPU_EXITS, VCPU_SIZE, VcpuRecord } from "../../core/vcpu";

/** INTIDs 0…1023 as a bitmap. */
export const INTID_WORDS: u32 = LINE_WORDS;
export const SOMETHING_WAITS: u32 = 0xffffffff;
export const MAX_LIST_REGISTERS: u32 = 4; // List registers that are used: as many as Arm's own GICs have

// Behind the core's arrays: u8 × 32 priorities of SGIs and PPIs, then u8 × 16 each: SGIs' senders, active ones' senders, spilled
// ones' sender.
const PRIVATE_PRIORITY: u32 = VCPU_ARRAYS;
const SGI_SENDERS: u32 = PRIVATE_PRIORITY + 32;
const ACTIVE_SENDERS: u32 = SGI_SENDERS + SGI_COUNT;
const SPILLED_SENDER: u32 = ACTIVE_SENDERS + SGI_COUNT;

@unmanaged
export class Vcpu extends VcpuRecord {
  // What the vectors look at or change too.
  priorityMask: u32; // ICC_PMR_EL1 as a direct guest wrote it
  maskTrap: u32; // ESR_EL2 of an `MSR ICC_PMR_EL1, x0` that the vectors may carry out by themselves; 0: of none
  refuses: u32; // A quick trap (quickTraps.ts) leaves the instruction to trapSync
  gicdIpa: u64; // IPA of the partition's emulated GICD: kept here so that a trap looks at one record only
  sgiEnabled: u32; // SGIs enabled in its emulated GICR_ISENABLER0
  waker: u32; // GICR_WAKER as the guest wrote it
  latched: u32; // Level-sensitive PPIs that the guest has made pending by hand: they stay so without their wire
  workarounds: u32; // What firmware says of its workarounds there (psci.ts)
  gicr: u64; // PA of the pCPU's redistributor; GICv2 has none
  /** PA of its bank of registers for SGIs and PPIs, laid out as GICD: GICR's SGI_base, or GICv2's GICD, banked by reader. */
  bank: u64;
  sgiTarget: u64; // ICC_SGI1R_EL1 (GICv2: GICD_SGIR) for an SGI 0 to this pCPU
  gicv2: u32; // GICv2
  interface: u32; // GICv2: bit of its CPU interface in GICD_ITARGETSR
  pmuInterrupt: u32; // INTID of its PMU's overflow: a PPI or an SPI; 0: not wired
  trusted: u32; // Its partition is trusted with its SGIs
  /** List registers that there are; ICH_ELRSR_EL2 if none is in use; the same if nothing waits elsewhere either, else
   *  SOMETHING_WAITS, which it never is. */
  listRegisters: u32;
  unused: u32;
  idle: u32;
  /** What they hold, between unload and refill (listRegisters.ts); as a mask, which of them: that is active. */
  lr0: u64; lr1: u64; lr2: u64; lr3: u64;
  kept: u32;
  /** What it asks its siblings (interruptState.ts): by which instruction, what, of which word and bits; who has to answer; who of
   *  them has not been kicked yet; what they hold. */
  askElr: u64;
  ask: u32;
  askBits: u32;
  askWaiting: u32;
  unkicked: u32;
  askPending: u32;
  askActive: u32;
  repeats: u32; // The instruction that trapped is not done: the guest executes it again
  /** Address of an LDP or STP of which the first half is done (emptySyndrome.ts), and HALF_DONE; what that gave. */
  half: u64;
  firstHalf: u64;
  hcr: u64; // HCR_EL2 while its guest runs
  /** The rest of a direct guest's CPU interface while the vCPU is held. */
  binaryPoint: u32;
  interfaceControl: u32;
  groupEnable: u32;
  activePriorities: u32;

  /** Of an SGI or PPI. */
  @inline ownsPrivate(intid: u32): bool { return ((this.owned(0) >> intid) & 1) != 0; }

  /** Priority of SGI or PPI n, 0…31. */
  @inline privatePriority(n: u32): u8 { return load<u8>(changetype<u32>(this) + n, PRIVATE_PRIORITY); }
  /** Of n…n + 3. */
  @inline privatePriorities(n: u32): u32 { return load<u32>(changetype<u32>(this) + n, PRIVATE_PRIORITY); }
  @inline setPrivatePriority(n: u32, priority: u8): void { store<u8>(changetype<u32>(this) + n, priority, PRIVATE_PRIORITY); }

  /** Who has sent SGI n, in a byte of the word there (sgis.ts); who those are whose SGI n is active in a list register, byte n,
   *  eight at once; and who sent the one that is spilled. */
  @inline sgiSendersAt(n: u32): u32 { return changetype<u32>(this) + SGI_SENDERS + (n & ~3); }
  @inline activeSenders8(n: u32): u64 { return load<u64>(changetype<u32>(this) + n, ACTIVE_SENDERS); }
  @inline activeSenders(n: u32): u32 { return load<u8>(changetype<u32>(this) + n, ACTIVE_SENDERS); }
  @inline setActiveSenders(n: u32, senders: u32): void { store<u8>(changetype<u32>(this) + n, <u8>senders, ACTIVE_SENDERS); }
  @inline clearActiveSenders(): void {
    store<u64>(changetype<u32>(this), 0, ACTIVE_SENDERS);
    store<u64>(changetype<u32>(this), 0, ACTIVE_SENDERS + 8);
  }
  @inline spilledSender(n: u32): u32 { return load<u8>(changetype<u32>(this) + n, SPILLED_SENDER); }
  @inline setSpilledSender(n: u32, index: u32): void { store<u8>(changetype<u32>(this) + n, <u8>index, SPILLED_SENDER); }
  @inline listRegister(n: u32): u64 { return load<u64>(changetype<u32>(this) + (n << 3), offsetof<Vcpu>("lr0")); }
  @inline setListRegister(n: u32, lr: u64): void { store<u64>(changetype<u32>(this) + (n << 3), lr, offsetof<Vcpu>("lr0")); }

  // Addresses of what other pCPUs change: for the atomic intrinsics.
  @inline latchedAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("latched"); }
  @inline askWaitingAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("askWaiting"); }
  @inline askPendingAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("askPending"); }
  @inline askActiveAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("askActive"); }
}

if (SPILLED_SENDER + SGI_COUNT > VCPU_SIZE) ERROR("Vcpu: the record is too small");

// For entry.S (build/core/offsets.h).
export const VCPU_X0: u32 = offsetof<Vcpu>("x0");
export const VCPU_PRIORITY_MASK: u32 = offsetof<Vcpu>("priorityMask");
export const VCPU_MASK_TRAP: u32 = offsetof<Vcpu>("maskTrap");
export const VCPU_REFUSES: u32 = offsetof<Vcpu>("refuses");
export const VCPU_PARTITION: u32 = offsetof<Vcpu>("partition");
export const VCPU_EXITS_REGISTER: u32 = VCPU_EXITS + EXIT_REGISTER * 8;

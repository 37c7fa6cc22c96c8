// The vCPU. It is pinned to one pCPU for life, and a pCPU has one vCPU at most, so one record serves for both: record n
// is pCPU n of the blob, with its vCPU if it has one. Nothing is ever switched; the record lives as long as the board.

import { EXIT_CAUSES } from "./abi";
import { MAX_CPUS } from "../build/generated/blob";

/** Set by other pCPUs in `request` (atomically), then the pCPU is kicked. */
export const REQUEST_START: u32 = 1; // load the partition's images and enter its first instruction
export const REQUEST_HOUSEKEEP: u32 = 2; // the housekeeper has died: be it

/** Whether its pCPU is as planned: FACTS_* in `facts`, said by itself when it comes up. */
export const FACTS_UNKNOWN: u32 = 0;
export const FACTS_RIGHT: u32 = 1;
export const FACTS_WRONG: u32 = 2;

/** INTIDs 0…1023 as a bitmap. */
export const INTID_WORDS: u32 = 32;

//   0        248              …          OWNED           PRIVATE_PRIORITY   SGI_SENDERS ACTIVE_SENDERS SPILLED_SENDER EXITS          SIZE
//  ┌────────┬──────────────────┬──────────┬───────────────┬─────────────────┬───────────┬──────────────┬──────────────┬──────────────┐
//  │x0…x30  │ fields of Vcpu   │ padding  │ bitmap INTIDs │ u8 × 32         │ u8 × 16   │ u8 × 16      │ u8 × 16      │ u64 × causes │
//  └────────┴──────────────────┴──────────┴───────────────┴─────────────────┴───────────┴──────────────┴──────────────┴──────────────┘
const OWNED: u32 = 640;
const PRIVATE_PRIORITY: u32 = OWNED + INTID_WORDS * 4;
const SGI_SENDERS: u32 = PRIVATE_PRIORITY + 32;
const ACTIVE_SENDERS: u32 = SGI_SENDERS + 16;
const SPILLED_SENDER: u32 = ACTIVE_SENDERS + 16;
const EXITS: u32 = SPILLED_SENDER + 16;
export const VCPU_SIZE: u32 = 1024;

export const SOMETHING_WAITS: u32 = 0xffffffff;
/** List registers that are used: as many as Arm's own GICs have. */
export const MAX_LIST_REGISTERS: u32 = 4;

/** Number of the zero register where an instruction names a register (ISS.SRT, ISS.Rt). */
export const XZR: u32 = 31;

@unmanaged
export class Vcpu {
  // The guest's general registers: saved and restored by the vectors (entry.S), at fixed offsets 8·n.
  x0: u64; x1: u64; x2: u64; x3: u64; x4: u64; x5: u64; x6: u64; x7: u64;
  x8: u64; x9: u64; x10: u64; x11: u64; x12: u64; x13: u64; x14: u64; x15: u64;
  x16: u64; x17: u64; x18: u64; x19: u64; x20: u64; x21: u64; x22: u64; x23: u64;
  x24: u64; x25: u64; x26: u64; x27: u64; x28: u64; x29: u64; x30: u64;

  // What the vectors look at or change too, at the offsets that entry.S has for them.
  /** ICC_PMR_EL1 as a direct guest wrote it. */
  priorityMask: u32;
  /** ESR_EL2 of an `MSR ICC_PMR_EL1, x0` that the vectors may carry out by themselves; 0: of none. */
  maskTrap: u32;
  /** How often they have. */
  maskWrites: u64;
  /** A quick trap (quickTraps.ts) leaves the instruction to trapSync. */
  refuses: u32;
  /** IPA of the partition's emulated GICD: kept here so that a trap looks at one record only. */
  gicdIpa: u64;
  /** Index of the pCPU; also bit number in every mask of pCPUs. */
  pcpu: u32;
  /** Index of the partition, NONE for a spare pCPU. */
  partition: u32;
  /** Where its record stands (partition.ts, ownerOf): an exit looks at it first of all. */
  owner: usize;
  /** Index within the partition: MPIDR_EL1.Aff0 as the guest sees it. */
  index: u32;
  /** VCPU_OFF, VCPU_ON_PENDING, VCPU_ON. Changed by CPU_ON of another vCPU too: compare-exchange. */
  state: u32;
  /** REQUEST_* bits, set by anybody, taken by its own pCPU. */
  request: u32;
  /** SGIs enabled in its emulated GICR_ISENABLER0. */
  sgiEnabled: u32;
  /** GICR_WAKER as the guest wrote it. */
  waker: u32;
  /** Level-sensitive PPIs that the guest has made pending by hand: they stay so without their wire. */
  latched: u32;
  /** Set where the housekeeping tick runs. */
  housekeeper: u32;
  facts: u32;
  /** What firmware says of its workarounds there (psci.ts). */
  workarounds: u32;
  /** Its pCPU has panicked, or never started. */
  dead: u32;
  /** From PSCI CPU_ON: first instruction (IPA), and x0 there. */
  entry: u64;
  context: u64;
  /** Affinity of the pCPU, as GICD_IROUTER and CPU_ON want it. */
  mpidr: u64;
  /** PA of the pCPU's redistributor; GICv2 has none. */
  gicr: u64;
  /** PA of its bank of registers for SGIs and PPIs, laid out as GICD: GICR's SGI_base, or GICv2's GICD, banked by reader. */
  bank: u64;
  /** ICC_SGI1R_EL1 (GICv2: GICD_SGIR) for an SGI 0 to this pCPU. */
  sgiTarget: u64;
  /** GICv2. */
  gicv2: u32;
  /** GICv2: bit of its CPU interface in GICD_ITARGETSR. */
  interface: u32;
  /** Its partition has direct interrupts; and is trusted with its SGIs. */
  direct: u32;
  trusted: u32;
  /** Kicks that others are about to send: until they are there, a direct vCPU does not enter its guest (lifecycle.ts). */
  kicksAnnounced: u32;
  /** Its guest runs: 0 while it is held, too. */
  inGuest: u32;
  /** List registers that there are; ICH_ELRSR_EL2 if none is in use; the same if nothing waits elsewhere either, else SOMETHING_WAITS, which it never is. */
  listRegisters: u32;
  unused: u32;
  idle: u32;
  /** What they hold, between unload and refill (listRegisters.ts); as a mask, which of them: that is active. */
  lr0: u64; lr1: u64; lr2: u64; lr3: u64;
  kept: u32;
  /** What it asks its siblings (asks.ts): by which instruction, what, of which word and bits; who has to answer; who of them has not been kicked yet; what they hold. */
  askElr: u64;
  ask: u32;
  askBits: u32;
  askWaiting: u32;
  unkicked: u32;
  askPending: u32;
  askActive: u32;
  /** The instruction that trapped is not done: the guest executes it again. */
  repeats: u32;
  /** Address of an LDP or STP of which the first half is done (emptySyndrome.ts), and HALF_DONE; what that gave. */
  half: u64;
  firstHalf: u64;
  /** HCR_EL2 while its guest runs. */
  hcr: u64;
  /** The rest of a direct guest's CPU interface while the vCPU is held. */
  binaryPoint: u32;
  interfaceControl: u32;
  groupEnable: u32;
  activePriorities: u32;
  /** Cache refills, or bus accesses, that it may cause in a period; 0: as many as it likes. */
  refills: u32;
  /** It has used them up, and is held until the period is over; how often that has happened; when the period ends. */
  isThrottled: u32;
  throttled: u64;
  periodEnd: u64;
  /** Ticks it stood still by the hypervisor's will, and since when (0: it does not). */
  held: u64;
  heldSince: u64;
  /** Doorbells it sent. */
  doorbells: u64;
  /** What its pCPU does a step at a time (lifecycle.ts, STEP_*; 0: nothing), which part of it, and how many bytes of that are done. */
  step: u32;
  item: u32;
  done: u64;

  /** General register n; 31 is the zero register. */
  @inline register(n: u32): u64 { return n == XZR ? 0 : load<u64>(changetype<u32>(this) + (n << 3)); }
  @inline setRegister(n: u32, value: u64): void { if (n != XZR) store<u64>(changetype<u32>(this) + (n << 3), value); }

  /** Word k of the bitmap of INTIDs whose interrupts belong to its partition: PPIs (and SGIs, where they are direct) in word 0, SPIs from word 1 on. */
  @inline owned(k: u32): u32 { return load<u32>(changetype<u32>(this) + (k << 2), OWNED); }
  @inline setOwned(k: u32, bits: u32): void { store<u32>(changetype<u32>(this) + (k << 2), bits, OWNED); }
  /** Of an SGI or PPI. */
  @inline ownsPrivate(intid: u32): bool { return ((this.owned(0) >> intid) & 1) != 0; }
  @inline owns(intid: u32): bool { return ((this.owned(intid >> 5) >> (intid & 31)) & 1) != 0; }

  /** Priority of SGI or PPI n, 0…31. */
  @inline privatePriority(n: u32): u8 { return load<u8>(changetype<u32>(this) + n, PRIVATE_PRIORITY); }
  /** Of n…n + 3. */
  @inline privatePriorities(n: u32): u32 { return load<u32>(changetype<u32>(this) + n, PRIVATE_PRIORITY); }
  @inline setPrivatePriority(n: u32, priority: u8): void { store<u8>(changetype<u32>(this) + n, priority, PRIVATE_PRIORITY); }

  /** Who has sent SGI n, in a byte of the word there (sgis.ts); who those are whose SGI n is active in a list register, byte n, eight at once; and who sent the one that is spilled. */
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
  @inline exits(cause: u32): u64 { return load<u64>(changetype<u32>(this) + (cause << 3), EXITS); }

  @inline countExit(cause: u32): void {
    const at = changetype<u32>(this) + (cause << 3);
    store<u64>(at, load<u64>(at, EXITS) + 1, EXITS);
  }

  // Addresses of what other pCPUs change: for the atomic intrinsics.
  @inline stateAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("state"); }
  @inline factsAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("facts"); }
  @inline requestAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("request"); }
  @inline kicksAnnouncedAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("kicksAnnounced"); }
  @inline deadAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("dead"); }
  @inline latchedAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("latched"); }
  @inline askWaitingAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("askWaiting"); }
  @inline askPendingAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("askPending"); }
  @inline askActiveAt(): u32 { return changetype<u32>(this) + offsetof<Vcpu>("askActive"); }
}

const vcpus: usize = memory.data(VCPU_SIZE * MAX_CPUS, 64);
/** Where it is written which pCPU keeps house (panic.ts). */
export const housekeeperAt: u32 = <u32>memory.data(4, 4);

/** Record of pCPU n; n < MAX_CPUS is the caller's to have checked. */
@inline export function vcpuOf(pcpu: u32): Vcpu { return changetype<Vcpu>(vcpus + pcpu * VCPU_SIZE); }

if (offsetof<Vcpu>("partition") != 284) ERROR("Vcpu: entry.S looks for its partition elsewhere");
// The fields may not grow into the bitmaps, nor the counters out of the record.
if (offsetof<Vcpu>("priorityMask") != 248 || offsetof<Vcpu>("maskTrap") != 252 || offsetof<Vcpu>("maskWrites") != 256 || offsetof<Vcpu>("refuses") != 264) {
  ERROR("Vcpu: entry.S has other offsets");
}
if (offsetof<Vcpu>() > OWNED || EXITS + EXIT_CAUSES * 8 > VCPU_SIZE) ERROR("Vcpu: the layout above is out of step");

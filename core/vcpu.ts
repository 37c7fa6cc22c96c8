// The vCPU. It is pinned to one pCPU for life, and a pCPU has one vCPU at most, so one record serves for both: record n
// is pCPU n of the blob, with its vCPU if it has one. Nothing is ever switched; the record lives as long as the board.
//
//   who writes            which fields                                   when
//   ────────────────────  ─────────────────────────────────────────────  ──────────────────────────────────────────────────
//   boot                  pcpu, partition, index, id, lines, direct      before any guest; they stay
//   anybody               request, kicksAnnounced                        atomically; then the pCPU is kicked (kicks.ts)
//   another vCPU's "on"   state OFF → ON_PENDING (compare-exchange)      then entry, context, then active, then a kick
//   its own pCPU          all others: state, inGuest, held, step, exits  state OFF last of all: then it can be switched on again
//
//   OFF ──start, or "on" of another──▶ ON_PENDING ──its pCPU enters──▶ ON ──it leaves (off, stop, fault)──▶ OFF
//                                                                     │ ▲
//                                                             pause ──┘ └── resume: held, inGuest 0, its registers kept

import { EXIT_CAUSES } from "./abi";
import { MAX_CPUS } from "../build/generated/blob";
import { Registers, Vcpu } from "../build/generated/isa";

export { Vcpu } from "../build/generated/isa";

/** Set by other pCPUs in `request` (atomically), then the pCPU is kicked. */
export const REQUEST_START: u32 = 1; // load the partition's images and enter its first instruction
export const REQUEST_HOUSEKEEP: u32 = 2; // the housekeeper has died: be it

/** Whether its pCPU is as planned: FACTS_* in `facts`, said by itself when it comes up. */
export const FACTS_UNKNOWN: u32 = 0;
export const FACTS_RIGHT: u32 = 1;
export const FACTS_WRONG: u32 = 2;

export const LINE_WORDS: u32 = 32; // Lines of interrupts, 0…1023, as a bitmap: what a number means is the ISA's to say

/** What the core needs of a vCPU; the ISA's Registers come before it, and what else it wants in Vcpu, which extends this. */
@unmanaged
export class VcpuRecord extends Registers {
  pcpu: u32; // Index of the pCPU; also bit number in every mask of pCPUs
  partition: u32; // Index of the partition, NONE for a spare pCPU
  owner: usize; // Where its record stands (partition.ts, ownerOf): an exit looks at it first of all
  index: u32; // Index within the partition
  state: u32; // VCPU_OFF, VCPU_ON_PENDING, VCPU_ON
  request: u32; // REQUEST_* bits, set by anybody, taken by its own pCPU
  /** Set where the housekeeping tick runs. */
  housekeeper: u32;
  facts: u32;
  dead: u32; // Its pCPU has panicked, or never started
  /** From whoever switched it on: first instruction (IPA), and its argument. */
  entry: u64;
  context: u64;
  id: u64; // What the ISA calls the pCPU
  direct: u32; // Its partition has direct interrupts
  /** Kicks that others are about to send: until they are there, a direct vCPU does not enter its guest (kicks.ts). */
  kicksAnnounced: u32;
  inGuest: u32; // Its guest runs: 0 while it is held, too
  refills: u32; // Cache refills, or bus accesses, that it may cause in a period; 0: as many as it likes
  /** It has used them up, and is held until the period is over; how often that has happened; when the period ends. */
  isThrottled: u32;
  throttled: u64;
  periodEnd: u64;
  /** Ticks it stood still by the hypervisor's will, and since when (0: it does not). */
  held: u64;
  heldSince: u64;
  doorbells: u64; // Doorbells it sent
  /** What its pCPU does a step at a time (lifecycle.ts, STEP_*; 0: nothing), which part of it, how many bytes of that so far. */
  step: u32;
  item: u32;
  done: u64;

  /** Word k of the bitmap of lines that belong to its partition. */
  @inline owned(k: u32): u32 { return load<u32>(changetype<u32>(this) + (k << 2), OWNED); }
  @inline setOwned(k: u32, bits: u32): void { store<u32>(changetype<u32>(this) + (k << 2), bits, OWNED); }
  @inline owns(line: u32): bool { return ((this.owned(line >> 5) >> (line & 31)) & 1) != 0; }

  @inline exits(cause: u32): u64 { return load<u64>(changetype<u32>(this) + (cause << 3), VCPU_EXITS); }

  @inline countExit(cause: u32): void {
    const at = changetype<u32>(this) + (cause << 3);
    store<u64>(at, load<u64>(at, VCPU_EXITS) + 1, VCPU_EXITS);
  }

  // Addresses of what other pCPUs change: for the atomic intrinsics.
  @inline stateAt(): u32 { return changetype<u32>(this) + offsetof<VcpuRecord>("state"); }
  @inline factsAt(): u32 { return changetype<u32>(this) + offsetof<VcpuRecord>("facts"); }
  @inline requestAt(): u32 { return changetype<u32>(this) + offsetof<VcpuRecord>("request"); }
  @inline kicksAnnouncedAt(): u32 { return changetype<u32>(this) + offsetof<VcpuRecord>("kicksAnnounced"); }
  @inline deadAt(): u32 { return changetype<u32>(this) + offsetof<VcpuRecord>("dead"); }
}

// Behind the ISA's fields:
//
//   ┌──────────────────┬───────────────┬──────────────────┬───────────────┬─────────┐
//   │ fields of Vcpu   │ bitmap: OWNED │ u64 × EXIT_CAUSES│ arrays of the │ padding │   VCPU_SIZE in all
//   │                  │               │                  │ ISA's         │         │
//   └──────────────────┴───────────────┴──────────────────┴───────────────┴─────────┘
const OWNED: u32 = (offsetof<Vcpu>() + 15) & ~15;
export const VCPU_EXITS: u32 = OWNED + LINE_WORDS * 4;
/** Where the ISA's arrays begin. */
export const VCPU_ARRAYS: u32 = (VCPU_EXITS + EXIT_CAUSES * 8 + 15) & ~15;
export const VCPU_SIZE: u32 = 1024;

const vcpus: usize = memory.data(VCPU_SIZE * MAX_CPUS, 64);
export const housekeeperAt: u32 = <u32>memory.data(4, 4); // Where it is written which pCPU keeps house (panic.ts)

/** Record of pCPU n; n < MAX_CPUS is the caller's to have checked. */
@inline export function vcpuOf(pcpu: u32): Vcpu { return changetype<Vcpu>(vcpus + pcpu * VCPU_SIZE); }

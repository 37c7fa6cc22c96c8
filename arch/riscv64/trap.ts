// Why a guest has come to the hypervisor: a call, an interrupt of ours, or what it did.

import {
  csrc_sip, csrr_htval, csrr_scause, csrr_sepc, csrr_stval, csrr_time, csrw_sepc, hfenceGvma,
} from "../../build/generated/riscv64";
import { REGION_EXECUTE, REGION_READ, REGION_WRITE } from "../../build/generated/blob";
import {
  EVENT_FAULT, EXIT_FAULT, EXIT_FIRMWARE_CALL, EXIT_HYPERCALL, EXIT_INTERRUPT, EXIT_KICK, EXIT_REGISTER, EXIT_TICK, STATE_RUNNING,
  STOP_FAULT,
} from "../../core/abi";
import { regionAt } from "../../core/blob";
import { recordEvent } from "../../core/events";
import { obey, RESUME, stopOwn } from "../../core/lifecycle";
import { tickPiece } from "../../core/housekeeper";
import { otherCall, quickCall } from "../../core/hypercall";
import { kicked } from "../../core/parked";
import { ownerOf, Partition, stateOf } from "../../core/partition";
import { CALL_EXTENSION } from "./calls";
import {
  CAUSE_EXTERNAL, CAUSE_FETCH_GUEST_PAGE_FAULT, CAUSE_ILLEGAL_INSTRUCTION, CAUSE_LOAD_GUEST_PAGE_FAULT, CAUSE_SOFTWARE,
  CAUSE_STORE_GUEST_PAGE_FAULT, CAUSE_TIMER, CAUSE_VIRTUAL_INSTRUCTION, CAUSE_VS_ECALL, SSI,
} from "./csrs";
import { inject } from "./exceptions";
import { claimSource } from "./imsic";
import { answerSbi, give } from "./sbi";
import { Vcpu } from "./vcpu";
import { arrive } from "./vplic";

/** Of an ecall. */
const INSTRUCTION_BYTES: u64 = 4;
/** How many calls are waited for (core/hypercall.ts, quickCall). For entry.S. */
export const QUICK_CALLS: u32 = 2;
/** The largest call there can be: what a guest has in a6 has 64 bits. */
const CALL_MAX: u64 = 0xffffffff;

/** A call below QUICK_CALLS of our own: its result, or an error, which is negative. Few registers are saved for it (entry.S). */
export function handleQuickCall(vcpu: Vcpu, call: u32): i64 {
  vcpu.countExit(EXIT_HYPERCALL);
  return quickCall(vcpu, ownerOf(vcpu), call);
}

/** Any other trap, but for loads and stores (access.ts). RESUME, PARK or AGAIN. */
export function handleTrap(vcpu: Vcpu): u32 {
  const cause = csrr_scause();
  if (<i64>cause < 0) return interrupted(vcpu, cause);
  return cause == CAUSE_VS_ECALL ? slowCall(vcpu, ownerOf(vcpu)) : excepted(vcpu, ownerOf(vcpu), cause);
}

function slowCall(vcpu: Vcpu, partition: Partition): u32 {
  const isOwn = vcpu.a7 == CALL_EXTENSION;
  vcpu.countExit(isOwn ? EXIT_HYPERCALL : EXIT_FIRMWARE_CALL);
  csrw_sepc(csrr_sepc() + INSTRUCTION_BYTES);
  if (!isOwn) return answerSbi(vcpu, partition);
  return give(vcpu, otherCall(vcpu, partition, <u32>min<u64>(vcpu.a6, CALL_MAX)));
}

/** Only our own come here, and sources of an injected guest. */
function interrupted(vcpu: Vcpu, cause: u64): u32 {
  if (cause == CAUSE_TIMER) {
    vcpu.countExit(EXIT_TICK);
    tickPiece();
  } else if (cause == CAUSE_EXTERNAL) {
    const source = claimSource();
    vcpu.countExit(source != 0 ? EXIT_INTERRUPT : EXIT_KICK);
    if (source == 0) return kicked(vcpu);
    arrive(vcpu, source);
  } else if (cause == CAUSE_SOFTWARE) {
    csrc_sip(SSI); // nobody's: firmware sends it for who asks, and nobody does
  }
  return RESUME;
}

function excepted(vcpu: Vcpu, partition: Partition, cause: u64): u32 {
  if (cause == CAUSE_VIRTUAL_INSTRUCTION) {
    vcpu.countExit(EXIT_REGISTER);
    return inject(CAUSE_ILLEGAL_INSTRUCTION);
  }
  return faulted(vcpu, partition, cause, csrr_htval() << 2 | csrr_stval() & 3);
}

/** Nothing is there for it. */
export function faulted(vcpu: Vcpu, partition: Partition, cause: u64, ipa: u64): u32 {
  if (vcpu.direct != 0) {
    // It may have found its memory taken away: because it has to leave, or (given back by now) had to.
    if (stateOf(partition) != STATE_RUNNING) return obey(vcpu, partition);
    const region = regionAt(partition.plan, ipa);
    const access = accessOf(cause);
    if (access != 0 && region !== null && (region.access & access) != 0) {
      hfenceGvma(); // that an entry was invalid may be remembered too
      return RESUME;
    }
  }
  vcpu.countExit(EXIT_FAULT);
  recordEvent(EVENT_FAULT, partition.index, csrr_time(), cause, ipa, csrr_sepc());
  return stopOwn(vcpu, partition, STOP_FAULT);
}

/** What a guest page fault's instruction wanted; 0: it is none. */
function accessOf(cause: u64): u32 {
  if (cause == CAUSE_FETCH_GUEST_PAGE_FAULT) return REGION_EXECUTE;
  return cause == CAUSE_LOAD_GUEST_PAGE_FAULT ? REGION_READ : cause == CAUSE_STORE_GUEST_PAGE_FAULT ? REGION_WRITE : 0;
}

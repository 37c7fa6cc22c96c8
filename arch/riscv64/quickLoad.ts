// A guest's load of a word from its APLIC, but for targets: what its drivers wait for. It is carried out before entry.S has saved
// s0 to s11, so into none of those; a leaf that needs no stack. All else is access.ts's, of which this is the shorter way, no
// other one.

import { csrr_htinst, csrr_htval, csrr_scause, csrr_sepc, csrr_stval, csrw_sepc } from "../../build/generated/riscv64";
import { EXIT_CONTROLLER } from "../../core/abi";
import { ownerOf } from "../../core/partition";
import { isWalk } from "./access";
import { TARGET } from "./aplic";
import { CAUSE_LOAD_GUEST_PAGE_FAULT } from "./csrs";
import { readBelowTargets } from "./vaplic";
import { Vcpu } from "./vcpu";

// LW and C.LW (loadStore.ts).
const LW_MASK: u32 = 0x707f;
const LW: u32 = 0x2003;
const C_LW_MASK: u32 = 0xe003;
const C_LW: u32 = 0x4000;
/** x0, s0, s1, s2 to s11. */
const NOT_SAVED: u32 = 0x0ffc0301;

/** `word`: the instruction, or 0. 1: it is done; 0: it is another one, or elsewhere, and nothing has been done. */
export function quickLoad(vcpu: Vcpu, word: u32): u32 {
  const register = destination(word);
  const partition = ownerOf(vcpu);
  const plan = partition.plan;
  const offset = (csrr_htval() << 2 | csrr_stval() & 3) - plan.controller;
  if (((NOT_SAVED >> register) & 1) != 0 || offset >= TARGET || (offset & 3) != 0) return 0;
  if (vcpu.direct == 0 || plan.controller == 0 || csrr_scause() != CAUSE_LOAD_GUEST_PAGE_FAULT || isWalk(csrr_htinst())) return 0;
  vcpu.countExit(EXIT_CONTROLLER);
  vcpu.setRegister(register, <u64><i64><i32>readBelowTargets(vcpu, partition, <u32>offset));
  csrw_sepc(csrr_sepc() + ((word & 3) == 3 ? 4 : 2));
  return 1;
}

/** 0: it is no such load. */
@inline function destination(word: u32): u32 {
  if ((word & LW_MASK) == LW) return (word >> 7) & 31;
  return (word & C_LW_MASK) == C_LW ? (word >> 2) & 7 | 8 : 0;
}

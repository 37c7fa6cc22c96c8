// A guest's load of a word from its APLIC, but for targets: what its drivers wait for. It is carried out before entry.S has saved
// s0 to s11, so into none of those; a leaf that needs no stack. All else is access.ts's, of which this is the shorter way, no
// other one.

import { csrr_htinst, csrr_htval, csrr_sepc, csrr_stval, csrw_sepc } from "../../build/generated/riscv64";
import { EXIT_CONTROLLER } from "../../core/abi";
import { ownerOf } from "../../core/partition";
import { TARGET } from "./aplic";
import { readBelowTargets } from "./vaplic";
import { Vcpu } from "./vcpu";

// LW and C.LW (loadStore.ts); and C.LW as htinst has it.
const LW_MASK: u32 = 0x707f;
const LW: u32 = 0x2003;
const LW_COMPRESSED: u32 = 0x2001;
const C_LW_MASK: u32 = 0xe003;
const C_LW: u32 = 0x4000;
/** x0, s0, s1, s2 to s11. */
const NOT_SAVED: u32 = 0x0ffc0301;

/** `word`: as handleAccess has it. 1: it is done; 0: it is another one, or elsewhere, and nothing has been done. */
export function quickLoad(vcpu: Vcpu, word: u32): u32 {
  const register = destination(word);
  const partition = ownerOf(vcpu);
  const plan = partition.plan;
  const offset = (csrr_htval() << 2 | csrr_stval() & 3) - plan.controller;
  // In words: a misaligned one is far away.
  if (((NOT_SAVED >> register) & 1) != 0 || rotr<u64>(offset, 2) >= TARGET >> 2) return 0;
  if (vcpu.direct == 0 || plan.controller == 0) return 0;
  vcpu.countExit(EXIT_CONTROLLER);
  vcpu.setRegister(register, <u64><i64><i32>readBelowTargets(vcpu, partition, <u32>offset));
  csrw_sepc(csrr_sepc() + ((word & 2) != 0 ? 4 : 2));
  return 1;
}

/** 0: it is no such load; a walk that htinst tells of is none either. */
@inline function destination(word: u32): u32 {
  const inHtinst = (word & LW_MASK) == LW_COMPRESSED && csrr_htinst() != 0;
  if ((word & LW_MASK) == LW || inHtinst) return (word >> 7) & 31;
  return (word & C_LW_MASK) == C_LW ? (word >> 2) & 7 | 8 : 0;
}

// What boot does of RISC-V (core/boot.ts says when): what a hart's record has, and the registers of each hart.

import {
  clearGuest, clearVirtualInterrupts, csrc_sip, csrw_hcounteren, csrw_hedeleg, csrw_henvcfg, csrw_hgeie, csrw_hideleg,
  csrw_htimedelta, csrw_sie, csrw_stimecmp, hfenceGvma, hfenceVvma, limitState,
} from "../../build/generated/riscv64";
import { BlobCpu, blobPartition, NONE, PARTITION_PMU } from "../../build/generated/blob";
import { HCOUNTEREN_PMU, HCOUNTEREN_TM, HEDELEG, HENVCFG, HSTATEEN0, NEVER, SEI, SSI, STI, VS_INTERRUPTS } from "./csrs";
import { enterGuestStage } from "./guestStage";
import { fileOf, initFile } from "./imsic";
import { findCounters } from "./sbiPmu";
import { Vcpu } from "./vcpu";

/** What the record of a hart (all zeros) has of it. */
export function planIsaVcpu(vcpu: Vcpu, plan: BlobCpu): void {
  vcpu.id = plan.id;
  vcpu.interruptFile = fileOf(plan.id);
}

/** The hart's own registers, that stay as they are from now on. */
export function initPcpu(vcpu: Vcpu): bool {
  csrw_stimecmp(NEVER);
  csrw_hgeie(0);
  clearVirtualInterrupts();
  clearGuest();
  csrw_hedeleg(HEDELEG);
  csrw_hideleg(VS_INTERRUPTS);
  csrw_henvcfg(HENVCFG);
  limitState(HSTATEEN0);
  csrw_htimedelta(0);
  const counts = vcpu.partition != NONE && (blobPartition(vcpu.partition).flags & PARTITION_PMU) != 0;
  csrw_hcounteren(counts ? HCOUNTEREN_PMU : HCOUNTEREN_TM);
  if (counts) vcpu.counters = findCounters();
  if (vcpu.partition != NONE) enterGuestStage(vcpu.partition);
  hfenceGvma();
  hfenceVvma();
  initFile(vcpu);
  csrc_sip(SSI);
  csrw_sie(SEI | STI | SSI); // the kick, and sources; the tick; and what entry.S wakes itself by
  return true;
}

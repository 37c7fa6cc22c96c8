// What a new life of a vCPU finds in the registers of its hart that an earlier one could have written: nothing of it.

import {
  clearFloats, clearGuest, clearVectors, csrr_hie, csrr_sstatus, csrs_sstatus, csrw_hie, csrw_hstatus, csrw_htimedelta, csrw_hvip,
  csrw_sepc, csrw_vsstatus, csrw_vstimecmp, fenceI, hfenceVvma,
} from "../../build/generated/riscv64";
import { PARTITION_OWN_CLOCK } from "../../build/generated/blob";
import { bound } from "../../build/generated/cpu";
import { Partition } from "../../core/partition";
import {
  HSTATUS_DIRECT, HSTATUS_GUEST, NEVER, SSTATUS_FS, SSTATUS_SPP, SSTATUS_UXL_64, SSTATUS_VS, VS_INTERRUPTS,
} from "./csrs";
import { resetGuestFile } from "./imsic";
import { REGISTERS } from "./registers";
import { endCounters } from "./sbiPmu";
import { Vcpu } from "./vcpu";

/** The vCPU begins at `entry` with its hart's number in a0 and `context` in a1, and finds nothing of an earlier life. */
export function resetVcpu(vcpu: Vcpu, partition: Partition, entry: u64, context: u64): void {
  memory.fill(changetype<usize>(vcpu), 0, REGISTERS << 3);
  vcpu.x10 = vcpu.index;
  vcpu.x11 = context;
  csrs_sstatus(SSTATUS_FS | SSTATUS_VS); // the guest's to switch on
  if ((csrr_sstatus() & SSTATUS_FS) != 0) clearFloats(); // else there are none
  if ((csrr_sstatus() & SSTATUS_VS) != 0) clearVectors(); // or it traps: before hstatus and SPP are set, which a trap changes
  csrw_hstatus(vcpu.direct != 0 ? HSTATUS_DIRECT : HSTATUS_GUEST);
  quietVcpu(vcpu);
  clearGuest();
  csrs_sstatus(SSTATUS_SPP); // to VS-mode
  csrw_vsstatus(SSTATUS_UXL_64);
  csrw_sepc(entry);
  // time is less by this. One clock for all: what two partitions stamp can be compared.
  csrw_htimedelta((partition.plan.flags & PARTITION_OWN_CLOCK) != 0 ? 0 - partition.started : 0);
  vcpu.enables = 0;
  vcpu.software = 0;
  hfenceVvma();
  fenceI(); // another vCPU may have written what this one executes next
}

/** The vCPU has left its guest for good: nothing of it goes on by itself, is pending or active. */
export function quietVcpu(vcpu: Vcpu): void {
  csrw_hie(0);
  csrw_vstimecmp(NEVER);
  csrw_hvip(0);
  endCounters(vcpu);
  if (vcpu.direct != 0) resetGuestFile();
}

/** Its guest does not run: of its interrupts none comes, and none wakes the hart. */
export function closeInterrupts(vcpu: Vcpu): void {
  vcpu.inGuest = 0;
  vcpu.enables = csrr_hie() & VS_INTERRUPTS;
  csrw_hie(0);
}

/** Its guest runs. The hypervisor's own come all the same. */
export function openInterrupts(vcpu: Vcpu): void {
  vcpu.inGuest = 1;
  csrw_hie(vcpu.enables);
}

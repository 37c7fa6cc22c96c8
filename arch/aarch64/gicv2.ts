// What only a GICv2 has: its CPU interface, physical (GICC) and virtual (GICH), in registers in memory, each pCPU's own at the
// same place (IHI 0048, chapters 4.4 and 5.3). GICV, through which a guest talks to the virtual one, is mapped to it (plan), and
// never used here.
//
// GICH_LR<n>:  31 30  29 28   27      23 22 20 19           10 9         0
//             ┌──┬───┬───────┬──────────┬─────┬───────────────┬───────────┐
//             │HW│Grp│ State │ Priority │     │PhysicalID     │ VirtualID │   HW = 0: 12…10 who sent the SGI, 19 EOI
//             └──┴───┴───────┴──────────┴─────┴───────────────┴───────────┘

import { bound, mmioRead32, mmioWrite32, mmioWrite8 } from "../../build/generated/aarch64";
import { BlobCpu, machine } from "../../build/generated/blob";
import { mapDevice } from "../../core/ownMemory";
import { MAX_LIST_REGISTERS, Vcpu } from "./vcpu";
import {
  CPENDSGIR, GICC_BYTES, GICD_CTLR, GICD_SGIR, GICH_BYTES, HIGHEST_GUEST_PRIORITY, ISENABLER, KICK_SGI, SGIR_TARGETS_SHIFT,
} from "./gic";
import { SGI_COUNT } from "./sgis";

const GICC_CTLR: u32 = 0x00;
const GICC_PMR: u32 = 0x04;
const GICC_BPR: u32 = 0x08;
const GICC_IAR: u32 = 0x0c;
const GICC_EOIR: u32 = 0x10;
const GICC_RPR: u32 = 0x14;
const GICC_APR0: u32 = 0xd0;
export const GICC_IIDR: u32 = 0xfc;
export const GICC_DIR: u32 = 0x1000;
const GICH_HCR: u32 = 0x00;
const GICH_VTR: u32 = 0x04;
const GICH_VMCR: u32 = 0x08;
const GICH_ELRSR0: u32 = 0x30;
const GICH_APR: u32 = 0xf0;
const GICH_LR0: u32 = 0x100;

/** The group that we see; EOImode in the view that we have (EOImodeS without Security Extensions, EOImodeNS with them). */
const CTLR_ENABLE: u32 = 1 << 0;
const CTLR_EOIMODE: u32 = 1 << 9;
const PMR_ALL: u32 = 0xff;
const IDLE: u32 = 0xff; // RPR: no interrupt is active
export const IAR_INTID: u32 = 0x3ff; // IAR: INTID, and the pCPU that sent it if it is an SGI

/** Reads IAR: INTID (1023: none) and sender. */
@inline export function acknowledgeV2(): u32 { return mmioRead32(machine().gicc + GICC_IAR); }

/** EOIR: the priority drops. `iar` as it was read. */
@inline export function dropPriorityV2(iar: u32): void { mmioWrite32(machine().gicc + GICC_EOIR, iar); }
@inline export function deactivateV2(iar: u32): void { mmioWrite32(machine().gicc + GICC_DIR, iar); }

/** The hypervisor's own interrupts alone come through. */
export function parkV2(): void {
  const gicc = machine().gicc;
  mmioWrite32(gicc + GICC_PMR, HIGHEST_GUEST_PRIORITY);
  mmioWrite32(gicc + GICC_BPR, 0);
  mmioWrite32(gicc + GICC_APR0, 0);
  mmioWrite32(gicc + GICC_CTLR, CTLR_ENABLE | CTLR_EOIMODE);
}

/** As closeV3, openV3, resetDirectV3. A direct guest owns GICC, so here its PMR can shut the kick out too. */
export function closeV2(vcpu: Vcpu): void {
  const gicc = machine().gicc;
  if (vcpu.direct != 0) {
    vcpu.priorityMask = mmioRead32(gicc + GICC_PMR);
    vcpu.binaryPoint = mmioRead32(gicc + GICC_BPR);
    vcpu.interfaceControl = mmioRead32(gicc + GICC_CTLR);
    vcpu.activePriorities = mmioRead32(gicc + GICC_APR0);
  }
  parkV2();
}

export function openV2(vcpu: Vcpu): void {
  const gicc = machine().gicc;
  if (vcpu.direct == 0) return mmioWrite32(gicc + GICC_PMR, PMR_ALL);
  mmioWrite32(gicc + GICC_BPR, vcpu.binaryPoint);
  mmioWrite32(gicc + GICC_CTLR, vcpu.interfaceControl);
  mmioWrite32(gicc + GICC_APR0, vcpu.activePriorities);
  mmioWrite32(gicc + GICC_PMR, vcpu.priorityMask);
}

export function resetDirectV2(vcpu: Vcpu): void {
  // QEMU finds its running priority anew when an interrupt ends, and not when APR0 is written: so one ends.
  if (mmioRead32(machine().gicc + GICC_RPR) != IDLE) dropPriorityV2(KICK_SGI);
  vcpu.activePriorities = 0;
  vcpu.binaryPoint = 0;
  vcpu.interfaceControl = 0;
}

@inline export function interruptsEnabledV2(): bool { return (mmioRead32(machine().gicc + GICC_CTLR) & CTLR_ENABLE) != 0; }
@inline export function typeV2(): u32 { return mmioRead32(machine().gich + GICH_VTR); }
@inline export function emptyListRegistersV2(): u32 { return mmioRead32(machine().gich + GICH_ELRSR0); }
@inline export function readControlV2(): u32 { return mmioRead32(machine().gich + GICH_HCR); }
@inline export function writeControlV2(value: u32): void { mmioWrite32(machine().gich + GICH_HCR, value); }

export function resetVirtualV2(): void {
  const gich = machine().gich;
  mmioWrite32(gich + GICH_APR, 0);
  mmioWrite32(gich + GICH_VMCR, 0);
}

/** Moves list registers into the vCPU's record, in the form of an ICH_LR<n>_EL2 (cpuInterface.ts). */
export function saveListRegistersV2(vcpu: Vcpu, used: u32): void {
  for (let i: u32 = 0, left = used; left != 0; i++, left &= left - 1) {
    bound(i, MAX_LIST_REGISTERS);
    const at = machine().gich + GICH_LR0 + (ctz(left) << 2);
    const lr = mmioRead32(at);
    const physical = (lr >> 10) & 0x3ff;
    vcpu.setListRegister(<u32>ctz(left), <u64>(lr & 0x3ff) | <u64>((lr >> 31) != 0 ? physical : physical & 0x207) << 32 |
      <u64>((lr >> 23) & 31) << 51 | <u64>(lr >> 31) << 61 | <u64>((lr >> 28) & 3) << 62);
    mmioWrite32(at, 0);
  }
}

/** List register 0 = a pending interrupt whose end deactivates the physical one. */
@inline export function writeHardwareInterruptV2(intid: u32, priority: u8): void {
  mmioWrite32(machine().gich + GICH_LR0, (9 << 28) | (<u32>priority >> 3) << 23 | intid << 10 | intid);
}

@inline export function writeSgiV2(intid: u32, priority: u8, source: u32): void {
  mmioWrite32(machine().gich + GICH_LR0, (1 << 28) | (<u32>priority >> 3) << 23 | source << 10 | intid);
}

/** And back. Every interrupt is in group 0 there, which GICV_CTLR.EnableGrp0 enables: bit 0, as a guest without Security
 *  Extensions expects. */
export function restoreListRegistersV2(vcpu: Vcpu): void {
  for (let n: u32 = 0; n < MAX_LIST_REGISTERS; n++) {
    bound(n, MAX_LIST_REGISTERS);
    const lr = vcpu.listRegister(n);
    if (lr == 0) continue; // it holds 0
    const form = <u32>(lr & 0x3ff) | (<u32>(lr >> 32) & 0x3ff) << 10 | (<u32>(lr >> 51) & 31) << 23 |
      <u32>(lr >> 61) << 31 | <u32>(lr >> 62) << 28;
    mmioWrite32(machine().gich + GICH_LR0 + (n << 2), form);
  }
}

export function planV2(vcpu: Vcpu, plan: BlobCpu): void {
  vcpu.gicv2 = 1;
  vcpu.interface = <u32>1 << plan.interface;
  vcpu.bank = machine().gicd;
  vcpu.sgiTarget = vcpu.interface << SGIR_TARGETS_SHIFT;
}

/** The interfaces, each pCPU's own at the same place; the distributor is mapped. */
export function mapV2(): void {
  mapDevice(machine().gicc, GICC_BYTES);
  mapDevice(machine().gich, GICH_BYTES);
}

@inline export function sendSgiV2(target: Vcpu, intid: u32): void {
  mmioWrite32(machine().gicd + GICD_SGIR, <u32>target.sgiTarget | intid);
}

/** That SGI is not pending any more, from whichever pCPU. */
@inline export function dropSgiV2(vcpu: Vcpu, intid: u32): void { mmioWrite8(vcpu.bank + CPENDSGIR + intid, 0xff); }

/** The distributor on: the group that firmware has put interrupts in is the one that we see. */
@inline export function enableDistributorV2(): void { mmioWrite32(machine().gicd + GICD_CTLR, CTLR_ENABLE); }

/** SGIs of a mask that have been disabled: enabled, as they are after a reset, and pending from nobody. */
export function quietSgisV2(vcpu: Vcpu, sgis: u32): void {
  mmioWrite32(vcpu.bank + ISENABLER, sgis);
  for (let offset: u32 = 0; offset < SGI_COUNT; offset += 4) {
    bound(offset >> 2, SGI_COUNT / 4);
    mmioWrite32(vcpu.bank + CPENDSGIR + offset, 0xffffffff);
  }
}

// What AArch64's guests do with their GIC, by its registers: open it, and undo whatever has been written there.
import type { Guest } from "../../../../tools/machine/aarch64/guest.ts";
import { GUEST_GICD, GUEST_GICR } from "../../../../tools/machine/aarch64/system.ts";
import { GICR_STRIDE, SGI_BASE, value } from "../../bench.ts";
import type { Aarch64World } from "./world.ts";

const FIRST_SPI = 32;
const ISENABLER = 0x100;
const ICENABLER = 0x180;
const ICACTIVER = 0x380;
const IPRIORITYR = 0x400;
const PRIORITY = 0xa0n;
const ITARGETSR = 0x800;
const GICD_SGIR = 0xf00;
const ALL = 0xffff_ffffn;
const TO_ALL_OTHERS = 1n << 40n;
const SGIR_OTHERS = 1n << 24n;

const vcpuOf = (world: Aarch64World, guest: Guest): number => world.system.plan.cpus[guest.pcpu.index]?.vcpu ?? 0;

/** Where a vCPU's SGIs and PPIs are for one that looks: a GICv2 shows everybody its own. */
const bankOf = (world: Aarch64World, vcpu: number): number =>
  (world.isGicv2 ? GUEST_GICD : GUEST_GICR + vcpu * GICR_STRIDE + SGI_BASE);

/** As every guest could do it by itself: group, mask and enables open, running priority idle. */
export function openAll(world: Aarch64World): void {
  for (const guest of world.running()) {
    value(guest.store(GUEST_GICD, 4, world.isGicv2 ? 1n : 2n));
    for (let word = 1; word < FIRST_SPI; word++) value(guest.store(GUEST_GICD + ISENABLER + 4 * word, 4, ALL));
    value(guest.store(bankOf(world, vcpuOf(world, guest)) + ISENABLER, 4, ALL));
    guest.openInterrupts();
    if (world.isGicv2) giveHome(world, guest);
  }
}

/** GICv2: SPIs may have been sent to no vCPU at all, or to one that is off. */
function giveHome(world: Aarch64World, guest: Guest): void {
  for (const { intid } of world.system.plan.partitions[world.owners[guest.pcpu.index] ?? -1]?.interrupts ?? []) {
    if (world.machine.gic.targets(intid).length === 0) {
      value(guest.store(GUEST_GICD + ITARGETSR + intid, 1, 1n << BigInt(vcpuOf(world, guest))));
    }
  }
}

export function clearActive(world: Aarch64World): void {
  for (const guest of world.running()) {
    for (let word = 1; word < FIRST_SPI; word++) value(guest.store(GUEST_GICD + ICACTIVER + 4 * word, 4, ALL));
    const own = world.system.plan.partitions[world.owners[guest.pcpu.index] ?? -1]?.cpus ?? [];
    own.forEach((_, vcpu) => value(guest.store(bankOf(world, vcpu) + ICACTIVER, 4, ALL)));
  }
}

/**
 * Guests may have given interrupts the least urgent priority, at which they never come: they take back what waits so, and give it
 * another.
 */
export function raisePriorities(world: Aarch64World): void {
  for (const guest of world.running()) {
    for (let word = 1; word < FIRST_SPI; word++) value(guest.store(GUEST_GICD + ICENABLER + 4 * word, 4, ALL));
    value(guest.store(bankOf(world, vcpuOf(world, guest)) + ICENABLER, 4, ALL));
  }
  for (const guest of world.running()) {
    const { interrupts } = world.system.plan.partitions[world.owners[guest.pcpu.index] ?? -1] ?? { interrupts: [] };
    for (const { intid } of interrupts) value(guest.store(GUEST_GICD + IPRIORITYR + intid, 1, PRIORITY));
    for (let word = 0; word < FIRST_SPI; word += 4) {
      value(guest.store(bankOf(world, vcpuOf(world, guest)) + IPRIORITYR + word, 4, PRIORITY * 0x0101_0101n));
    }
  }
}

export function sendToOthers(world: Aarch64World, guest: Guest, sgi: bigint): void {
  if (world.isGicv2) world.store(guest, GUEST_GICD + GICD_SGIR, 4, SGIR_OTHERS | sgi);
  else world.msr(guest, "ICC_SGI1R_EL1", (sgi << 24n) | TO_ALL_OTHERS);
}

// What all guests do together: wake up, open their interrupt controllers, take everything there is, come to rest.
import { CPU_ON_64 } from "../functions.ts";
import { PRIORITY_IDLE } from "../../../tools/machine/aarch64/gic/registers.ts";
import type { Guest } from "../../../tools/machine/aarch64/guest.ts";
import { GUEST_GICD, GUEST_GICR } from "../../../tools/machine/aarch64/system.ts";
import { GICR_STRIDE, SGI_BASE, value } from "../bench.ts";
import type { World } from "./world.ts";

const FIRST_SPI = 32;
const SGIS = 16;
const TRIES = 10_000;
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

const vcpuOf = (world: World, guest: Guest): number => world.system.plan.cpus[guest.pcpu.index]?.vcpu ?? 0;

/** Where a vCPU's SGIs and PPIs are for one that looks: a GICv2 shows everybody its own. */
const bankOf = (world: World, vcpu: number): number => (world.isGicv2 ? GUEST_GICD : GUEST_GICR + vcpu * GICR_STRIDE + SGI_BASE);

/** All vCPUs on, their interrupt controllers open, every owned SPI and SGI enabled. */
export function wakeAll(world: World): void {
  for (const partition of world.system.plan.partitions) {
    partition.cpus.forEach((_, vcpu) => {
      const caller = world.running().find(({ pcpu }) => partition.cpus.includes(pcpu.index));
      caller?.hvc(CPU_ON_64, BigInt(vcpu), BigInt(partition.entry), 0n);
      world.machine.settle();
    });
  }
  openAll(world);
}

/** As every guest could do it by itself: group, mask and enables open, running priority idle. */
export function openAll(world: World): void {
  for (const guest of world.running()) {
    value(guest.store(GUEST_GICD, 4, world.isGicv2 ? 1n : 2n));
    for (let word = 1; word < FIRST_SPI; word++) value(guest.store(GUEST_GICD + ISENABLER + 4 * word, 4, ALL));
    value(guest.store(bankOf(world, vcpuOf(world, guest)) + ISENABLER, 4, ALL));
    guest.driver.open(0xff);
    if (world.isGicv2) giveHome(world, guest);
  }
}

/** GICv2: SPIs may have been sent to no vCPU at all, or to one that is off. */
function giveHome(world: World, guest: Guest): void {
  for (const { intid } of world.system.plan.partitions[world.owners[guest.pcpu.index] ?? -1]?.interrupts ?? []) {
    if (world.machine.gic.targets(intid).length === 0) value(guest.store(GUEST_GICD + ITARGETSR + intid, 1, 1n << BigInt(vcpuOf(world, guest))));
  }
}

function clearActive(world: World): void {
  for (const guest of world.running()) {
    for (let word = 1; word < FIRST_SPI; word++) value(guest.store(GUEST_GICD + ICACTIVER + 4 * word, 4, ALL));
    const own = world.system.plan.partitions[world.owners[guest.pcpu.index] ?? -1]?.cpus ?? [];
    own.forEach((_, vcpu) => value(guest.store(bankOf(world, vcpu) + ICACTIVER, 4, ALL)));
  }
}

/** Guests may have given interrupts the least urgent priority, at which they never come: they take back what waits so, and give it another. */
function raisePriorities(world: World): void {
  for (const guest of world.running()) {
    for (let word = 1; word < FIRST_SPI; word++) value(guest.store(GUEST_GICD + ICENABLER + 4 * word, 4, ALL));
    value(guest.store(bankOf(world, vcpuOf(world, guest)) + ICENABLER, 4, ALL));
  }
  for (const guest of world.running()) {
    const { interrupts } = world.system.plan.partitions[world.owners[guest.pcpu.index] ?? -1] ?? { interrupts: [] };
    for (const { intid } of interrupts) value(guest.store(GUEST_GICD + IPRIORITYR + intid, 1, PRIORITY));
    for (let word = 0; word < FIRST_SPI; word += 4) value(guest.store(bankOf(world, vcpuOf(world, guest)) + IPRIORITYR + word, 4, PRIORITY * 0x0101_0101n));
  }
}

/** Whether EOIR is to deactivate: a direct guest of a GICv2 has no DIR. */
const splitEnd = (world: World, guest: Guest, split: boolean): void => guest.driver.splitEnd(split && !(world.isGicv2 && guest.direct));

/**
 * Every device asks at once, and every vCPU sends every SGI; guests acknowledge all that comes before they deactivate the first: list registers fill up
 * with what is active, and whatever waits has to come by maintenance interrupts alone.
 */
export function flood(world: World, intids: readonly number[]): void {
  for (const guest of world.running()) splitEnd(world, guest, true);
  for (const intid of intids) world.account.wire(intid, "high");
  for (const guest of world.running()) for (let sgi = 0n; sgi < BigInt(SGIS); sgi++) sendToOthers(world, guest, sgi);
  for (let tries = 0; tries < TRIES; tries++) {
    world.machine.settle();
    const busy = world.running().filter((guest) => {
      while (world.acknowledge(guest)) guest.endOfInterrupt(world.stack(guest).at(-1) ?? 0);
      return world.stack(guest).length > 0;
    });
    world.machine.settle();
    for (const guest of busy) for (const intid of world.stack(guest).splice(0)) world.deactivate(guest, intid);
    if (busy.length === 0) break;
  }
  for (const guest of world.running()) splitEnd(world, guest, false);
}

function sendToOthers(world: World, guest: Guest, sgi: bigint): void {
  if (world.isGicv2) world.store(guest, GUEST_GICD + GICD_SGIR, 4, SGIR_OTHERS | sgi);
  else world.msr(guest, "ICC_SGI1R_EL1", (sgi << 24n) | TO_ALL_OTHERS);
}

/**
 * Lets everything come to an end: what sleeps wakes up, what is paused goes on, devices ask for nothing more, guests open their
 * interrupt controllers, take and end all that comes. What is left after that is left for ever. `anyhow`: they may have written any
 * register of their GIC, and undo that.
 */
export function quiesce(world: World, anyhow: boolean): void {
  world.stall(false);
  for (const { pcpu } of world.guests) pcpu.asleep = undefined;
  world.machine.settle();
  world.resume();
  if (world.hasBudgets) world.tick(); // a period is no longer: whoever has used up his budget goes on
  for (const guest of world.running()) {
    guest.msr("CNTV_CTL_EL0", 0n);
    guest.msr("CNTP_CTL_EL0", 0n);
    while (world.end(guest));
    if (guest.direct) {
      splitEnd(world, guest, false);
      while (guest.pcpu.gic.physical.runningPriority !== PRIORITY_IDLE) guest.endOfInterrupt(0);
    } else {
      for (const { virtual } of guest.pcpu.gic.virtual.held().filter(({ state }) => state >= 2)) guest.deactivate(virtual);
      while (guest.pcpu.gic.virtual.runningPriority !== PRIORITY_IDLE) guest.endOfInterrupt(0);
    }
  }
  if (anyhow) {
    clearActive(world);
    raisePriorities(world);
  }
  openAll(world);
  for (let tries = 0; tries < TRIES; tries++) {
    world.machine.settle();
    const busy = world.running().filter((guest) => world.acknowledge(guest));
    for (const guest of busy) world.end(guest);
    if (busy.length === 0) return;
  }
  throw new Error("guests still get interrupts, though no device asks for any");
}

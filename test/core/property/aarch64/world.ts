// A world of AArch64: guests that handle a GIC, of either version.
import { HYPERCALL_DOORBELL } from "../../../../arch/aarch64/calls.ts";
import type { Guest } from "../../../../tools/machine/aarch64/guest.ts";
import type { Board } from "../../../../tools/machine/aarch64/board.ts";
import { INTID_SPURIOUS, PRIORITY_IDLE } from "../../../../tools/machine/aarch64/gic/registers.ts";
import { ICH_HCR_TALL0, ICH_HCR_TC } from "../../../../tools/machine/aarch64/gic/virtualInterface.ts";
import { AARCH64 } from "../../../../tools/machine/aarch64/isa.ts";
import type { Aarch64Machine } from "../../../../tools/machine/aarch64/machine.ts";
import { EVENT_L2D_CACHE_REFILL } from "../../../../tools/machine/aarch64/pmu.ts";
import { syndrome } from "../../../../tools/machine/aarch64/registers.ts";
import { GUEST_GICC, GUEST_GICD, GUEST_GICR } from "../../../../tools/machine/aarch64/system.ts";
import type { System } from "../../../../tools/machine/aarch64/system.ts";
import { hex } from "../../../../tools/machine/errors.ts";
import type { SystemSpec } from "../../../../tools/machine/system.ts";
import { GICR_STRIDE, KICK_SGI, SGI_BASE } from "../../bench.ts";
import { broken, numbersIn } from "../invariants.ts";
import { World } from "../world.ts";
import { sgi1r, sgir } from "./account.ts";
import type { OwnAction } from "./actions.ts";
import { FENCES, HCR_OWN_INTERRUPTS, hcrOf, KICK, privateBits, steady } from "./fences.ts";
import { clearActive, openAll, raisePriorities, sendToOthers } from "./gic.ts";

const FIRST_SPI = 32;
const SGIS = 16;
const XZR = 31;
const ISPENDR = 0x200;
const SPENDSGIR = 0xf20;
/** In a list register: active, or active and pending. */
const ACTIVE = 2;
const NUMBERS = { kick: KICK_SGI, isIpi: (intid: number) => intid < SGIS, isLine: (intid: number) => intid >= FIRST_SPI };

export class Aarch64World extends World<OwnAction, Aarch64Machine, Guest> {
  declare readonly system: System;
  readonly fences = FENCES;
  readonly kickBits = KICK;
  protected readonly devices: readonly number[];
  private readonly hcr: bigint;

  constructor(spec: SystemSpec<Board>, core?: WebAssembly.Module) {
    super(AARCH64, spec, NUMBERS, core);
    const { gicd, gicc, gich, gicv, uart, cpus } = this.machine.board;
    const controllers = [gicd, gicc, gich, gicv, ...cpus.map(({ gicr }) => gicr)];
    const given = this.system.plan.partitions.flatMap(({ regions }) => regions.map(({ ipa }) => ipa));
    const kept = this.system.plan.reserved.map(({ base }) => base);
    this.devices = [...new Set([GUEST_GICD, GUEST_GICR, GUEST_GICC, ...controllers, uart, ...given, ...kept, 0])];
    const injected = this.machine.pcpus.find((_, n) => this.system.plan.partitions[this.owners[n] ?? -1]?.direct === false);
    this.hcr = hcrOf(injected ?? this.machine.pcpu(0));
  }

  get isGicv2(): boolean {
    return this.machine.board.gicVersion === 2;
  }

  /** GICv2 has a mask: several of them, or none. */
  get routesAreMasks(): boolean {
    return this.isGicv2;
  }

  protected act(guest: Guest, action: OwnAction): void {
    switch (action.kind) {
      case "endAny": this.endAny(guest, action.intid, action.deactivate); return;
      case "call":
        this.calling(guest, action.fn === HYPERCALL_DOORBELL, () => guest[action.conduit](action.fn, ...action.args));
        return;
      case "msr": this.msr(guest, action.register, action.data); return;
      case "mrs": guest.mrs(action.register); return;
      case "refills": guest.pcpu.pmu.count(EVENT_L2D_CACHE_REFILL, action.times); return;
      case "exception": guest.exception(syndrome(action.ec, action.iss), XZR, action.far, action.hpfar); return;
    }
  }

  msr(guest: Guest, register: Parameters<Guest["msr"]>[0], data: bigint): void {
    if (register !== "ICC_SGI1R_EL1") return void guest.msr(register, data);
    const { number, names } = sgi1r(data);
    this.account.sending(guest, number, names, () => guest.msr(register, data));
  }

  override store(guest: Guest, ipa: number, bytes: number, data: bigint, valid = true): void {
    const run = () => guest.store(ipa, bytes, guest.direct ? withoutKick(ipa, data) : data, { syndromeValid: valid });
    const sent = this.isGicv2 ? sgir(ipa, bytes, data) : undefined;
    if (sent === undefined) run();
    else this.account.sending(guest, sent.number, sent.names, run);
  }

  /** GICC_DIR is not shown to a direct guest: there its EOIR deactivates. (EOIR may have been its last instruction.) */
  deactivate(guest: Guest, intid: number): void {
    if (guest.running && !(this.isGicv2 && guest.direct)) guest.deactivate(intid);
  }

  /** A direct guest's EOIR is not confined: another's INTID, which it has not acknowledged, is UNPREDICTABLE there. */
  private endAny(guest: Guest, intid: number, deactivate: boolean): void {
    if (guest.direct && intid >= FIRST_SPI && !this.owns(guest, intid)) return;
    if (deactivate) this.deactivate(guest, intid);
    else guest.endOfInterrupt(intid);
  }

  openAll(): void {
    openAll(this);
  }

  undo(): void {
    clearActive(this);
    raisePriorities(this);
  }

  unwind(guest: Guest): void {
    guest.msr("CNTV_CTL_EL0", 0n);
    guest.msr("CNTP_CTL_EL0", 0n);
    while (this.end(guest));
    const { physical, virtual } = guest.pcpu.gic;
    if (guest.direct) this.splitEnd(guest, false);
    else for (const held of virtual.held().filter(({ state }) => state >= ACTIVE)) guest.deactivate(held.virtual);
    const front = guest.direct ? physical : virtual;
    while (front.runningPriority !== PRIORITY_IDLE) guest.endOfInterrupt(0);
  }

  splitEnds(split: boolean): void {
    for (const guest of this.running()) this.splitEnd(guest, split);
  }

  /** Whether EOIR is to deactivate: a direct guest of a GICv2 has no DIR. */
  private splitEnd(guest: Guest, split: boolean): void {
    guest.driver.splitEnd(split && !(this.isGicv2 && guest.direct));
  }

  sendAll(guest: Guest): void {
    for (let sgi = 0n; sgi < BigInt(SGIS); sgi++) sendToOthers(this, guest, sgi);
  }

  rouse({ pcpu }: Guest): void {
    pcpu.gic.bank.latchPending(KICK_SGI);
    this.machine.step(pcpu);
  }

  findsKick({ pcpu, running, direct }: Guest): boolean {
    return running && direct && pcpu.gic.bank.isPending(KICK_SGI);
  }

  checkPcpu(n: number): void {
    const pcpu = this.machine.pcpu(n);
    const owner = this.owners[n] ?? -1;
    const direct = owner >= 0 && this.system.plan.partitions[owner]?.direct === true;
    const { virtual: front, physical } = pcpu.gic;
    const fence = direct && pcpu.phase === "guest" ? this.hcr & ~HCR_OWN_INTERRUPTS : this.hcr;
    if (owner >= 0 && steady(pcpu.registers.HCR_EL2, direct) !== fence) {
      broken(`pCPU ${n}, ${pcpu.phase}: HCR_EL2 is ${hex(pcpu.registers.HCR_EL2)}`);
    }
    const traps = ICH_HCR_TC | ICH_HCR_TALL0;
    if (direct && pcpu.phase === "guest" && !this.isGicv2 && (front.hypervisorControl & traps) !== traps) {
      broken(`pCPU ${n}: a direct guest's SGIs are not trapped`);
    }
    if (physical.undropped.length > 0) {
      broken(`pCPU ${n} left the core with the priority of INTID ${physical.undropped.join()} not dropped`);
    }
    if (front.empty() === 2 ** front.count - 1) return;
    for (const { virtual, physical: line, hardware } of front.held()) {
      const own = owner >= 0
        && (virtual < SGIS || (virtual < FIRST_SPI ? this.ownsPpi(owner, virtual) : this.ownsLine(owner, virtual)));
      if (!own || direct || hardware !== virtual >= SGIS || (hardware && line !== virtual)) {
        broken(`pCPU ${n} has vINTID ${virtual} (HW ${hardware}, pINTID ${line}) in a list register`);
      }
    }
    if (pcpu.phase !== "guest" && !this.mayBePaused && !this.hasBudgets) {
      broken(`pCPU ${n} is ${pcpu.phase}, with interrupts in its list registers`);
    }
  }

  private ownsPpi(owner: number, intid: number): boolean {
    return this.system.plan.partitions[owner]?.ppis.includes(intid) ?? false;
  }

  private ownsLine(owner: number, intid: number): boolean {
    return this.system.plan.partitions[owner]?.interrupts.some((interrupt) => interrupt.intid === intid) ?? false;
  }

  privateBits(owner: number): number {
    const partition = this.system.plan.partitions[owner];
    return partition === undefined ? 0 : privateBits(partition);
  }

  checkRest(n: number): void {
    const { gic } = this.machine.pcpu(n);
    const pending = gic.physical.highestPending();
    if (pending !== INTID_SPURIOUS) broken(`pCPU ${n} never takes INTID ${pending}`);
    const held = gic.virtual.held().map(({ virtual, state }) => `${virtual} (state ${state})`);
    if (held.length > 0) broken(`pCPU ${n} keeps ${held.join()} in its list registers`);
    const active = numbersIn(gic.bank.active);
    if (active.length > 0) broken(`INTIDs ${active.join()} of pCPU ${n} stay active`);
  }
}

/** A guest could make the SGI with the hypervisor's number pending by hand; it does not, so that none comes but what was sent. */
function withoutKick(ipa: number, data: bigint): bigint {
  const word = ipa - (ipa % 4);
  const inGicr = word >= GUEST_GICR && (word - GUEST_GICR) % GICR_STRIDE === SGI_BASE + ISPENDR;
  if (inGicr || word === GUEST_GICD + ISPENDR) return data & ~(1n << BigInt(KICK_SGI));
  return word === GUEST_GICD + SPENDSGIR + KICK_SGI - (KICK_SGI % 4) ? 0n : data;
}

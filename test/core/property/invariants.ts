// What must hold after every step, whatever the guests do: a partition has what it owns, changes nothing else, and is
// changed by nobody else.
import { hex } from "../../../tools/machine/errors.ts";
import type { InterruptBank } from "../../../tools/machine/aarch64/gic/bank.ts";
import { INTID_SPURIOUS } from "../../../tools/machine/aarch64/gic/registers.ts";
import { ICH_HCR_TALL0, ICH_HCR_TC } from "../../../tools/machine/aarch64/gic/virtualInterface.ts";
import { HCR_FMO, HCR_IMO, HCR_TVM, HCR_TWI, MDCR_TDA } from "../../../tools/machine/aarch64/registers.ts";
import type { RegisterName } from "../../../tools/machine/aarch64/registers.ts";
import { Stage2 } from "../../../tools/machine/aarch64/stage2.ts";
import { Snapshot } from "./snapshot.ts";
import { KICK_SGI } from "../bench.ts";
import type { World } from "./world.ts";

const FIRST_SPI = 32;
const SGIS = 16;
const ALL_SGIS = 0xffff;
const KICK = 1 << KICK_SGI;
/** Registers that keep a guest in its place: set at boot, and never again. HCR_EL2 has the same value but for a direct guest that runs. */
const FENCES: readonly RegisterName[] = ["VTCR_EL2", "VTTBR_EL2", "CPTR_EL2", "MDCR_EL2", "HSTR_EL2", "VPIDR_EL2", "VMPIDR_EL2", "CNTHCTL_EL2"];

/** What a running direct guest has off, and may have on. */
const HCR_OWN_INTERRUPTS = HCR_IMO | HCR_FMO;
const VALID = 1n;

const broken = (what: string): never => {
  throw new Error(`invariant broken: ${what}`);
};

type BankSnapshots = readonly { readonly name: string; readonly set: Snapshot<Uint32Array> }[];
const snapshotsOf = (bank: InterruptBank): BankSnapshots =>
  Object.entries({ enable: bank.enabled, active: bank.active, group: bank.group, configuration: bank.edge, pending: bank.latch }).map(([name, set]) => ({ name, set: new Snapshot(set) }));

export class Invariants {
  private readonly world: World;
  /** Stage 2 tables, as they were after boot: never taken again. */
  private readonly tables: { readonly pa: number; readonly page: Snapshot<Uint8Array>; readonly direct: boolean }[] = [];
  private readonly hcr: bigint;
  private readonly fences: readonly (readonly bigint[])[];
  /** SPIs that each partition owns; doorbells that it may ring; all consoles' SPIs: a bitmap of INTIDs. */
  private readonly owned: readonly Uint32Array[];
  private readonly doorbells: readonly Uint32Array[];
  private readonly consoles: Uint32Array;
  private readonly distributor: BankSnapshots;
  private readonly routes: readonly Snapshot<Uint32Array>[];
  private readonly banks: readonly BankSnapshots[];
  /** Each pCPU's vCPU record: registers, counters, pending interrupts. */
  private readonly records: readonly Snapshot<Uint8Array>[];

  constructor(world: World) {
    this.world = world;
    const { machine, system } = world;
    const { distributor } = machine.gic;
    const bitmap = (intids: readonly number[]): Uint32Array => {
      const set = new Uint32Array(distributor.bank.words);
      for (const intid of intids) set[intid >> 5] = (set[intid >> 5] ?? 0) | (1 << (intid & 31));
      return set;
    };
    this.owned = system.plan.partitions.map(({ interrupts }) => bitmap(interrupts.map(({ intid }) => intid)));
    this.doorbells = system.plan.partitions.map(({ channels }) => bitmap(channels.map(({ doorbell }) => doorbell)));
    this.consoles = bitmap(system.plan.partitions.map(({ consoleInterrupt }) => consoleInterrupt).filter((intid) => intid !== 0));
    const injected = machine.pcpus.find((_, n) => system.plan.partitions[world.owners[n] ?? -1]?.direct === false);
    this.hcr = (injected ?? machine.pcpu(0)).registers.HCR_EL2 & ~HCR_TVM | HCR_OWN_INTERRUPTS;
    this.fences = machine.pcpus.map(({ registers }) => FENCES.map((name) => registers[name]));
    const recordBytes = (machine.pcpu(1).vcpu) - (machine.pcpu(0).vcpu);
    this.records = machine.pcpus.map(({ vcpu }) => new Snapshot(new Uint8Array(machine.linear.buffer, vcpu, recordBytes)));
    this.distributor = snapshotsOf(distributor.bank);
    this.routes = distributor.routes.map((route) => new Snapshot(route));
    this.banks = machine.gic.cpus.map(({ bank }) => snapshotsOf(bank));
    this.recordTables();
  }

  /** Stage 2 maps what the plan says; from here on its tables may not change at all. */
  private recordTables(): void {
    const { machine, system, owners } = this.world;
    const linear = machine.board.imageBase + machine.board.linearOffset;
    machine.pcpus.forEach(({ registers }, n) => {
      const partition = system.plan.partitions[owners[n] ?? -1];
      if (partition === undefined) return;
      const stage2 = new Stage2(registers.VTTBR_EL2, registers.VTCR_EL2, (pa) => machine.memory.read64(pa));
      const mappings = stage2.list((pa, bytes) => {
        if (!this.tables.some((table) => table.pa === pa)) this.tables.push({ pa, page: new Snapshot(new Uint8Array(machine.linear.buffer, pa - linear, bytes)), direct: partition.direct });
      });
      for (const { ipa, pa, size } of mappings) {
        const inside = partition.regions.some((region) => region.colours === undefined && pa >= region.pa && pa + size <= region.pa + region.size && ipa - pa === region.ipa - region.pa);
        if (!inside) broken(`pCPU ${n} maps IPA ${hex(ipa)} to PA ${hex(pa)}, ${size} bytes, which its partition does not own`);
      }
    });
  }

  /** Call before each step. */
  remember(): void {
    for (const { set } of this.distributor) set.take();
    for (const bank of this.banks) for (const { set } of bank) set.take();
    for (const snapshot of this.routes) snapshot.take();
    for (const snapshot of this.records) snapshot.take();
    this.world.machine.writes.length = 0;
  }

  /** Call after it. `actor`: the pCPU that acted, if it was one alone. */
  check(actor: number | undefined): void {
    for (const { pa, page, direct } of this.tables) if (page.changed && !(direct && onlyRevoked(page))) broken(`the stage 2 table at ${hex(pa)} was changed`);
    if (!this.world.machine.gic.distributor.forwards) broken("the distributor was switched off");
    this.checkPcpus();
    if (actor !== undefined) this.checkActor(actor);
  }

  private checkPcpus(): void {
    const { machine, owners } = this.world;
    machine.pcpus.forEach((pcpu, n) => {
      const owner = owners[n] ?? -1;
      FENCES.forEach((name, at) => {
        // All debug registers are trapped while the guest's OS lock is locked, and no longer (Arm ARM D19.3: parts of them are a debugger's then).
        const lock = name === "MDCR_EL2" && !pcpu.debug.locked ? MDCR_TDA : 0n;
        if ((pcpu.registers[name] ^ lock) !== this.fences[n]?.[at]) broken(`pCPU ${n}: ${name} is ${hex(pcpu.registers[name])}`);
      });
      const direct = owner >= 0 && this.world.system.plan.partitions[owner]?.direct === true;
      const fence = direct && pcpu.phase === "guest" ? this.hcr & ~HCR_OWN_INTERRUPTS : this.hcr;
      if (owner >= 0 && (pcpu.registers.HCR_EL2 & ~(direct ? HCR_TWI | HCR_TVM : HCR_TVM)) !== fence) broken(`pCPU ${n}, ${pcpu.phase}: HCR_EL2 is ${hex(pcpu.registers.HCR_EL2)}`);
      const traps = ICH_HCR_TC | ICH_HCR_TALL0;
      if (direct && pcpu.phase === "guest" && !this.world.isGicv2 && (pcpu.gic.virtual.hypervisorControl & traps) !== traps) broken(`pCPU ${n}: a direct guest's SGIs are not trapped`);
      if (pcpu.gic.physical.undropped.length > 0) broken(`pCPU ${n} left the core with the priority of INTID ${pcpu.gic.physical.undropped.join()} not dropped`);
      if (pcpu.gic.virtual.empty() === 2 ** pcpu.gic.virtual.count - 1) return;
      for (const { virtual, physical, hardware } of pcpu.gic.virtual.held()) {
        const own = owner >= 0 && (virtual < SGIS || (virtual < FIRST_SPI ? this.ownsPpi(owner, virtual) : this.ownsSpi(owner, virtual)));
        if (!own || direct || hardware !== virtual >= SGIS || (hardware && physical !== virtual)) broken(`pCPU ${n} has vINTID ${virtual} (HW ${hardware}, pINTID ${physical}) in a list register`);
      }
      if (pcpu.phase !== "guest" && !this.world.mayBePaused && !this.world.hasBudgets) broken(`pCPU ${n} is ${pcpu.phase}, with interrupts in its list registers`);
    });
  }

  private ownsPpi(owner: number, intid: number): boolean {
    return this.world.system.plan.partitions[owner]?.ppis.includes(intid) ?? false;
  }

  private ownsSpi(owner: number, intid: number): boolean {
    return ((this.owned[owner]?.[intid >> 5] ?? 0) & (1 << (intid & 31))) !== 0;
  }

  private checkActor(actor: number): void {
    const { machine, owners, system } = this.world;
    const owner = owners[actor] ?? -1;
    const housekeeper = actor === system.plan.housekeeper;
    for (const { name, set } of this.distributor) {
      if (!set.changed) continue;
      set.now.forEach((bits, word) => {
        // The housekeeper rings for consoles, and for mailboxes.
        const byAll = housekeeper ? this.doorbells.reduce((sum, doors) => sum | (doors[word] ?? 0), this.consoles[word] ?? 0) : 0;
        const rung = name === "pending" ? (this.doorbells[owner]?.[word] ?? 0) | byAll : 0;
        const foreign = (bits ^ (set.before[word] ?? 0)) & ~(this.owned[owner]?.[word] ?? 0) & ~rung;
        if (foreign !== 0) broken(`pCPU ${actor} changed ${name} of foreign INTIDs ${word * 32} + bits ${hex(foreign >>> 0)}`);
      });
    }
    if (this.routes.some((snapshot) => snapshot.changed)) this.checkRoutes(actor, owner);
    this.checkOthers(actor, owner, housekeeper);
    for (const { pa, size } of machine.writes) {
      if (!this.mayWrite(owner, housekeeper, pa, size)) broken(`on pCPU ${actor} the hypervisor wrote ${size} bytes at ${hex(pa)}`);
    }
  }

  /** For the partition of the pCPU that acts; the housekeeper takes memory away from direct ones, and empties mailboxes. */
  private mayWrite(owner: number, housekeeper: boolean, pa: number, size: number): boolean {
    const { partitions } = this.world.system.plan;
    const inside = (at: number, bytes: number): boolean => pa >= at && pa + size <= at + bytes;
    const own = partitions.some(({ regions }, n) => regions.some((region) =>
      inside(region.pa, region.size) && ((region.kind === "ram" && n === owner) || (region.kind === "mailbox" && (n === owner || housekeeper)))));
    const direct = partitions[owner]?.direct === true || housekeeper;
    return own || (direct && this.tables.some((table) => table.direct && inside(table.pa, table.page.now.length)));
  }

  private checkRoutes(actor: number, owner: number): void {
    const { machine, owners } = this.world;
    const { distributor } = machine.gic;
    for (let intid = FIRST_SPI; intid < distributor.spiLimit; intid++) {
      if (this.routes.every(({ now, before }) => now[intid] === before[intid])) continue;
      if (!this.ownsSpi(owner, intid)) broken(`pCPU ${actor} changed the route of foreign INTID ${intid}`);
      const to = machine.gic.targets(intid).map((pcpu) => owners[pcpu]);
      // GICv2 has a mask: several of them, or none.
      if ((to.length !== 1 && !this.world.isGicv2) || to.some((partition) => partition !== owner)) broken(`INTID ${intid} is routed to partitions ${to.join()}`);
    }
  }

  /** SGIs and PPIs that are the hypervisor's: whatever a pCPU does for its guest, they stay as they are. */
  private checkPrivate(n: number, owner: number): void {
    const partition = this.world.system.plan.partitions[owner];
    const sgis = partition?.direct === true ? ALL_SGIS & ~KICK : 0;
    const ppis = (partition?.ppis ?? []).reduce((set, intid) => set | (1 << intid), sgis);
    for (const { name, set } of this.banks[n] ?? []) {
      if (name === "pending" || name === "active") continue;
      const changed = ((set.now[0] ?? 0) ^ (set.before[0] ?? 0)) & ~ppis;
      if (changed !== 0) broken(`${name} of the hypervisor's own SGIs and PPIs of pCPU ${n} changed: bits ${hex(changed >>> 0)}`);
    }
  }

  /** pCPUs of other partitions: nothing of theirs changes, but that the housekeeper may have kicked them. */
  private checkOthers(actor: number, owner: number, housekeeper: boolean): void {
    const { machine, owners } = this.world;
    for (let n = 0; n < machine.pcpus.length; n++) {
      if (n === actor || (owners[n] === owner && owner >= 0)) {
        this.checkPrivate(n, owner);
        continue;
      }
      for (const { name, set } of this.banks[n] ?? []) {
        const allowed = housekeeper && name === "pending" ? KICK : 0;
        if ((((set.now[0] ?? 0) ^ (set.before[0] ?? 0)) & ~allowed) !== 0) broken(`pCPU ${actor} changed ${name} in the redistributor of pCPU ${n}`);
      }
      if (!housekeeper && this.records[n]?.changed === true) broken(`pCPU ${actor} changed the vCPU of pCPU ${n}: registers, counters or pending interrupts`);
    }
  }

  /** After World.quiesce: nothing pends for ever, nothing stays active, what is off is quiet. */
  checkRest(): void {
    const { machine, owners } = this.world;
    const { bank } = machine.gic.distributor;
    const alive = machine.pcpus.flatMap(({ phase }, n) => (phase === "guest" ? [owners[n] ?? -1] : []));
    this.owned.forEach((words, partition) => {
      const of = (set: Uint32Array): number[] => intidsIn(set.map((bits, word) => bits & (words[word] ?? 0)));
      if (of(bank.active).length > 0) broken(`INTIDs ${of(bank.active).join()} of partition ${partition} stay active`);
      if (!alive.includes(partition) && of(bank.enabled).length > 0) broken(`partition ${partition} is off, and its INTIDs ${of(bank.enabled).join()} are still enabled`);
    });
    machine.pcpus.forEach(({ gic }, n) => {
      const pending = gic.physical.highestPending();
      if (pending !== INTID_SPURIOUS) broken(`pCPU ${n} never takes INTID ${pending}`);
      if (gic.virtual.held().length > 0) broken(`pCPU ${n} keeps ${gic.virtual.held().map(({ virtual, state }) => `${virtual} (state ${state})`).join()} in its list registers`);
      const active = intidsIn(gic.bank.active);
      if (active.length > 0) broken(`INTIDs ${active.join()} of pCPU ${n} stay active`);
    });
  }
}

/** Of a direct partition's table only descriptors have been made invalid, or valid again. */
function onlyRevoked({ now, before }: Snapshot<Uint8Array>): boolean {
  const [is, was] = [now, before].map((bytes) => new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8));
  return is?.every((entry, n) => (entry | VALID) === ((was?.[n] ?? 0n) | VALID)) ?? false;
}

const intidsIn = (set: Uint32Array): number[] => Array.from(set, (bits, word) => Array.from({ length: 32 }, (_, bit) => ((bits & (1 << bit)) !== 0 ? word * 32 + bit : -1))).flat().filter((intid) => intid >= 0);

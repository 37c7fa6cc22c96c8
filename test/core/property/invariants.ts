// What must hold after every step, whatever the guests do: a partition has what it owns, changes nothing else, and is
// changed by nobody else. What must hold of an ISA's registers besides: World.checkPcpu.
import { hex } from "../../../tools/machine/errors.ts";
import type { LineBits } from "../../../tools/machine/lines.ts";
import type { Acting } from "./actions.ts";
import { Snapshot } from "./snapshot.ts";
import type { World } from "./world.ts";

/** Of a table's entry, on every ISA. */
const VALID = 1n;

export const broken = (what: string): never => {
  throw new Error(`invariant broken: ${what}`);
};

interface Watched {
  readonly name: string;
  readonly role: LineBits["role"];
  readonly set: Snapshot<Uint32Array>;
}
const snapshotsOf = (bits: readonly LineBits[]): readonly Watched[] =>
  bits.map(({ name, role, set }) => ({ name, role, set: new Snapshot(set) }));

export class Invariants<Own extends Acting = never> {
  private readonly world: World<Own>;
  /** Tables that guests' addresses are translated by, as they were after boot: never taken again. */
  private readonly tables: { readonly pa: number; readonly page: Snapshot<Uint8Array>; readonly direct: boolean }[] = [];
  private readonly fences: readonly (readonly bigint[])[];
  /** Lines that each partition owns; doorbells that it may ring; all consoles' lines: a bitmap. */
  private readonly owned: readonly Uint32Array[];
  private readonly doorbells: readonly Uint32Array[];
  private readonly consoles: Uint32Array;
  private readonly lines: readonly Watched[];
  private readonly routes: readonly Snapshot<Uint32Array | Uint8Array>[];
  private readonly privates: readonly (readonly Watched[])[];
  /** Each pCPU's vCPU record: registers, counters, pending interrupts. */
  private readonly records: readonly Snapshot<Uint8Array>[];

  constructor(world: World<Own>) {
    this.world = world;
    const { machine, system } = world;
    const { bits, routes } = machine.lines;
    const words = bits[0]?.set.length ?? 0;
    const bitmap = (lines: readonly number[]): Uint32Array => {
      const set = new Uint32Array(words);
      for (const line of lines) set[line >> 5] = (set[line >> 5] ?? 0) | (1 << (line & 31));
      return set;
    };
    this.owned = system.plan.partitions.map(({ interrupts }) => bitmap(interrupts.map(({ intid }) => intid)));
    this.doorbells = system.plan.partitions.map(({ channels }) => bitmap(channels.map(({ doorbell }) => doorbell)));
    this.consoles = bitmap(system.plan.partitions.map(({ consoleInterrupt }) => consoleInterrupt).filter((line) => line !== 0));
    this.fences = machine.pcpus.map((pcpu) => world.fences.map((fence) => fence.value(pcpu)));
    const recordBytes = (machine.pcpu(1).vcpu) - (machine.pcpu(0).vcpu);
    this.records = machine.pcpus.map(({ vcpu }) => new Snapshot(new Uint8Array(machine.linear.buffer, vcpu, recordBytes)));
    this.lines = snapshotsOf(bits);
    this.routes = routes.map(({ set }) => new Snapshot(set));
    this.privates = machine.pcpus.map((pcpu) => snapshotsOf(machine.privates(pcpu).bits));
    this.recordTables();
  }

  /** They map what the plan says; from here on they may not change at all. */
  private recordTables(): void {
    const { machine, system, owners } = this.world;
    const linear = machine.board.imageBase + machine.board.linearOffset;
    machine.pcpus.forEach((pcpu, n) => {
      const partition = system.plan.partitions[owners[n] ?? -1];
      if (partition === undefined) return;
      const mappings = machine.mappings(pcpu, (pa, bytes) => {
        if (this.tables.some((table) => table.pa === pa)) return;
        this.tables.push(
          { pa, page: new Snapshot(new Uint8Array(machine.linear.buffer, pa - linear, bytes)), direct: partition.direct }
        );
      });
      for (const { ipa, pa, size } of mappings) {
        const inside = partition.regions.some((region) => {
          if (region.colours !== undefined || ipa - pa !== region.ipa - region.pa) return false;
          return pa >= region.pa && pa + size <= region.pa + region.size;
        });
        if (!inside) broken(`pCPU ${n} maps IPA ${hex(ipa)} to PA ${hex(pa)}, ${size} bytes, which its partition does not own`);
      }
    });
  }

  /** Call before each step. */
  remember(): void {
    for (const { set } of this.lines) set.take();
    for (const bits of this.privates) for (const { set } of bits) set.take();
    for (const snapshot of this.routes) snapshot.take();
    for (const snapshot of this.records) snapshot.take();
    this.world.machine.writes.length = 0;
  }

  /** Call after it. `actor`: the pCPU that acted, if it was one alone. */
  check(actor: number | undefined): void {
    for (const { pa, page, direct } of this.tables) {
      if (page.changed && !(direct && onlyRevoked(page))) broken(`the table at ${hex(pa)} was changed`);
    }
    const { world } = this;
    if (!world.machine.lines.forwards) broken("the interrupt controller was switched off");
    world.machine.pcpus.forEach((pcpu, n) => {
      world.fences.forEach((fence, at) => {
        const value = fence.value(pcpu);
        if (value !== this.fences[n]?.[at]) broken(`pCPU ${n}: ${fence.name} is ${hex(value)}`);
      });
      world.checkPcpu(n);
    });
    if (actor !== undefined) this.checkActor(actor);
  }

  private checkActor(actor: number): void {
    const { machine, owners, system } = this.world;
    const owner = owners[actor] ?? -1;
    const housekeeper = actor === system.plan.housekeeper;
    for (const { name, role, set } of this.lines) {
      if (!set.changed) continue;
      set.now.forEach((bits, word) => {
        // The housekeeper rings for consoles, and for mailboxes.
        const byAll = housekeeper ? this.doorbells.reduce((sum, doors) => sum | (doors[word] ?? 0), this.consoles[word] ?? 0) : 0;
        const rung = role === "pending" ? (this.doorbells[owner]?.[word] ?? 0) | byAll : 0;
        const foreign = (bits ^ (set.before[word] ?? 0)) & ~(this.owned[owner]?.[word] ?? 0) & ~rung;
        if (foreign !== 0) broken(`pCPU ${actor} changed ${name} of foreign lines ${word * 32} + bits ${hex(foreign >>> 0)}`);
      });
    }
    if (this.routes.some((snapshot) => snapshot.changed)) this.checkRoutes(actor, owner);
    this.checkOthers(actor, owner, housekeeper);
    for (const { pa, size } of machine.writes) {
      if (!this.mayWrite(owner, housekeeper, pa, size)) {
        broken(`on pCPU ${actor} the hypervisor wrote ${size} bytes at ${hex(pa)}`);
      }
    }
  }

  /** For the partition of the pCPU that acts; the housekeeper takes memory away from direct ones, and empties mailboxes. */
  private mayWrite(owner: number, housekeeper: boolean, pa: number, size: number): boolean {
    const { partitions } = this.world.system.plan;
    const inside = (at: number, bytes: number): boolean => pa >= at && pa + size <= at + bytes;
    const mayBeWritten = (kind: string, n: number): boolean =>
      (kind === "ram" && n === owner) || (kind === "mailbox" && (n === owner || housekeeper));
    const own = partitions.some(({ regions }, n) =>
      regions.some(({ kind, pa: at, size: bytes }) => inside(at, bytes) && mayBeWritten(kind, n)));
    const direct = partitions[owner]?.direct === true || housekeeper;
    return own || (direct && this.tables.some((table) => table.direct && inside(table.pa, table.page.now.length)));
  }

  private checkRoutes(actor: number, owner: number): void {
    const { machine, owners, routesAreMasks } = this.world;
    const count = this.routes[0]?.now.length ?? 0;
    for (let line = 0; line < count; line++) {
      if (this.routes.every(({ now, before }) => now[line] === before[line])) continue;
      if (((this.owned[owner]?.[line >> 5] ?? 0) & (1 << (line & 31))) === 0) {
        broken(`pCPU ${actor} changed the route of foreign line ${line}`);
      }
      const to = machine.lines.targets(line).map((pcpu) => owners[pcpu]);
      if ((to.length !== 1 && !routesAreMasks) || to.some((partition) => partition !== owner)) {
        broken(`line ${line} is routed to partitions ${to.join()}`);
      }
    }
  }

  /** Private interrupts that are the hypervisor's: whatever a pCPU does for its guest, they stay as they are. */
  private checkPrivate(n: number, owner: number): void {
    const guests = this.world.privateBits(owner);
    for (const { name, role, set } of this.privates[n] ?? []) {
      if (role === "pending" || role === "active") continue;
      const changed = ((set.now[0] ?? 0) ^ (set.before[0] ?? 0)) & ~guests;
      if (changed !== 0) {
        broken(`${name} of the hypervisor's own private interrupts of pCPU ${n} changed: bits ${hex(changed >>> 0)}`);
      }
    }
  }

  /** pCPUs of other partitions: nothing of theirs changes, but that the housekeeper may have kicked them. */
  private checkOthers(actor: number, owner: number, housekeeper: boolean): void {
    const { machine, owners, kickBits } = this.world;
    for (let n = 0; n < machine.pcpus.length; n++) {
      if (n === actor || (owners[n] === owner && owner >= 0)) {
        this.checkPrivate(n, owner);
        continue;
      }
      for (const { name, role, set } of this.privates[n] ?? []) {
        const allowed = housekeeper && role === "pending" ? kickBits : 0;
        if ((((set.now[0] ?? 0) ^ (set.before[0] ?? 0)) & ~allowed) !== 0) {
          broken(`pCPU ${actor} changed ${name} of the private interrupts of pCPU ${n}`);
        }
      }
      if (!housekeeper && this.records[n]?.changed === true) {
        broken(`pCPU ${actor} changed the vCPU of pCPU ${n}: registers, counters or pending interrupts`);
      }
    }
  }

  /** After quiesce (rest.ts): nothing pends for ever, nothing stays active, what is off is quiet. */
  checkRest(): void {
    const { machine, owners } = this.world;
    const alive = machine.pcpus.flatMap(({ phase }, n) => (phase === "guest" ? [owners[n] ?? -1] : []));
    this.owned.forEach((words, partition) => {
      const of = (role: LineBits["role"]): number[] =>
        this.lines.filter((one) => one.role === role).flatMap(
          ({ set }) => numbersIn(set.now.map((bits, word) => bits & (words[word] ?? 0)))
        );
      const active = of("active");
      if (active.length > 0) broken(`lines ${active.join()} of partition ${partition} stay active`);
      if (alive.includes(partition)) return;
      const enabled = of("enabled");
      if (enabled.length > 0) broken(`partition ${partition} is off, and its lines ${enabled.join()} are still enabled`);
    });
    machine.pcpus.forEach((_, n) => this.world.checkRest(n));
  }
}

/** Of a direct partition's table only entries have been made invalid, or valid again. */
function onlyRevoked({ now, before }: Snapshot<Uint8Array>): boolean {
  const [is, was] = [now, before].map((bytes) => new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8));
  return is?.every((entry, n) => (entry | VALID) === ((was?.[n] ?? 0n) | VALID)) ?? false;
}

/** Numbers of the bits that are set. */
export const numbersIn = (set: Uint32Array): number[] =>
  Array.from(
    set, (bits, word) => Array.from({ length: 32 }, (_, bit) => ((bits & (1 << bit)) !== 0 ? word * 32 + bit : -1)),
  ).flat().filter((n) => n >= 0);

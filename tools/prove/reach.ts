// What each partition reaches on the machine that the core has set up: memory, by walking the tables that its pCPUs translate by;
// interrupts, by trying: each vCPU of it writes to every register of its interrupt controller, and the physical one is looked at;
// and pCPUs of others, by trying, too (others.ts). What that takes of an ISA is its Trials.
import { CALL_DOORBELL } from "../../core/abi.ts";
import type { Board } from "../../boards/schema.ts";
import { MAX_CHANNELS } from "../../partitions/blob/layout.table.ts";
import { MachineError } from "../machine/errors.ts";
import type { Guest } from "../machine/guest.ts";
import type { Machine } from "../machine/machine.ts";
import type { Core } from "./core.ts";
import type { Declared } from "./declared.ts";
import { firstCpuOf } from "./host.ts";
import type { Bootable } from "./host.ts";
import { attempting, stopOne } from "./others.ts";
import type { Attempt, Disturbance, Watching } from "./others.ts";

export interface Stretch {
  readonly ipa: number;
  readonly pa: number;
  readonly size: number;
  /** A subset of "rwx". */
  readonly access: string;
  readonly memory: "Normal" | "Device" | "other";
}

export interface PcpuState {
  readonly pcpu: number;
  readonly vmid: number;
  /** PA of its first table. */
  readonly root: number;
  /** Its guest is under the hypervisor: HCR_EL2; hstatus, hedeleg and their like. */
  readonly controlled: boolean;
}

export interface Lines {
  /** Those of which it can change anything. */
  readonly lines: readonly number[];
  /** pCPUs that it can have each of these sent to. */
  readonly targets: ReadonlyMap<number, readonly number[]>;
}

export interface Reach extends Lines {
  /** Ascending by IPA, neighbours joined. */
  readonly memory: readonly Stretch[];
  /** Pages of the tables that say so. */
  readonly tables: readonly { readonly pa: number; readonly size: number }[];
  readonly pcpus: readonly PcpuState[];
  /** Lines that its hypercalls make pending, by the channel's number. */
  readonly rings: readonly { readonly channel: number; readonly line: number }[];
  /** What its vCPUs did to pCPUs that are not its own, or had firmware do. */
  readonly disturbs: readonly Disturbance[];
  /** Why its interrupts could not be tried, or its tables not be walked. */
  readonly failed: string | undefined;
}

/** What an ISA gives. */
export interface Trials<B extends Board, M extends Machine, G extends Guest> extends Watching<M> {
  /** A string: why nothing runs. */
  boot(board: B, core: Core, image: Bootable): M | string;
  guestOf(machine: M, pcpu: number): G;
  stateOf(machine: M, declared: Declared, pcpu: number): PcpuState;
  /** By its tables, ascending. `table` hears of each of these. */
  stretches(machine: M, pcpu: number, table: (pa: number, bytes: number) => void): readonly Stretch[];
  tryOthers(machine: M, declared: Declared, n: number, guest: G, attempt: Attempt): void;
  tryLines(machine: M, declared: Declared, n: number, guest: G): Lines;
}

/** A string: why nothing runs. */
export function reachesOn<B extends Board, M extends Machine, G extends Guest>(
  isa: Trials<B, M, G>, board: B, core: Core, image: Bootable,
): readonly Reach[] | string {
  const machine = isa.boot(board, core, image);
  if (typeof machine === "string") return machine;
  const { declared } = image;
  const running = declared.partitions.map((_, n) => reachOf(isa, machine, declared, n));
  return running.map((reach, n) => stopReach(isa, machine, declared, n, reach));
}

export function reachOf<B extends Board, M extends Machine, G extends Guest>(
  isa: Trials<B, M, G>, machine: M, declared: Declared, n: number,
): Reach {
  const own = declared.cpus.flatMap(({ partition }, pcpu) => (partition === n ? [pcpu] : []));
  const states = (): PcpuState[] => own.map((pcpu) => isa.stateOf(machine, declared, pcpu));
  const tables = new Map<number, number>();
  const nothing = { lines: [], targets: new Map(), rings: [], disturbs: [] };
  try {
    // By each of its pCPUs: a partition has one address space.
    const spaces = own.map((pcpu) => isa.stretches(machine, pcpu, (pa, size) => void tables.set(pa, size)));
    const memory = joinedStretches(spaces[0] ?? []);
    const walked = { memory, tables: [...tables].map(([pa, size]) => ({ pa, size })) };
    const first = machine.pcpu(firstCpuOf(declared, n));
    if (first.phase !== "guest") return { ...walked, pcpus: states(), ...nothing, failed: "it does not start" };
    const guest = isa.guestOf(machine, first.index);
    const guests = [guest, ...startOthers(isa, machine, declared, n, guest)];
    const disturbs: Disturbance[] = [];
    guests.forEach((each, vcpu) =>
      isa.tryOthers(machine, declared, n, each, attempting(isa, machine, declared, n, vcpu, disturbs)));
    const lines = joined(guests.map((each, vcpu) =>
      attempting(isa, machine, declared, n, vcpu, disturbs)("its interrupts", () => isa.tryLines(machine, declared, n, each))));
    const rings = guests.flatMap((each) => tryDoorbells(machine, each));
    // After all that it has tried: it may have got out of control by that.
    return { ...walked, pcpus: states(), ...lines, rings, disturbs, failed: undefined };
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    return { memory: [], tables: [], pcpus: states(), ...nothing, failed: error.message };
  }
}

/** The same, once it has been stopped: after all others have been looked at. */
export function stopReach<B extends Board, M extends Machine, G extends Guest>(
  isa: Trials<B, M, G>, machine: M, declared: Declared, n: number, reach: Reach,
): Reach {
  if (reach.failed !== undefined) return reach;
  try {
    const disturbs = stopOne(isa, machine, declared, n, isa.guestOf(machine, firstCpuOf(declared, n)));
    return { ...reach, disturbs: [...reach.disturbs, ...disturbs] };
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    return { ...reach, failed: error.message };
  }
}

/** Its other vCPUs, which its first one turns on, where that one itself is. */
function startOthers<B extends Board, M extends Machine, G extends Guest>(
  isa: Trials<B, M, G>, machine: M, declared: Declared, n: number, guest: G,
): G[] {
  const others = declared.cpus.flatMap(({ partition, vcpu }, pcpu) => (partition === n && vcpu > 0 ? [{ vcpu, pcpu }] : []));
  return others.sort((a, b) => a.vcpu - b.vcpu).map(({ vcpu, pcpu }) => {
    guest.turnOn(vcpu, guest.pcpu.code, 0n);
    machine.settle();
    return isa.guestOf(machine, pcpu);
  });
}

export const ascending = (set: Iterable<number>): number[] => [...new Set(set)].sort((a, b) => a - b);

function joined(found: readonly Lines[]): Lines {
  const lines = ascending(found.flatMap((each) => each.lines));
  const sent = (line: number): number[] => ascending(found.flatMap(({ targets }) => targets.get(line) ?? []));
  return { lines, targets: new Map(lines.map((line) => [line, sent(line)])) };
}

function joinedStretches(pieces: readonly Stretch[]): Stretch[] {
  const found: Stretch[] = [];
  for (const next of pieces) {
    const last = found.at(-1);
    const continues = last !== undefined && last.ipa + last.size === next.ipa && last.pa + last.size === next.pa
      && last.access === next.access && last.memory === next.memory;
    if (continues) found[found.length - 1] = { ...last, size: last.size + next.size };
    else found.push(next);
  }
  return found;
}

/** Of a mapping: a subset of "rwx". */
export const accessOf = ({ read, write, execute }: { read: boolean; write: boolean; execute: boolean }): string =>
  `${read ? "r" : ""}${write ? "w" : ""}${execute ? "x" : ""}`;

/** As many hypercalls as there could be channels of it, and one more. */
function tryDoorbells(machine: Machine, guest: Guest): Reach["rings"] {
  const rings: { channel: number; line: number }[] = [];
  let channel = 0;
  const { onPend } = machine.lines;
  machine.lines.onPend = (line) => void rings.push({ channel, line });
  for (; channel <= MAX_CHANNELS; channel++) guest.hypercall(CALL_DOORBELL, BigInt(channel));
  machine.lines.onPend = onPend;
  return rings;
}

/** Lines of which an act changes anything that the physical interrupt controller has of them. */
export function changedLines(machine: Machine, reached: Set<number>, act: () => void): void {
  const { bits, entries } = machine.lines;
  const before = [...bits, ...entries].map(({ set }) => set.slice());
  act();
  [...bits, ...entries].forEach(({ set }, at) => {
    for (const line of changed(before[at] ?? set, set, at < bits.length)) reached.add(line);
  });
}

/** Lines whose bit or entry is another one: bitmaps have words of 32, all else an entry each. */
function changed(before: Uint32Array | Uint8Array, now: Uint32Array | Uint8Array, isBitmap: boolean): number[] {
  const found: number[] = [];
  now.forEach((value, at) => {
    const was = before[at] ?? 0;
    if (value === was) return;
    if (!isBitmap) found.push(at);
    else for (let bit = 0; bit < 32; bit++) if ((((value ^ was) >>> bit) & 1) !== 0) found.push(at * 32 + bit);
  });
  return found;
}

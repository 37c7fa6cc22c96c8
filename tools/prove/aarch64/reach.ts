// What each partition reaches on the machine that the core has set up: memory, by walking the tables that its pCPUs translate by;
// interrupts, by trying: each vCPU of it writes to every register of its GICD, and the physical one is looked at; and pCPUs of
// others, by trying, too (others.ts).
import { CALL_DOORBELL } from "../../../core/abi.ts";
import { MAX_CHANNELS } from "../../../partitions/blob/layout.table.ts";
import { Guest } from "../../machine/aarch64/guest.ts";
import type { Aarch64Machine } from "../../machine/aarch64/machine.ts";
import { HCR_RW, HCR_TSC, HCR_VM } from "../../machine/aarch64/registers.ts";
import { merge, MEMATTR_DEVICE_NGNRE, MEMATTR_NORMAL_WB, vmidOf } from "../../machine/aarch64/stage2.ts";
import type { Mapping } from "../../machine/aarch64/stage2.ts";
import { MachineError } from "../../machine/errors.ts";
import type { Declared } from "../declared.ts";
import { firstCpuOf } from "./host.ts";
import { stopOne, tryOthers } from "./others.ts";
import type { Disturbance } from "./others.ts";

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
  /** Its VTTBR_EL2's. */
  readonly vmid: number;
  /** PA of its first table. */
  readonly root: number;
  /** Its guest is under the hypervisor: HCR_EL2. */
  readonly controlled: boolean;
}

export interface Reach {
  /** Ascending by IPA, neighbours joined. */
  readonly memory: readonly Stretch[];
  /** Pages of the tables that say so. */
  readonly tables: readonly { readonly pa: number; readonly size: number }[];
  readonly pcpus: readonly PcpuState[];
  /** INTIDs of SPIs of which it can change anything. */
  readonly lines: readonly number[];
  /** pCPUs that it can have each of these sent to. */
  readonly targets: ReadonlyMap<number, readonly number[]>;
  /** INTIDs that its hypercalls make pending, by the channel's number. */
  readonly rings: readonly { readonly channel: number; readonly line: number }[];
  /** What its vCPUs did to pCPUs that are not its own, or had firmware do. */
  readonly disturbs: readonly Disturbance[];
  /** Why its interrupts could not be tried, or its tables not be walked. */
  readonly failed: string | undefined;
}

const ATTRIBUTES = new Map<number, Stretch["memory"]>([[MEMATTR_NORMAL_WB, "Normal"], [MEMATTR_DEVICE_NGNRE, "Device"]]);
const VTTBR_BADDR = 0x0000_ffff_ffff_fffen;

export function reachOf(machine: Aarch64Machine, declared: Declared, n: number): Reach {
  const pcpus = declared.cpus.flatMap(({ partition }, pcpu) => (partition === n ? [stateOf(machine, pcpu)] : []));
  const tables = new Map<number, number>();
  const nothing = { lines: [], targets: new Map(), rings: [], disturbs: [] };
  try {
    // By each of its pCPUs: a partition has one address space.
    const spaces = pcpus.map(({ pcpu }) => machine.mappings(machine.pcpu(pcpu), (pa, size) => void tables.set(pa, size)));
    const memory = merge(spaces[0] ?? []).map(stretchOf);
    const walked = { memory, tables: [...tables].map(([pa, size]) => ({ pa, size })), pcpus };
    const first = machine.pcpu(firstCpuOf(declared, n));
    if (first.phase !== "guest") return { ...walked, ...nothing, failed: "it does not start" };
    const guest = new Guest(machine, first.index);
    const guests = [guest, ...startOthers(machine, declared, n, guest)];
    const disturbs = tryOthers(machine, declared, n, guests);
    const lines = joined(guests.map((each) => tryLines(machine, each, declared, n)));
    return { ...walked, ...lines, rings: guests.flatMap((each) => tryDoorbells(machine, each)), disturbs, failed: undefined };
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    return { memory: [], tables: [], pcpus, ...nothing, failed: error.message };
  }
}

/** The same, once it has been stopped: after all others have been looked at. */
export function stopReach(machine: Aarch64Machine, declared: Declared, n: number, reach: Reach): Reach {
  if (reach.failed !== undefined) return reach;
  try {
    const guest = new Guest(machine, firstCpuOf(declared, n));
    return { ...reach, disturbs: [...reach.disturbs, ...stopOne(machine, declared, n, guest)] };
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    return { ...reach, failed: error.message };
  }
}

/** Its other vCPUs, which its first one turns on, where that one itself is. */
function startOthers(machine: Aarch64Machine, declared: Declared, n: number, guest: Guest): Guest[] {
  const others = declared.cpus.flatMap(({ partition, vcpu }, pcpu) => (partition === n && vcpu > 0 ? [{ vcpu, pcpu }] : []));
  return others.sort((a, b) => a.vcpu - b.vcpu).map(({ vcpu, pcpu }) => {
    guest.turnOn(vcpu, guest.pcpu.code, 0n);
    machine.settle();
    return new Guest(machine, pcpu);
  });
}

type Lines = Pick<Reach, "lines" | "targets">;
const ascending = (set: Iterable<number>): number[] => [...new Set(set)].sort((a, b) => a - b);

function joined(found: readonly Lines[]): Lines {
  const lines = ascending(found.flatMap((each) => each.lines));
  const sent = (line: number): number[] => ascending(found.flatMap(({ targets }) => targets.get(line) ?? []));
  return { lines, targets: new Map(lines.map((line) => [line, sent(line)])) };
}

const stretchOf = ({ ipa, pa, size, read, write, execute, memory }: Mapping): Stretch => ({
  ipa, pa, size,
  access: `${read ? "r" : ""}${write ? "w" : ""}${execute ? "x" : ""}`,
  memory: ATTRIBUTES.get(memory) ?? "other",
});

function stateOf(machine: Aarch64Machine, pcpu: number): PcpuState {
  const { HCR_EL2, VTTBR_EL2 } = machine.pcpu(pcpu).registers;
  return {
    pcpu,
    vmid: vmidOf(VTTBR_EL2),
    root: Number(VTTBR_EL2 & VTTBR_BADDR),
    controlled: (HCR_EL2 & HCR_SET) === HCR_SET && (HCR_EL2 & HCR_CLEAR) === 0n,
  };
}
/** HCR_EL2 (D17.2.48): stage 2 is on, SMC is trapped, EL1 is AArch64; EL0 is not the hypervisor's (TGE), nor EL2 a host (E2H). */
const HCR_SET = HCR_VM | HCR_TSC | HCR_RW;
const HCR_CLEAR = (1n << 27n) | (1n << 34n);

// GICD registers (IHI 0069 §12.9), a bit, a byte, two bits, or 64 bits for each INTID.
const ISENABLER = 0x100;
const ICENABLER = 0x180;
const ISPENDR = 0x200;
const ICPENDR = 0x280;
const IPRIORITYR = 0x400;
const ITARGETSR = 0x800;
const ICFGR = 0xc00;
const IROUTER = 0x6000;
const FIRST_SPI = 32;
const ALL = 0xffff_ffffn;

/** What is written to all registers of a kind, and INTIDs in each. In pairs: what one finds done already, the other undoes. */
const TRIES = [
  { register: ISENABLER, each: 32, value: ALL },
  { register: ICENABLER, each: 32, value: ALL },
  { register: ISPENDR, each: 32, value: ALL },
  { register: ICPENDR, each: 32, value: ALL },
  { register: IPRIORITYR, each: 4, value: ALL },
  { register: IPRIORITYR, each: 4, value: 0n },
  { register: ICFGR, each: 16, value: ALL },
  { register: ICFGR, each: 16, value: 0n },
] as const;
const WORD = 4;

function tryLines(machine: Aarch64Machine, guest: Guest, declared: Declared, n: number): Lines {
  const gicd = declared.partitions[n]?.gicd ?? 0;
  const { spiLimit } = machine.board;
  const { bits, entries } = machine.lines;
  const reached = new Set<number>();
  const targets = new Map<number, Set<number>>();
  const watching = (write: () => void): void => {
    const before = [...bits, ...entries].map(({ set }) => set.slice());
    write();
    [...bits, ...entries].forEach(({ set }, at) => {
      for (const line of changed(before[at] ?? set, set, at < bits.length)) reached.add(line);
    });
  };
  const aim = (line: number): void => {
    const seen = targets.get(line) ?? new Set();
    targets.set(line, seen);
    for (const pcpu of machine.gic.targets(line)) seen.add(pcpu);
  };
  for (const { register, each, value } of TRIES) {
    watching(() => {
      for (let line = FIRST_SPI; line < spiLimit; line += each) {
        guest.store(gicd + register + (line / each) * WORD, WORD, value);
      }
    });
  }
  for (const line of [...reached]) {
    aim(line);
    for (const value of machine.board.gicVersion === 3 ? ROUTES : MASKS) {
      watching(() => {
        if (machine.board.gicVersion === 3) guest.store(gicd + IROUTER + line * 8, 8, value);
        else guest.store(gicd + ITARGETSR + line, 1, value);
      });
      aim(line);
    }
  }
  return { lines: ascending(reached), targets: new Map([...targets].map(([line, seen]) => [line, ascending(seen)])) };
}
/** GICD_IROUTER<n>: any pCPU (IRM); vCPUs 0 to 7; an affinity that no vCPU has. */
const ROUTES = [1n << 31n, 7n, 6n, 5n, 4n, 3n, 2n, 1n, 0xff_00ff_ffffn, 0n];
/** GICD_ITARGETSR<n>: all CPU interfaces, then each. */
const MASKS = [0xffn, 0x80n, 0x40n, 0x20n, 0x10n, 8n, 4n, 2n, 1n];

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

/** As many hypercalls as there could be channels of it, and one more. */
function tryDoorbells(machine: Aarch64Machine, guest: Guest): Reach["rings"] {
  const rings: { channel: number; line: number }[] = [];
  let channel = 0;
  const { onPend } = machine.lines;
  machine.lines.onPend = (line) => void rings.push({ channel, line });
  for (; channel <= MAX_CHANNELS; channel++) guest.hypercall(CALL_DOORBELL, BigInt(channel));
  machine.lines.onPend = onPend;
  return rings;
}

// What RISC-V gives for the proof (../reach.ts): the machine, the G stage, and the interrupt controller that a partition sees, to
// which each of its vCPUs writes: an APLIC, or with injected interrupts a PLIC. What is behind an address, memory or a device,
// is the board's to say and no table's (privileged architecture, "Physical Memory Attributes").
import type { Riscv64Board } from "../../../boards/schema.ts";
import { riscv64 } from "../../../arch/riscv64/riscv64.table.ts";
import { SOURCES } from "../../machine/riscv64/aplic.ts";
import {
  COUNTEREN_TM, MODE_SHIFT, MODE_SV39, PPN_MASK, VGEIN_MASK, VGEIN_SHIFT, VS_INTERRUPTS,
} from "../../machine/riscv64/csrs.ts";
import { machineOf } from "../../machine/riscv64/described.ts";
import { Guest } from "../../machine/riscv64/guest.ts";
import { PIECE_BYTES, riscv64Hooks } from "../../machine/riscv64/hooks.ts";
import { Riscv64Machine } from "../../machine/riscv64/machine.ts";
import { vmidOf } from "../../machine/riscv64/translation.ts";
import type { Core } from "../core.ts";
import type { Declared } from "../declared.ts";
import { boot, firstCpuOf } from "../host.ts";
import type { Bootable } from "../host.ts";
import { accessOf, ascending, changedLines } from "../reach.ts";
import type { Lines, PcpuState, Stretch, Trials } from "../reach.ts";
import { besides, moreOf, tryOthers } from "./others.ts";

const PAGE_SHIFT = 12n;

export const RISCV64: Trials<Riscv64Board, Riscv64Machine, Guest> = {
  boot: bootHarts,
  guestOf: (machine, pcpu) => new Guest(machine, pcpu),
  stateOf,
  stretches: (machine, pcpu, table) => machine.mappings(machine.pcpu(pcpu), table).map(({ ipa, pa, size, ...rights }) => ({
    ipa, pa, size, access: accessOf(rights), memory: kindOf(machine, pa, size),
  })),
  tryOthers,
  tryLines,
  moreOf,
  besides,
};

function bootHarts(board: Riscv64Board, core: Core, image: Bootable): Riscv64Machine | string {
  const machine = boot(board, core, image, (contents, placed) => new Riscv64Machine(core.module, {
    ...contents,
    board: { ...machineOf(board), ...placed, ownRootOffset: core.places.ownTables },
    intrinsics: (made) => ({ table: riscv64, hooks: riscv64Hooks(made, riscv64, PIECE_BYTES) }),
  }));
  if (typeof machine === "string") return machine;
  // A doorbell is heard of where its owner has switched it on.
  image.declared.partitions.forEach((_, n) => {
    const first = firstCpuOf(image.declared, n);
    if (machine.pcpu(first).phase === "guest") switchOn(new Guest(machine, first), image.declared, n);
  });
  return machine;
}

/** All of it, or none of it, is RAM of the board. */
function kindOf({ memory }: Riscv64Machine, pa: number, size: number): Stretch["memory"] {
  if (memory.isRam(pa, size)) return "Normal";
  return memory.isRam(pa, 1) || memory.isRam(pa + size - 1, 1) ? "other" : "Device";
}

/** Exceptions that a guest may take itself: its own, not those of the second stage (hedeleg); its own cache operations. */
const OWN_EXCEPTIONS = 0x4_b1ffn;
const OWN_ENVIRONMENT = (1n << 63n) | 0xf0n;
const COUNTERS = 1n | (1n << 2n);
const HSTATUS_HU = 1n << 9n;
const GUEST_FILE = 1n;

function stateOf(machine: Riscv64Machine, { cpus, partitions }: Declared, pcpu: number): PcpuState {
  const { csrs } = machine.pcpu(pcpu);
  const hgatp = csrs.read("hgatp");
  const { direct = false, pmu = false } = partitions[cpus[pcpu]?.partition ?? -1] ?? {};
  const file = (csrs.read("hstatus") >> VGEIN_SHIFT) & VGEIN_MASK;
  const more = [
    ["hedeleg", OWN_EXCEPTIONS], ["hideleg", VS_INTERRUPTS], ["henvcfg", OWN_ENVIRONMENT],
    ["hcounteren", pmu ? COUNTEREN_TM | COUNTERS : COUNTEREN_TM],
  ] as const;
  return {
    pcpu,
    vmid: vmidOf(hgatp),
    root: Number((hgatp & PPN_MASK) << PAGE_SHIFT),
    controlled: Number(hgatp >> MODE_SHIFT) === MODE_SV39 && file === (direct ? GUEST_FILE : 0n)
      && (csrs.read("hstatus") & HSTATUS_HU) === 0n && more.every(([csr, allowed]) => (csrs.read(csr) & ~allowed) === 0n),
  };
}

// Registers of an APLIC (AIA 1.0, 4.5), a word, a bit or a number for each source.
const APLIC_BYTES = 0x4000;
const DOMAINCFG = 0;
const SOURCECFG = 0;
const [SETIP, CLRIP, SETIE, CLRIE] = [0x1c00, 0x1d00, 0x1e00, 0x1f00];
const BITS = [SETIP, CLRIP, SETIE, CLRIE] as const;
const BY_NUMBER = [0x1cdc, 0x1ddc, 0x1edc, 0x1fdc, 0x2000, 0x2004] as const;
const TARGET = 0x3000;
const [RISING, HIGH] = [4n, 6n];
/** Inactive; detached; each mode; delegated to a child. */
const MODES = [0n, 1n, 5n, 7n, HIGH, 1n << 10n, RISING] as const;
const HART_SHIFT = 18n;
const GUEST_SHIFT = 12n;
/** Of an MSI that nothing else sends. */
const IDENTITY = 5n;
const ALL = 0xffff_ffffn;
const WORD = 4;
const LAST_SOURCE = 1023;

/** Those of the board, some behind them, and the last one that there can be. */
const TRIED = [...Array.from({ length: SOURCES + WORD * 8 }, (_, n) => n + 1), LAST_SOURCE];
const TRIED_WORDS = [...Array.from({ length: SOURCES / 32 + 2 }, (_, n) => n * WORD), LAST_SOURCE >> 5 << 2];

/** Its sources are active, and off. */
function switchOn(guest: Guest, { partitions }: Declared, n: number): void {
  const { controller = 0, direct = false, lines = [] } = partitions[n] ?? {};
  if (controller === 0 || !direct) return; // those of a PLIC are active always
  for (const line of lines) guest.store(controller + SOURCECFG + WORD * line, WORD, RISING);
}

function tryLines(machine: Riscv64Machine, declared: Declared, n: number, guest: Guest): Lines {
  const { controller = 0, direct = false } = declared.partitions[n] ?? {};
  const targets = new Map<number, Set<number>>();
  const reached = new Set<number>();
  if (controller === 0) return { lines: [], targets: new Map() };
  const write = (offset: number, value: bigint): void => void guest.store(controller + offset, WORD, value);
  const aim = (): void => reached.forEach((line) => {
    const seen = targets.get(line) ?? new Set();
    targets.set(line, seen);
    for (const hart of machine.aplic.targets(line)) seen.add(hart);
  });
  const { onPend } = machine.lines;
  machine.lines.onPend = (line) => void reached.add(line);
  const watching = (act: () => void): void => changedLines(machine, reached, act);
  const found = (): Lines => {
    aim();
    machine.lines.onPend = onPend;
    switchOn(guest, declared, n);
    return { lines: ascending(reached), targets: new Map([...targets].map(([line, seen]) => [line, ascending(seen)])) };
  };
  if (!direct) {
    tryPlic(declared, watching, write, aim);
    return found();
  }
  const ofEach = (register: number, value: bigint): void =>
    watching(() => TRIED.forEach((source) => write(register + WORD * source, value)));
  const bits = (register: number): void => watching(() => TRIED_WORDS.forEach((offset) => write(register + offset, ALL)));
  for (const domain of [0n, ALL]) {
    write(DOMAINCFG, domain);
    for (const mode of MODES) {
      ofEach(SOURCECFG, mode);
      BITS.forEach(bits);
    }
    for (const register of BY_NUMBER) watching(() => TRIED.forEach((source) => write(register, BigInt(source))));
    for (const target of targetsOf(declared)) {
      ofEach(TARGET, target);
      aim();
      // What is enabled and pending is sent there.
      bits(SETIE);
      bits(SETIP);
    }
  }
  // And what has no name here: each word of it.
  watching(() => {
    for (let offset = 0; offset < APLIC_BYTES; offset += WORD) write(offset, ALL);
  });
  return found();
}

// Registers of a PLIC (RISC-V PLIC Specification 1.0.0): each context's.
const ENABLED = 0x2000;
const ENABLED_BYTES = 0x80;
const CONTEXTS = 0x20_0000;
const CONTEXT_BYTES = 0x1000;
const CLAIM = 4;

/** Each source's priority and each context's bits, on and off, whether such a context is there or not; each completed there. */
function tryPlic(
  { cpus }: Declared, watching: (act: () => void) => void, write: (offset: number, value: bigint) => void, aim: () => void,
): void {
  for (const value of [ALL, 0n, ALL]) {
    watching(() => TRIED.forEach((source) => write(WORD * source, value)));
    for (let context = 0; context < 2 * cpus.length + 2; context++) {
      watching(() => TRIED_WORDS.forEach((offset) => write(ENABLED + ENABLED_BYTES * context + offset, value)));
      aim();
      const registers = CONTEXTS + CONTEXT_BYTES * context;
      watching(() => TRIED.forEach((source) => write(registers + CLAIM, BigInt(source))));
      watching(() => [0, CLAIM + WORD].forEach((offset) => write(registers + offset, value)));
    }
  }
}

/** target[i]: each hart that there is, and one that there is not; the hypervisor's file, a guest's, one that there is not. */
const targetsOf = ({ cpus }: Declared): bigint[] =>
  Array.from({ length: cpus.length + 1 }, (_, hart) =>
    [0n, GUEST_FILE, GUEST_FILE + 1n].map((file) => (BigInt(hart) << HART_SHIFT) | (file << GUEST_SHIFT) | IDENTITY)).flat();

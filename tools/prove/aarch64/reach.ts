// What AArch64 gives for the proof (../reach.ts): the machine, the second stage of translation, and the GICD that each vCPU of a
// partition writes to, whole.
import type { Aarch64Board } from "../../../boards/schema.ts";
import { machineOf } from "../../machine/aarch64/described.ts";
import { Guest } from "../../machine/aarch64/guest.ts";
import { Aarch64Machine } from "../../machine/aarch64/machine.ts";
import { HCR_RW, HCR_TSC, HCR_VM } from "../../machine/aarch64/registers.ts";
import { MEMATTR_DEVICE_NGNRE, MEMATTR_NORMAL_WB, vmidOf } from "../../machine/aarch64/stage2.ts";
import type { Core } from "../core.ts";
import type { Declared } from "../declared.ts";
import { boot } from "../host.ts";
import type { Bootable } from "../host.ts";
import { accessOf, ascending, changedLines } from "../reach.ts";
import type { Lines, PcpuState, Stretch, Trials } from "../reach.ts";
import { tryOthers } from "./others.ts";

const ATTRIBUTES = new Map<number, Stretch["memory"]>([[MEMATTR_NORMAL_WB, "Normal"], [MEMATTR_DEVICE_NGNRE, "Device"]]);
const VTTBR_BADDR = 0x0000_ffff_ffff_fffen;

export const AARCH64: Trials<Aarch64Board, Aarch64Machine, Guest> = {
  boot: (board: Aarch64Board, core: Core, image: Bootable) => boot(board, core, image, (contents, placed) =>
    new Aarch64Machine(core.module, {
      ...contents, board: { ...machineOf(board), ...placed, stage1RootOffset: core.places.ownTables },
    })),
  guestOf: (machine, pcpu) => new Guest(machine, pcpu),
  stateOf,
  stretches: (machine, pcpu, table) =>
    machine.mappings(machine.pcpu(pcpu), table).map(({ ipa, pa, size, memory, ...rights }) => ({
      ipa, pa, size, access: accessOf(rights), memory: ATTRIBUTES.get(memory) ?? "other",
    })),
  tryOthers,
  tryLines,
  moreOf: () => "",
  besides: ({ firmware }) => {
    const calls = firmware.calls.length;
    return () => (firmware.calls.length === calls ? [] : ["firmware"]);
  },
};

function stateOf(machine: Aarch64Machine, _: Declared, pcpu: number): PcpuState {
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

function tryLines(machine: Aarch64Machine, declared: Declared, n: number, guest: Guest): Lines {
  const gicd = declared.partitions[n]?.gicd ?? 0;
  const { spiLimit } = machine.board;
  const reached = new Set<number>();
  const targets = new Map<number, Set<number>>();
  const watching = (write: () => void): void => changedLines(machine, reached, write);
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

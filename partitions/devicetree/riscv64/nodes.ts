// Nodes of a guest's device tree that RISC-V has (Linux, bindings riscv/cpus.yaml, riscv,imsics.yaml, riscv,aplic.yaml,
// sifive,plic-1.0.0.yaml): harts, each with its own interrupt controller, and of a direct guest its interrupt files and its
// APLIC, of another one its PLIC.
import type { Riscv64Board } from "../../../boards/schema.ts";
import { PAGE } from "../../units.ts";
import type { PlannedLine, PlannedPartition, Riscv64PlannedPartition } from "../../plan/plan.ts";
import { APLIC_SIZE, PLIC_SIZE } from "../../plan/riscv64/sizes.ts";
import { reg, unit } from "../dts.ts";
import type { OwnPhandles, TreeNode, Value } from "../dts.ts";
import { TRIGGER_CELL } from "../trigger.ts";

/** Of a hart's own interrupt controller: the supervisor's external interrupt (scause 9). */
const SUPERVISOR_EXTERNAL = 9;
/** Of a PLIC's context: it is machine mode's, which is not there. */
const NO_CONTEXT = 0xffff_ffff;

/** A root with an `interrupt-parent` would be one of each hart's own controller, which has none. */
export const rootProperties = (): Readonly<Record<string, Value>> => ({});
/** Sources of its APLIC, or of its PLIC, whose triggers are nothing that its driver is told of. */
export const interruptProperties = (
  lines: readonly PlannedLine[], { controller }: OwnPhandles, isDirect: boolean,
): Readonly<Record<string, Value>> => ({
  "interrupts-extended": lines.flatMap(({ intid, trigger }) =>
    isDirect ? [controller, intid, TRIGGER_CELL[trigger]] : [controller, intid]),
});

/** Of single letters, in the order in which an ISA's name has them (Unprivileged ISA, "ISA Extension Naming Conventions"). */
const LETTERS = ["i", "m", "a", "f", "d", "q", "c", "b", "v"];
/** Counters are not the guest's but for `time`; entropy comes by machine mode. */
const KEPT_BACK = ["zicntr", "zihpm", "zkr"];
/** Of supervisor level: what a guest has of itself. */
const SUPERVISOR = ["sstc", "svinval", "svnapot"];

/** What harts have, less what is machine mode's, the hypervisor's, or not switched on for guests (henvcfg, hcounteren). */
export function guestExtensions({ cpus: { extensions } }: Riscv64Board, isDirect: boolean): string[] {
  const supervisor = [...SUPERVISOR, ...(isDirect ? ["ssaia"] : [])];
  const isGuests = (name: string): boolean => (name.startsWith("z") && !KEPT_BACK.includes(name)) || supervisor.includes(name);
  const longer = extensions.filter((name) => name.length > 1 && isGuests(name));
  return [...LETTERS.filter((letter) => extensions.includes(letter)), ...longer];
}

export const cpusProperties = ({ counter_hz: hz }: Riscv64Board): Readonly<Record<string, Value>> => ({
  "timebase-frequency": [hz],
});

export function cpuProperties(board: Riscv64Board, { direct }: PlannedPartition): Readonly<Record<string, Value>> {
  const extensions = guestExtensions(board, direct);
  const letters = extensions.filter(({ length }) => length === 1).join("");
  const longer = extensions.filter(({ length }) => length > 1).map((name) => `_${name}`);
  return {
    // Kernels before 6.8 know this alone.
    "riscv,isa": [`rv64${letters}${longer.join("")}`],
    "riscv,isa-base": ["rv64i"],
    "riscv,isa-extensions": extensions,
    "mmu-type": [`riscv,${board.cpus.mmu}`],
  };
}

export const cpuNodes = (vcpu: number, { cpus }: OwnPhandles): TreeNode[] => [
  {
    name: "interrupt-controller",
    properties: {
      compatible: ["riscv,cpu-intc"],
      "#interrupt-cells": [1],
      "interrupt-controller": true,
      phandle: [cpus[vcpu] ?? 0],
    },
  },
];

/** Firmware is found by ecall. */
export const firmwareNodes = (): TreeNode[] => [];

export const UART_NODE = "serial";
/** Of what registers are emulated for, `reg-shift` and `reg-io-width` are what they are without being said: a byte each. */
export const uartProperties = ({ uart }: Riscv64Board): Readonly<Record<string, Value>> => ({
  compatible: ["ns16550a"],
  "clock-frequency": [uart.clock_hz],
});

export const machineNodes = (board: Riscv64Board, partition: Riscv64PlannedPartition, phandles: OwnPhandles): TreeNode[] =>
  partition.direct
    ? [imsic(board, partition, phandles), aplic(board, partition, phandles)]
    : [plic(board, partition, phandles)];

function aplic({ aplic: { sources } }: Riscv64Board, { aplic: base }: Riscv64PlannedPartition, phandles: OwnPhandles): TreeNode {
  return {
    name: unit("interrupt-controller", base),
    properties: {
      compatible: ["riscv,aplic"],
      reg: reg(base, APLIC_SIZE),
      "interrupt-controller": true,
      "#interrupt-cells": [2],
      "#address-cells": [0],
      "msi-parent": [phandles.messages ?? 0],
      "riscv,num-sources": [sources],
      phandle: [phandles.controller],
    },
  };
}

/** Two contexts of each vCPU. */
function plic(board: Riscv64Board, { plic: base, cpus }: Riscv64PlannedPartition, phandles: OwnPhandles): TreeNode {
  const context = (vcpu: number, interrupt: number): number[] => [phandles.cpus[vcpu] ?? 0, interrupt];
  return {
    name: unit("interrupt-controller", base),
    properties: {
      compatible: ["sifive,plic-1.0.0", "riscv,plic0"],
      reg: reg(base, PLIC_SIZE),
      "interrupt-controller": true,
      "#interrupt-cells": [1],
      "#address-cells": [0],
      "interrupts-extended": cpus.flatMap((_, vcpu) => [...context(vcpu, NO_CONTEXT), ...context(vcpu, SUPERVISOR_EXTERNAL)]),
      "riscv,ndev": [board.aplic.sources],
      phandle: [phandles.controller],
    },
  };
}

/** One behind the other, without guest files: vCPU n's is file n. */
function imsic({ imsic: { base, identities } }: Riscv64Board, { cpus }: PlannedPartition, phandles: OwnPhandles): TreeNode {
  return {
    name: unit("interrupt-controller", base),
    properties: {
      compatible: ["riscv,imsics"],
      reg: reg(base, cpus.length * PAGE),
      "interrupt-controller": true,
      "#interrupt-cells": [0],
      "msi-controller": true,
      "#msi-cells": [0],
      "interrupts-extended": cpus.flatMap((_, vcpu) => [phandles.cpus[vcpu] ?? 0, SUPERVISOR_EXTERNAL]),
      "riscv,num-ids": [identities],
      phandle: [phandles.messages ?? 0],
    },
  };
}

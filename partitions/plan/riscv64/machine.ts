// The board as RISC-V plans it: AIA, clock, harts; and which source a number of a device tree is.
import type { Riscv64Board } from "../../../boards/schema.ts";
import type { Lines } from "../lines.ts";
import type { Riscv64Cpu, Riscv64Machine } from "./plan.ts";

export const planMachine = ({ imsic, aplic, counter_hz: counterHz }: Riscv64Board): Riscv64Machine => ({
  isa: "riscv64", imsic, aplic, counterHz,
});

export const pcpuCount = ({ cpus }: Riscv64Board): number => cpus.harts.length;

export const planCpu = ({ cpus }: Riscv64Board, cpu: number): Riscv64Cpu => ({
  hart: cpus.harts[cpu] ?? 0,
  guestFiles: cpus.guest_files[cpu] ?? 0,
});

/** cycle and instret count in every mode: only machine mode could have them leave HS out (Smcntrpmf). */
export const countsHypervisor = (): boolean => true;
export const pmuLines = (): number[] => [];
export const wayGroups = (): number => 0;

/** A guest sees a device's source under its own number. */
export const linesOf = ({ uart, spare_sources: [first, last] }: Riscv64Board): Lines => ({
  of: (source) => source,
  uartNumber: uart.source,
  uart: uart.source,
  firstSpare: first,
  spares: last - first + 1,
});

/** Its timer (Sstc) needs no mention. */
export const planPrivate = (): Record<never, never> => ({});
export const planCounting = planPrivate;
export const planTrust = planPrivate;

/** Sv39x4's root is of four tables (16 KiB), and aligned to that, which may waste three. */
export const ROOT_TABLES = 7;
/** The hypervisor's own interrupts come whatever a guest does with its. */
export const DIRECT_KEEPS_HOUSE = true;

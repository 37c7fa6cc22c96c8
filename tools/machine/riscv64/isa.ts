// RISC-V, as those see it who try out a core of any ISA.
import type { Isa } from "../isa.ts";
import type { Board } from "./board.ts";
import { machineFor } from "./core.ts";
import { Guest } from "./guest.ts";
import type { Riscv64Machine } from "./machine.ts";
import { makeSystem, STANDARD } from "./system.ts";

export const RISCV64: Isa<Board, Riscv64Machine, Guest> = {
  name: "riscv64",
  standard: STANDARD,
  makeSystem: (spec) => makeSystem(spec),
  machineFor: (system, core) => machineFor(system.spec.board, system, core),
  guestOf: (machine, pcpu) => new Guest(machine, pcpu),
};

// AArch64, as those see it who try out a core of any ISA.
import type { Isa } from "../isa.ts";
import type { Board } from "./board.ts";
import { machineFor } from "./core.ts";
import { Guest } from "./guest.ts";
import type { Aarch64Machine } from "./machine.ts";
import { makeSystem, STANDARD } from "./system.ts";

export const AARCH64: Isa<Board, Aarch64Machine, Guest> = {
  name: "aarch64",
  standard: STANDARD,
  makeSystem,
  machineFor,
  guestOf: (machine, pcpu) => new Guest(machine, pcpu),
};

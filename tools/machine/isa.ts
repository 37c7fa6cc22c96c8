// The seam of the simulated machine: what an ISA gives, so that whatever must hold for every ISA is tried out by one piece of
// code. Those who are on this side of it (test/core/property, the races, test/hostile/simulator) name no ISA.
//
//     tools/machine/*.ts            pCPUs, phases, intrusions, memory, caches, TLB, store buffer, wires: the same for every ISA
//     tools/machine/<isa>/*.ts      a Machine with that ISA's registers, traps, walks, interrupt controllers and firmware, and
// the hooks
//                                   of arch/<isa>/<isa>.table.ts; a Guest; an Isa
//     test/core/property/<isa>/     what that ISA's guests can do besides, and what must hold besides: a Trial (trial.ts)
//     test/hostile/simulator/<isa>/ its hostile operations, and its bystander
//
// A new ISA needs those, and none of the files on this side.
import type { BoardFacts } from "./board.ts";
import type { Guest } from "./guest.ts";
import type { Machine } from "./machine.ts";
import type { System, SystemSpec } from "./system.ts";

export interface Isa<Board extends BoardFacts, Made extends Machine, Who extends Guest> {
  /** As its folders are called. */
  readonly name: string;
  /** The demo in small, on the board that tests use if they do not say: a partition of two vCPUs, one of one, a spare pCPU. */
  readonly standard: SystemSpec<Board>;
  makeSystem(spec: SystemSpec<Board>): System<Board>;
  /**
   * A machine with a system's image in its memory, at reset: boot() runs every pCPU until it parks, or its guest runs. `core`:
   * another one.
   */
  machineFor(system: System<Board>, core?: WebAssembly.Module): Made;
  /** The guest of a pCPU. */
  guestOf(machine: Made, pcpu: number): Who;
}

// What an ISA gives for its core to be attacked on the simulated machine by the runs that are the same for every ISA: its
// arsenal, who carries it out, and who stands by. (tools/machine/isa.ts draws where the seam is.)
import type { BoardFacts } from "../../../tools/machine/board.ts";
import type { Guest } from "../../../tools/machine/guest.ts";
import type { Isa } from "../../../tools/machine/isa.ts";
import type { Machine } from "../../../tools/machine/machine.ts";
import type { SystemSpec, Tried } from "../../../tools/machine/system.ts";
import type { Became } from "../answers.ts";
import type { Bystander, Surroundings } from "./bystander.ts";
import type { Arsenal, Besieged } from "./moves.ts";

/** Names of the two partitions of every field. */
export const ATTACKER = "attacker";
export const BYSTANDER = "bystander";

export interface Field<Spec extends SystemSpec = SystemSpec> {
  readonly name: string;
  readonly spec: Spec;
}

export interface Attack<
  Spec extends SystemSpec, Target extends Besieged, Operation, Made extends Machine = Machine, Who extends Guest = Guest,
> extends Arsenal<Target, Operation> {
  readonly isa: Isa<BoardFacts, Made, Who>;
  readonly fields: readonly Field<Spec>[];
  /** Causes of exits of the bystander of which it says how many are due: all but its timer's and its hypercalls. */
  readonly counted: readonly number[];
  targetOf(plan: Tried, partition: string): Target;
  /** A guest carries out an operation: what its instructions meet there. */
  perform(machine: Made, guest: Who, operation: Operation): Became;
  bystanderOf(around: Surroundings<Made, Who>): Bystander<Made, Who>;
}

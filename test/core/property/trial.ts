// What an ISA gives for its core to be tried out by the tests that are the same for every ISA: systems, worlds, and whatever its
// guests can do. (tools/machine/isa.ts draws where the seam is.)
import type fc from "fast-check";
import type { SystemSpec } from "../../../tools/machine/system.ts";
import type { Acting, Action, Alphabet } from "./actions.ts";
import type { World } from "./world.ts";

/**
 * Enough for races, and for the order of stores. `Spec`: what its systems are specified by. `Own`: what its guests can do besides
 * the actions that all ISAs' have.
 */
export interface RacingTrial<Spec extends SystemSpec = SystemSpec, Own extends Acting = never> {
  readonly name: string;
  readonly standard: Spec;
  /** Systems that race, all of the races or some: where much is the same as in another one. */
  readonly racing: readonly { readonly name: string; readonly spec: Spec; readonly all: boolean }[];
  /** A booted machine. `core`: another one than the sources'. */
  world(spec: Spec, core?: WebAssembly.Module): World<Own>;
  /** The core, saying when it stores. */
  instrumentedCore(): Promise<WebAssembly.Module>;
}

/** And for what interrupts do. */
export interface Trial<Spec extends SystemSpec = SystemSpec, Own extends Acting = never> extends RacingTrial<Spec, Own> {
  /** Systems that partitions stay apart in, and every interrupt comes once. */
  readonly systems: readonly (readonly [string, Spec])[];
  /**
   * What cannot take a life, and changes no interrupt's state but by its own rules: what exactly-once delivery is proved with.
   */
  orderly(alphabet: Alphabet, spec: Spec): fc.Arbitrary<Action<Own>>;
  /** Anything at all. */
  hostile(alphabet: Alphabet, spec: Spec): fc.Arbitrary<Action<Own>>;
}

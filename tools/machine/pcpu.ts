// One pCPU of the simulated machine, as far as every ISA has the same: what it is doing, and how often it has.

/**
 * off: not started by firmware. starting: asked for, nothing run yet. guest: its vCPU's guest runs. parked: in the hypervisor,
 * waiting for an interrupt. halted: gave up (boot refused the blob).
 */
export type Phase = "off" | "starting" | "guest" | "parked" | "halted";

export abstract class PCpu {
  readonly index: number;
  phase: Phase = "off";
  /** In the core at this moment: it can do nothing else. */
  busy = false;
  /** How often a guest has begun on it. */
  lives = 0;
  /** Synchronous exceptions of its guest for which all registers were saved: those that are no quick traps. */
  fullTraps = 0;
  /** How often a guest of it has come to the hypervisor. */
  exits = 0;
  /** Linear-memory offset of its vCPU's record. */
  vcpu = 0;
  /** The guest's PC while the guest runs. */
  pc = 0n;
  /**
   * Guest-physical address of what the guest executes: where it was entered, or what it last fetched. A test's guest has no code:
   * wherever its PC goes, by its own steps or to its vectors, is taken to be in the same page.
   */
  code = 0;
  /** The instruction that it sleeps in; undefined: in none. */
  asleep: string | undefined = undefined;

  constructor(index: number) {
    this.index = index;
  }
}

// What of a plan is RISC-V's.

export interface Riscv64Machine {
  readonly isa: "riscv64";
  readonly imsic: {
    /** PA of hart 0's S-level interrupt file. */
    readonly base: number;
    /** From one hart's files to the next one's, a power of two. */
    readonly stride: number;
    /** Of each file. */
    readonly identities: number;
  };
  readonly aplic: {
    /** PA of the domain of supervisor level. */
    readonly base: number;
    /** 1 to that. */
    readonly sources: number;
  };
  /** Ticks of `time` a second. */
  readonly counterHz: number;
}

/** Where a partition sees its emulated interrupt controller: one of the two, and of the other 0. */
export interface Riscv64Windows {
  /** With direct interrupts. */
  readonly aplic: number;
  readonly plic: number;
}

export interface Riscv64Cpu {
  /** Its ID (mhartid). */
  readonly hart: number;
  /** Interrupt files that its guests can have. */
  readonly guestFiles: number;
}

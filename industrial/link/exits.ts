// Names of causes of exits, for people.

/** Indexed by EXIT_* (core/abi.ts). Short: they are titles of columns. */
export const EXIT_NAMES = [
  "timer", "irq", "sgi", "maint", "hvc", "smc", "gic", "sgi-tx", "con", "sys", "fault", "tick", "bw",
] as const;

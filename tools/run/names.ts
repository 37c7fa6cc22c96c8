// Names of what is counted by number.

/** Indexed by EXIT_*. Short: they are titles of columns. */
export const EXIT_NAMES = [
  "timer", "irq", "sgi", "maint", "hvc", "smc", "gic", "sgi-tx", "con", "sys", "fault", "tick", "bw",
] as const;

/** The profile whose partitions publish PLC_TAG_*. */
export const PLC_GUEST = "plc";

// What an exit handler tells the vectors (entry.S) to do next.

/** Restore the guest's registers and ERET. */
export const RESUME: u32 = 0;
/** There is no guest to go back to: park(), then WFI until there is. */
export const PARK: u32 = 1;
/** The same, but there is more to do: park() again, which looks at what is pending first. */
export const AGAIN: u32 = 2;

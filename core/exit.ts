// What an exit handler tells the vectors (arch/<isa>/entry.S) to do next.

/** The guest goes on. */
export const RESUME: u32 = 0;
/** There is no guest to go back to: park(), then sleep until an interrupt comes. */
export const PARK: u32 = 1;
/** The same, but there is more to do: park() again, which looks at what is pending first. */
export const AGAIN: u32 = 2;

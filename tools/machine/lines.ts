// Interrupt lines: what devices raise, and what the interrupt controller of a board keeps for each of them, whichever kind it is.
// A line has a number (an INTID, a source of an APLIC), which also names its bit and its entry.

/** Bit n of word w: line 32 · w + n. Live. */
export interface LineBits {
  readonly name: string;
  readonly set: Uint32Array;
  readonly role: "pending" | "enabled" | "active" | "setting";
}

/** Entry n: line n's. Live. */
export interface LineEntries {
  readonly name: string;
  readonly set: Uint32Array | Uint8Array;
}

/** Those that each pCPU has for itself: IPIs, timers. */
export interface PrivateLines {
  readonly bits: readonly LineBits[];
  readonly entries: readonly LineEntries[];
}

export interface Lines {
  /** Hears of every edge, and of every interrupt that software makes pending, and whether it found the line pending already. */
  onPend: ((line: number, already: boolean) => void) | undefined;
  /** It sends interrupts out at all. */
  readonly forwards: boolean;
  /** All that it keeps by bits, and by entries. */
  readonly bits: readonly LineBits[];
  readonly entries: readonly LineEntries[];
  /** Of those, the ones that say where a line goes. */
  readonly routes: readonly LineEntries[];
  isEdge(line: number): boolean;
  isHigh(line: number): boolean;
  /** pCPUs that it goes to. */
  targets(line: number): number[];
}

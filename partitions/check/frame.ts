// Stretches of physical memory that a board's file tells of.
import type { Path } from "../source/path.ts";
import type { Span } from "../units.ts";

export interface Fact {
  readonly what: string;
  readonly span: Span;
  /** Where the file says that it is there. */
  readonly at: Path;
}

/** Of a board's interrupt controller: nobody else's. */
export interface Frame extends Fact {
  /** By the hypervisor, which maps it. */
  readonly isDriven: boolean;
}

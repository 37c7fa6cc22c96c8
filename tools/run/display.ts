// What shows a run, whatever it looks like: a table that is drawn again and again, or lines of JSON.
import type { Check } from "./checks.ts";

export interface View {
  /** Of our own: progress, where consoles attach. Not part of the system's output. */
  note(text: string): void;
  /** Draws no more, and gives the terminal back. */
  close(): void;
  /** After `close`: the table of the whole run, and how it was judged. */
  summarize(checks: readonly Check[]): void;
}

// What every part of the page is made with.
import type { PartitionFacts, PartitionShown, SessionShown, Welcome } from "../protocol.ts";
import type { Store } from "./store.ts";

export interface Panel {
  /** Something has changed: called once a frame at most. */
  show(store: Store): void;
  /** Somebody has come or gone. */
  allow?(session: SessionShown): void;
}

/** What a part of the page wants done. */
export interface Deeds {
  command(partition: string, name: string): void;
  /** Whether it was done. */
  type(partition: string, text: string): Promise<boolean>;
  watch(names: readonly string[]): void;
}

export type MakePanel = (place: HTMLElement, welcome: Welcome, deeds: Deeds) => Panel;

/** A partition: what stays of it, and what is known now. */
export interface Row {
  readonly index: number;
  readonly facts: PartitionFacts;
  readonly now: Partial<PartitionShown>;
}

export const rowsOf = ({ partitions }: Welcome, store: Store): Row[] =>
  partitions.map((facts, index) => ({ index, facts, now: store.partitions[index] ?? {} }));

/** Not known, or not yet. */
export const UNKNOWN = "–";
export const known = <T>(value: T | null | undefined, show: (value: T) => string): string =>
  value === null || value === undefined ? UNKNOWN : show(value);

// Where something stands in a file.

/** From the whole file inwards: keys of mappings, indices of lists. */
export type Path = readonly (string | number)[];

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

// How fast a clock is that a partition gets no provider of: as its fixed-clock says, as the tree has it set
// (assigned-clock-rates), or as board.yaml says (`rates:`).
import type { FdtNode } from "../fdt.ts";
import { cellOf, cellsOf, isCompatible } from "../properties.ts";
import type { BoardTree } from "./board-tree.ts";

export interface KnownRate {
  /** Path of the clock's node. */
  readonly clock: string;
  /** Which of its clocks: the specifier. */
  readonly cells: readonly number[];
  readonly hz: number;
}

/** From one fixed-factor-clock to the next. */
const FACTORS_MAX = 8;

export class Rates {
  readonly #board: BoardTree;
  /** By clock and specifier; undefined: two nodes of the tree want it to have different rates. */
  readonly #found = new Map<string, number | undefined>();

  constructor(board: BoardTree, known: readonly KnownRate[]) {
    this.#board = board;
    for (const node of board.places.all) this.#assigned(node);
    for (const { clock, cells, hz } of known) this.#found.set(keyOf(clock, cells), hz);
  }

  #assigned(node: FdtNode): void {
    const rates = cellsOf(node, "assigned-clock-rates");
    if (rates.length === 0) return;
    for (const { property, index, target, specifier } of this.#board.referencesOf(node)) {
      const hz = rates[index] ?? 0;
      if (property !== "assigned-clocks" || target === undefined || hz === 0) continue;
      const key = keyOf(target.path, specifier);
      this.#found.set(key, this.#found.has(key) && this.#found.get(key) !== hz ? undefined : hz);
    }
  }

  of(clock: FdtNode, specifier: readonly number[], steps = FACTORS_MAX): number | undefined {
    const known = this.#found.get(keyOf(clock.path, specifier));
    if (known !== undefined) return known;
    if (isCompatible(clock, "fixed-clock")) return cellOf(clock, "clock-frequency");
    if (!isCompatible(clock, "fixed-factor-clock") || steps === 0) return undefined;
    const parent = this.#board.referencesOf(clock).find(({ property }) => property === "clocks");
    const hz = parent?.target && this.of(parent.target, parent.specifier, steps - 1);
    const divisor = cellOf(clock, "clock-div") ?? 0;
    return hz === undefined || divisor === 0 ? undefined : Math.floor((hz * (cellOf(clock, "clock-mult") ?? 0)) / divisor);
  }
}

const keyOf = (path: string, cells: readonly number[]): string => `${path} ${cells.join(" ")}`;

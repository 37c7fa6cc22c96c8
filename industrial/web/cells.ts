// What is shown, as JSON, and what of it has changed since it was told last.

/** `{ "a": …, "b": … }` of texts that are JSON already. */
export const joined = (members: Iterable<readonly [key: string, json: string]>): string =>
  `{${[...members].map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(",")}}`;

export class CellStore {
  readonly #cells = new Map<string, string>();
  readonly #changed = new Set<string>();

  set(key: string, value: unknown): void {
    const json = JSON.stringify(value);
    if (this.#cells.get(key) === json) return;
    this.#cells.set(key, json);
    this.#changed.add(key);
  }

  get all(): string {
    return joined(this.#cells);
  }

  /** Undefined: nothing has changed since this was called last. */
  takeChanged(): string | undefined {
    if (this.#changed.size === 0) return undefined;
    const changed = joined([...this.#changed].map((key) => [key, this.#cells.get(key) ?? "null"] as const));
    this.#changed.clear();
    return changed;
  }
}

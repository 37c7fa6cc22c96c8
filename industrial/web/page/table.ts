// A table whose rows stay while their cells change. Its roles are written out: on a narrow page rows become cards, and some
// browsers then forget that it is a table.
import { el, setText } from "./dom.ts";

export interface Column<T> {
  readonly title: string;
  readonly isNumber?: boolean;
  /** Text; or an element, made once, and what changes it. */
  readonly cell: (row: T) => string;
  readonly live?: (cell: HTMLElement, row: T) => void;
}

export class LiveTable<T> {
  readonly element: HTMLTableElement;
  readonly #columns: readonly Column<T>[];
  readonly #body = el("tbody", { role: "rowgroup" });
  readonly #rows: HTMLTableCellElement[][] = [];

  /** The first column names the row. */
  constructor(caption: string, columns: readonly Column<T>[], className = "") {
    this.#columns = columns;
    const heads = columns.map(({ title, isNumber }) =>
      el("th", { scope: "col", role: "columnheader", class: isNumber === true ? "number" : "" }, title),
    );
    const head = el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads));
    this.element = el(
      "table",
      { role: "table", class: className },
      el("caption", { class: "unseen" }, caption),
      head,
      this.#body,
    );
  }

  show(rows: readonly T[]): void {
    while (this.#rows.length > rows.length) {
      this.#rows.pop();
      this.#body.lastElementChild?.remove();
    }
    for (const [at, row] of rows.entries()) {
      const cells = (this.#rows[at] ??= this.#addRow());
      for (const [column, { cell, live }] of this.#columns.entries()) {
        const place = cells[column];
        if (place === undefined) continue;
        if (live === undefined) setText(place, cell(row));
        else live(place, row);
      }
    }
  }

  #addRow(): HTMLTableCellElement[] {
    const cells = this.#columns.map(({ title, isNumber }, at) => {
      const look = { class: isNumber === true ? "number" : "", "data-title": title };
      return at === 0 ? el("th", { scope: "row", role: "rowheader", ...look }) : el("td", { role: "cell", ...look });
    });
    this.#body.append(el("tr", { role: "row" }, ...cells));
    return cells;
  }
}

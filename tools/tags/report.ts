// The tag table for people: what there is, where it is, and who may write it.
import type { TagTable } from "../../partitions/tags/table.ts";
import { formatType } from "../../partitions/tags/type.ts";
import { layOut } from "../run/columns.ts";
import type { Column } from "../run/columns.ts";
import type { Paint } from "../run/paint.ts";

interface Row {
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  readonly range: string;
  readonly access: string;
  readonly offset: string;
  readonly register: string;
  readonly alias: string;
  readonly description: string;
}

const column = (title: string, align: Column<Row>["align"], cell: (row: Row) => string): Column<Row> => ({ title, align, cell });
const COLUMNS = [
  column("tag", "left", ({ name }) => name),
  column("type", "left", ({ type }) => type),
  column("unit", "left", ({ unit }) => unit),
  column("range", "left", ({ range }) => range),
  column("access", "left", ({ access }) => access),
  column("offset", "right", ({ offset }) => offset),
  column("register", "right", ({ register }) => register),
  column("alias", "right", ({ alias }) => alias),
  column("description", "left", ({ description }) => description),
];

export function formatTags(table: TagTable, paint: Paint): string {
  return table
    .map(({ partition, size, tags }) => {
      const rows = tags.map((tag) => ({
        name: tag.name,
        type: formatType(tag.type),
        unit: tag.unit ?? "",
        range: tag.range?.join("…") ?? "",
        access: tag.clients === undefined ? (tag.writable ? "rw" : "ro") : `rw by ${tag.clients.join(", ")}`,
        offset: String(tag.offset),
        register: `${tag.type.scalar === "bool" ? "bit " : ""}${tag.register}`,
        alias: String(tag.alias),
        description: tag.description ?? "",
      }));
      const lines = layOut(COLUMNS, rows).map((line, index) => `  ${index === 0 ? paint("dim", line) : line}`);
      return [
        `${paint("bold", partition)}: ${tags.length} tag${tags.length === 1 ? "" : "s"}, an image of ${size} bytes`,
        ...lines,
      ].join("\n");
    })
    .join("\n\n");
}

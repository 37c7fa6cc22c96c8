// A blob as text: every field of every record by its name in its ISA's layout, so that nothing is left out.
import type { Blob, BlobRecord, FieldValue } from "../../partitions/blob/codec.ts";
import type { RecordLayout } from "../../partitions/blob/field.ts";
import { layoutOf } from "../../partitions/blob/isas.ts";
import { layOut } from "../run/columns.ts";
import type { Paint } from "../run/paint.ts";

export function formatBlob({ isa, header, machine, records }: Blob, paint: Paint): string {
  const layouts = layoutOf(isa);
  const blocks = [block(layouts.header, layouts.header.name, header, paint)];
  blocks.push(block(layouts.machine, layouts.machine.name, machine, paint));
  for (const layout of layouts.records) {
    const list = records[layout.name] ?? [];
    blocks.push(...list.map((record, index) => block(layout, `${layout.name} ${index}`, record, paint)));
  }
  return blocks.join("\n\n");
}

function block(layout: RecordLayout, title: string, record: BlobRecord, paint: Paint): string {
  const [, ...lines] = layOut(
    [
      { title: "", align: "left", cell: ({ name }) => name },
      { title: "", align: "left", cell: ({ name }) => shown(record[name]) },
    ],
    layout.fields,
  );
  return [paint("bold", title), ...lines.map((line) => `  ${line}`)].join("\n");
}

const shown = (value: FieldValue | undefined): string => (typeof value === "bigint" ? `0x${value.toString(16)}` : String(value));

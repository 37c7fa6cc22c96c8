// A blob as text: every field of every record by its name in layout.table.ts, so that nothing is left out.
import type { BlobRecord, FieldValue } from "../../partitions/blob/codec.ts";
import { HEADER, RECORDS } from "../../partitions/blob/layout.table.ts";
import type { RecordLayout } from "../../partitions/blob/layout.table.ts";
import type { Blob } from "../../partitions/blob/read.ts";
import { layOut } from "../run/columns.ts";
import type { Paint } from "../run/paint.ts";

export function formatBlob({ header, records }: Blob, paint: Paint): string {
  const blocks = [block(HEADER, HEADER.name, header, paint)];
  for (const layout of RECORDS) {
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

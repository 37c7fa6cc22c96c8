// The whole layout of an ISA's blob: what all have in common, with what the ISA has besides.
import { ISAS } from "../../boards/isa.ts";
import type { Isa } from "../../boards/isa.ts";
import * as aarch64 from "./aarch64.table.ts";
import { within } from "./field.ts";
import type { Field, FieldRange, RecordLayout } from "./field.ts";
import { HEADER, RECORDS } from "./layout.table.ts";
import * as riscv64 from "./riscv64.table.ts";

/** What a <isa>.table.ts has to have. Its other numbers are constants for the ISA's part of the core. */
export interface IsaTable {
  /** Its number in the header: 1 aarch64, 2 riscv64; 3 is x86_64's, and 4 loongarch64's. */
  readonly BLOB_ISA: number;
  /** All flags that a partition can have. */
  readonly PARTITION_FLAGS: number;
  /** Stretches of addresses that its interrupt controller is in, at most. */
  readonly CONTROLLER_FRAMES: number;
  readonly machine: readonly Field[];
  /** Behind the fields that every ISA's Cpu and Partition have. */
  readonly cpu: readonly Field[];
  readonly partition: readonly Field[];
}
export const ISA_TABLES: Readonly<Record<Isa, IsaTable>> = { aarch64, riscv64 };

export interface BlobLayout {
  readonly isa: Isa;
  readonly header: RecordLayout;
  /** Right behind the header. */
  readonly machine: RecordLayout;
  /** Of which there are arrays. */
  readonly records: readonly RecordLayout[];
}

const layoutFor = (isa: Isa): BlobLayout => {
  const { PARTITION_FLAGS, machine, cpu, partition } = ISA_TABLES[isa];
  const ranges: Readonly<Record<string, FieldRange>> = { flags: within("flags", 0, PARTITION_FLAGS) };
  const besides: Readonly<Record<string, readonly Field[]>> = { Cpu: cpu, Partition: partition };
  const whole = (layout: RecordLayout): RecordLayout => {
    const own = layout.fields.map((field) => ({ ...field, ...(ranges[field.name] && { range: ranges[field.name] }) }));
    return { ...layout, fields: [...own, ...(besides[layout.name] ?? [])] };
  };
  return {
    isa,
    header: whole(HEADER),
    machine: { name: "Machine", doc: "The board, as its ISA has it.", most: 1, fields: machine },
    records: RECORDS.map(whole),
  };
};
const LAYOUTS = Object.fromEntries(ISAS.map((isa) => [isa, layoutFor(isa)])) as Record<Isa, BlobLayout>;

export const layoutOf = (isa: Isa): BlobLayout => LAYOUTS[isa];

/** By its number in a header. */
export const isaOf = (number: unknown): Isa | undefined => ISAS.find((isa) => ISA_TABLES[isa].BLOB_ISA === number);

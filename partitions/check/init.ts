// Registers that are written before any guest starts (`init:`): each is one that the board allows, none is written in two ways.
import type { Board } from "../../boards/schema.ts";
import { REGISTER } from "../../boards/values.ts";
import { MAX_INITS } from "../blob/layout.table.ts";
import { initBits, initElsewhere, initTwice, tooMany } from "../diagnostics/catalogue.ts";
import type { Findings } from "../diagnostics/diagnostic.ts";
import { contains, formatSpan, hex } from "../units.ts";
import type { PartitionRequest } from "../request.ts";

interface Written {
  readonly by: string;
  readonly mask: bigint;
  readonly value: bigint;
}

export function checkInit(board: Board, partitions: readonly PartitionRequest[], findings: Findings): void {
  const written = new Map<number, Written[]>();
  const all = partitions.flatMap(({ name, path, fields }) =>
    (fields.init ?? []).map((init, index) => ({ ...init, by: name, at: [...path, "init", index] })),
  );
  for (const { reg, at, by, ...init } of all) {
    const [mask, value] = [BigInt(init.mask), BigInt(init.value)];
    if (!board.init_registers.some((stretch) => contains(stretch, { base: reg, size: REGISTER })))
      findings.report([...at, "reg"], initElsewhere(hex(reg), board.name, board.init_registers.map(formatSpan)));
    if ((value & ~mask) !== 0n) findings.report([...at, "value"], initBits(hex(init.value), hex(init.mask)));
    const before = written.get(reg) ?? [];
    // What one writes, the other has to write, too.
    const other = before.find((each) => ((each.value ^ value) & each.mask & mask) !== 0n);
    if (other !== undefined) findings.report([...at, "value"], initTwice(hex(reg), other.by));
    written.set(reg, [...before, { by, mask, value }]);
  }
  const last = all[MAX_INITS];
  if (last !== undefined) findings.report(last.at, tooMany("registers to write at first", all.length, MAX_INITS));
}

// Which board an image is for: it says none by name, but has all facts of it that the core relies on. They have to be, one and
// all, those of a board.yaml: else what is taken here for RAM, or for the interrupt controller, could be something else there.
import type { Board } from "../../boards/schema.ts";
import type { Blob, BlobRecord } from "../../partitions/blob/codec.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { writeBlob } from "../../partitions/blob/write.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { planBoard } from "../../partitions/plan/planner.ts";
import type { OpenShelf } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";

/** Of a blob's header, those that every system on the board has. */
const HEADER = [
  "imageBase", "uart", "uartKind", "uartShift", "uartWide", "uartDivisor", "watchdog", "watchdogKind", "watchdogTop", "noTree",
  "ipaBits",
];
/** Of a pCPU, those that say whose it is. */
const OWNER = ["partition", "vcpu"];
/** All of these are the board's. */
const RECORDS = ["Ram", "Match", "Text"];

/** Facts of a board that a blob has otherwise. */
export function boardFindings(blob: Blob, board: Board): string[] {
  if (board.isa !== blob.isa) return [`it is for ${blob.isa}, and ${board.name} is ${board.isa}`];
  const plan = planBoard(board);
  const wanted = readBlob(writeBlob(plan));
  const findings: string[] = [];
  const compare = (what: string, fields: readonly string[], is: BlobRecord = {}, shall: BlobRecord = {}): void => {
    for (const field of fields) {
      if (is[field] === shall[field]) continue;
      findings.push(`${what}${field} is ${shown(is[field])}, and ${board.name} has ${shown(shall[field])}`);
    }
  };
  const records = (kind: string, but: readonly string[] = []): void => {
    const [found = [], there = []] = [blob.records[kind], wanted.records[kind]];
    for (let n = 0; n < Math.max(found.length, there.length); n++) {
      const fields = Object.keys({ ...found[n], ...there[n] }).filter((field) => !but.includes(field));
      compare(`${kind} ${n}: `, fields, found[n], there[n]);
    }
  };
  compare("", HEADER, blob.header, wanted.header);
  compare("", Object.keys(wanted.machine), blob.machine, wanted.machine);
  records("Cpu", OWNER);
  for (const kind of RECORDS) records(kind);
  const colours = Number(blob.header["colourCount"]);
  if (colours !== 0 && colours !== plan.cache.colours)
    findings.push(`colourCount is ${colours}, and ${board.name} has ${plan.cache.colours}`);
  return findings;
}

const shown = (value: BlobRecord[string] | undefined): string =>
  typeof value === "string" || value === undefined ? JSON.stringify(value ?? null) : `0x${value.toString(16)}`;

/** A board, and what of it the blob has otherwise. */
export interface Likeness {
  readonly board: Board;
  readonly findings: readonly string[];
}

/** The one that has least otherwise, of its ISA if there is one. */
export function nearest(blob: Blob, boards: readonly Board[]): Likeness | undefined {
  const alike = boards.filter(({ isa }) => isa === blob.isa);
  const all = (alike.length > 0 ? alike : boards).map((board) => ({ board, findings: boardFindings(blob, board) }));
  return all.reduce<Likeness | undefined>(
    (best, one) => (best === undefined || one.findings.length < best.findings.length ? one : best),
    undefined,
  );
}

/** All that are without a mistake. */
export const boardsOn = ({ names, get }: Pick<OpenShelf<Board>, "names" | "get">): Board[] =>
  names.flatMap((name) => get(name, new Findings(new YamlSource("", ""))) ?? []);

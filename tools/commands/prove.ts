// axv-part prove: what an image's partitions can reach, proven from its bytes.
import type { Command } from "commander";
import type { Board } from "../../boards/schema.ts";
import { CodedError } from "../../industrial/link/coded-error.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { readTree, treeFileOf } from "../../partitions/devicetree/board-tree/file.ts";
import { boardAt, boards } from "../../partitions/shelf.ts";
import { readFile } from "../../partitions/source/file.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { GIB } from "../../partitions/units.ts";
import { boardsOn } from "../prove/board.ts";
import type { Slot } from "../firmware/slots.ts";
import { sha256, translatedCore } from "../prove/core.ts";
import { EMPTY_SLOT, systemsOn } from "../prove/disk.ts";
import type { Systems } from "../prove/disk.ts";
import { ProveError } from "../prove/errors.ts";
import { unpack } from "../prove/fit.ts";
import { prove } from "../prove/prove.ts";
import type { Known } from "../prove/prove.ts";
import { reportOf } from "../prove/report.ts";
import type { Report } from "../prove/report.ts";
import { formatReport } from "../prove/show.ts";
import { paintFor } from "../run/paint.ts";
import type { Paint } from "../run/paint.ts";

/** More than any board's memory holds of it: it is read as a whole. */
const IMAGE_MAX = 2 * GIB;

const say = (line: string): void => console.error(line);

export function register(program: Command): void {
  program
    .command("prove")
    .description("prove from an image's bytes that its partitions are isolated, and report who reaches what")
    .argument("<image>", "an image that `axv-part build` has made, the FIT of one, or a disk image: both of its slots")
    .option("--board <board>", "the board that it has to be for: a board.yaml, or a name (default: the one that it fits)")
    .option("--json", "print the report as JSON; of a disk by slot, as {slots: {a: REPORT, b: …}}")
    .action(async (file: string, { board, json }: { board?: string; json?: true }) => {
      const systems = systemsOn(file);
      const known = knownBoards(board);
      const prover: Prover = async (name, bytes) => {
        const { image, isa, packed } = unpack(name, bytes);
        const core = await translatedCore(isa, say);
        return reportOf(prove(image, core, known, packed), core);
      };
      if (systems !== undefined) return proveSlots(file, systems, prover, json === true);
      const report = await prover(file, bytesOf(file));
      if (!report.proven) process.exitCode = 1;
      console.log(json === true ? JSON.stringify(report, null, 2) : formatReport(report, paintFor(process.stdout)));
    });
}

/** Throws ProveError, FitError: there is no image in these bytes. */
type Prover = (name: string, bytes: Uint8Array) => Promise<Report>;

type Outcome = Report | { readonly sameAs: Slot } | { readonly wrong: string };

/** Status 1: one of them is not proven, or there is none. */
async function proveSlots(file: string, systems: Systems, prover: Prover, json: boolean): Promise<void> {
  const paint = paintFor(process.stdout);
  const seen = new Map<string, Slot>();
  const outcomes = new Map<Slot, Outcome>();
  for (const [slot, system] of systems) {
    const hash = typeof system === "string" ? "" : sha256(system);
    const before = seen.get(hash);
    const outcome = before !== undefined ? { sameAs: before }
      : typeof system === "string" ? { wrong: system }
      : await prover(`slot ${slot} of ${file}`, system).catch(wrongOf);
    if (typeof system !== "string") seen.set(hash, slot);
    outcomes.set(slot, outcome);
    if (!json) console.log(`${paint("bold", `Slot ${slot}`)}${shown(outcome, paint)}\n`);
  }
  const found = [...outcomes.values()].filter((outcome) => !("wrong" in outcome && outcome.wrong === EMPTY_SLOT));
  if (found.length === 0 || found.some((outcome) => !("sameAs" in outcome || ("proven" in outcome && outcome.proven))))
    process.exitCode = 1;
  if (json) console.log(JSON.stringify({ slots: Object.fromEntries(outcomes) }, null, 2));
}

function wrongOf(error: unknown): Outcome {
  if (error instanceof CodedError) return { wrong: error.message };
  throw error;
}

function shown(outcome: Outcome, paint: Paint): string {
  if ("sameAs" in outcome) return `: the same bytes as in slot ${outcome.sameAs}`;
  return "wrong" in outcome ? `: ${outcome.wrong}` : `\n\n${formatReport(outcome, paint)}`;
}

function bytesOf(file: string): Uint8Array {
  const bytes = readFile(file, IMAGE_MAX);
  if (typeof bytes === "string") throw new ProveError("AXV_PROVE_UNREADABLE", file, bytes);
  return bytes;
}

function knownBoards(wanted: string | undefined): Known {
  return { boards: wanted === undefined ? boardsOn(boards()) : [boardCalled(wanted)], treeOf };
}

function boardCalled(wanted: string): Board {
  const shelf = boards();
  const { value } = shelf.open(wanted) ?? boardAt(wanted).open() ?? {};
  if (value === undefined) throw new ProveError("AXV_PROVE_BOARD", wanted, shelf.names.join(", "));
  return value;
}

function treeOf(board: Board): Uint8Array | undefined {
  const file = treeFileOf(board);
  return file && readTree(board, file, new Findings(new YamlSource("", "")));
}

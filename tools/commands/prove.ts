// axv-part prove: what an image's partitions can reach, proven from its bytes.
import type { Command } from "commander";
import type { Board } from "../../boards/schema.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { readTree, treeFileOf } from "../../partitions/devicetree/board-tree/file.ts";
import { boardAt, boards } from "../../partitions/shelf.ts";
import { readFile } from "../../partitions/source/file.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { GIB } from "../../partitions/units.ts";
import { boardsOn } from "../prove/board.ts";
import { translatedCore } from "../prove/core.ts";
import { ProveError } from "../prove/errors.ts";
import { unpack } from "../prove/fit.ts";
import type { Unpacked } from "../prove/fit.ts";
import { prove } from "../prove/prove.ts";
import type { Known } from "../prove/prove.ts";
import { reportOf } from "../prove/report.ts";
import { formatReport } from "../prove/show.ts";
import { paintFor } from "../run/paint.ts";

/** More than any board's memory holds of it: it is read as a whole. */
const IMAGE_MAX = 2 * GIB;

const say = (line: string): void => console.error(line);

export function register(program: Command): void {
  program
    .command("prove")
    .description("prove from an image's bytes that its partitions are isolated, and report who reaches what")
    .argument("<image>", "an image that `axv-part build` has made, or the FIT of one")
    .option("--board <board>", "the board that it has to be for: a board.yaml, or a name (default: the one that it fits)")
    .option("--json", "print the report as JSON")
    .action(async (file: string, { board, json }: { board?: string; json?: true }) => {
      const { image, packed } = imageIn(file);
      const known = knownBoards(board);
      const core = await translatedCore(say);
      const report = reportOf(prove(image, core, known, packed), core);
      if (!report.proven) process.exitCode = 1;
      console.log(json === true ? JSON.stringify(report, null, 2) : formatReport(report, paintFor(process.stdout)));
    });
}

function imageIn(file: string): Unpacked {
  const bytes = readFile(file, IMAGE_MAX);
  if (typeof bytes === "string") throw new ProveError("AXV_PROVE_UNREADABLE", file, bytes);
  return unpack(file, bytes);
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

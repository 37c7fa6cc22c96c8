// axv-part init: a first system.yaml, from flags or by questions. What it writes passes `axv-part check`.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import type { BoardIsa } from "../../boards/isa.ts";
import { boardsIn, profilesIn } from "../../partitions/shelf.ts";
import { compose } from "../init/compose.ts";
import { InitError } from "../init/errors.ts";
import { byQuestions, DEFAULT_PARTITIONS, fromFlags, type Shelves, type Wanted } from "../init/wanted.ts";
import { claim } from "../output/places.ts";
import { planWhole } from "../plan/file.ts";
import { showDiagnostics, summary } from "../plan/show.ts";

const STANDARD_FILE = "system.yaml";

interface Options {
  readonly board?: string;
  readonly partition?: readonly string[];
  readonly yes?: true;
}

export function register(program: Command): void {
  program
    .command("init")
    .description("write a first system.yaml, by questions or from these options; it passes check")
    .argument("[system.yaml]", "the file to write; one that is there stays as it is", STANDARD_FILE)
    .option("--board <name>", "the board")
    .option(
      "--partition <name=guest[:image]>",
      "a partition and its guest; again for the next one",
      (text, all: string[] = []) => [...all, text],
    )
    .option("--yes", `ask nothing: without --partition it is ${DEFAULT_PARTITIONS.join(" and ")}`)
    .action(init);
}

async function init(file: string, options: Options): Promise<void> {
  const [place = file] = claim([{ path: file, what: "the system" }], []);
  if (existsSync(place)) throw new InitError("AXV_INIT_EXISTS", file);
  const folder = dirname(place);
  const shelves = { boards: boardsIn(folder), profilesFor: (isa: BoardIsa) => profilesIn(folder, isa) };
  const { board, partitions } = await wanted(shelves, options);
  writeFileSync(place, compose(board, partitions), { flag: "wx" });
  const outcome = planWhole(file, "to be built");
  if (outcome.system === undefined) {
    rmSync(place);
    showDiagnostics(outcome);
    throw new InitError("AXV_INIT_UNSOUND", file);
  }
  const next = board.boot.qemu === undefined ? "build" : "run"; // only what QEMU has can be run here
  console.log(`${file}: ${summary(outcome.system.plan)}. Next: axv-part ${next} ${file}`);
}

async function wanted(shelves: Shelves, { board, partition, yes }: Options): Promise<Wanted> {
  const isAsked = yes !== true && partition === undefined && board === undefined;
  return isAsked
    ? byQuestions(shelves, process.stdin, process.stderr)
    : fromFlags(shelves, board, partition ?? DEFAULT_PARTITIONS);
}

// Spoilt device trees through all that reads one: the blob's reader, from-dtb, what it writes, check, and the planner. What
// comes of each is a board that the planner takes, or an error with a code and one line of words. `node test/boards/fuzz.ts
// FIRST COUNT FILE…` runs the seeds from FIRST on, on these blobs by turns, and prints as JSON what came of them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boardSchema } from "../../boards/schema.ts";
import type { Board } from "../../boards/schema.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import { planSystem } from "../../partitions/index.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { aarch64Board } from "../aarch64.ts";
import { imageLayout } from "../../tools/build/pack.ts";
import { compareBoard } from "../../tools/board/compare.ts";
import { compose } from "../../tools/board/compose.ts";
import { openTree } from "../../tools/board/tree.ts";
import { writeBoard } from "../../tools/board/write.ts";
import { Random } from "../hostile/random.ts";
import { sourceOf, spoilt } from "./mutate.ts";

export interface Found {
  /** By code; "board": it became one, "same": nothing of it was changed. */
  readonly counts: Readonly<Record<string, number>>;
  readonly planned: number;
  /** Seeds and what they did: crashes, messages that are none, boards that are not as their own tree says. */
  readonly wrong: readonly string[];
  readonly slowest: { readonly seed: number; readonly milliseconds: number };
  /** Of all this process, in MiB. */
  readonly memory: number;
}

const RAM = [{ base: 0x1_0000_0000, size: 0x4000_0000 }];
/** Of so many boards one is written, read back, compared with its tree and planned: that takes as long as all the rest of ten. */
const PLANNED = 10;
const CORE_SIZE = 0x10_0000;
const IMAGE_BYTES = 4096;
const LINES = /[\n\u001b]/;
/** A code and a sentence, and not those of a mistake of ours. */
const isExplained = (error: unknown): error is Error & { code: string } =>
  error instanceof Error &&
  "code" in error &&
  typeof error.code === "string" &&
  /^AXV[-_](P16\d|BOARD_\w+)$/.test(error.code) &&
  error.message.length > 30 &&
  !LINES.test(error.message);

export function fuzz(first: number, count: number, files: readonly string[]): Found {
  const sources = files.map((file) => sourceOf(readFileSync(file)));
  const counts: Record<string, number> = {};
  const wrong: string[] = [];
  let slowest = { seed: 0, milliseconds: 0 };
  let boards = 0;
  let planned = 0;
  const folder = mkdtempSync(join(tmpdir(), "axv-fuzz-"));
  try {
    const system = join(folder, "system.yaml");
    writeFileSync(join(folder, "guest.bin"), Buffer.alloc(IMAGE_BYTES, 0xd5));
    writeFileSync(system, "board: fuzzed\npartitions:\n  one: { guest: bare-metal, image: guest.bin, cpus: [0], memory: 1M }\n");
    for (let seed = first; seed < first + count; seed++) {
      const started = performance.now();
      let what: string;
      try {
        const random = new Random(seed);
        const tree = openTree(spoilt(random.pick(sources), random));
        const ram = random.below(4) === 0 ? RAM : [];
        const composed = compose(tree, ram);
        what = "board";
        if (boards++ % PLANNED === 0) {
          planned++;
          const board = readBack(writeBoard(composed, "fuzzed.dtb"));
          const differences = new Findings(new YamlSource("board.yaml", ""));
          compareBoard(aarch64Board(board), tree, differences);
          const [difference] = differences.sorted;
          const isMeant = ram.length > 0 || composed.remarks.has("cpus");
          if (difference !== undefined && !isMeant) wrong.push(`${seed}: ${difference.message}`);
          plan(system, board);
        }
      } catch (error) {
        what = isExplained(error) ? error.code : "unexplained";
        if (!isExplained(error))
          wrong.push(`${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      }
      counts[what] = (counts[what] ?? 0) + 1;
      const milliseconds = performance.now() - started;
      if (milliseconds > slowest.milliseconds) slowest = { seed, milliseconds };
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { counts, planned, wrong, slowest, memory: Math.round(process.resourceUsage().maxRSS / 1024) };
}

function readBack(text: string): Board {
  const source = new YamlSource("board.yaml", text);
  if (source.diagnostics.length > 0) throw new Error(`no YAML: ${source.diagnostics[0]?.message ?? ""}`);
  return boardSchema("aarch64").parse(source.value);
}

/** Whatever the planner says of it, it says it: it throws nothing. */
function plan(system: string, board: Board): void {
  const shelf = { names: ["fuzzed"], files: [], get: () => board };
  const { diagnostics } = planSystem(system, (blob, loads) => imageLayout(CORE_SIZE, blob, loads), "as they are", shelf);
  const mistake = diagnostics.find(({ code }) => code === "AXV-P090");
  if (mistake !== undefined) throw new Error(`the planner contradicts itself: ${mistake.message}`);
}

const [, script, first, count, ...files] = process.argv;
if (script === import.meta.filename) console.log(JSON.stringify(fuzz(Number(first), Number(count), files)));

// npm run bench:tools -- --against REV [--json]: what the command line costs a user, beside a revision of before. Both
// are called in turn, so that whatever else the machine does hits both; medians. A FIT is written beside mkimage in the same
// way; what the largest board costs stands by itself. Ends with 1 when a ratio, a size or a time is over its goal (ratios are
// against ab7edaa).
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../../tools/build/files.ts";
import { type Column, layOut } from "../../tools/run/columns.ts";
import { PEAK } from "../peak.ts";
import { type BoardRow, boardRows } from "./boards.ts";
import { BenchError } from "./errors.ts";
import { compareFits, type Cost, FIT_MIB } from "./fit.ts";

const SYSTEM = "partitions/examples/demo.yaml";
/** Each command, and so often each of the two. */
const ROUNDS = 5;
/** Debian's kernel and the initramfs: to fetch them is the network's business. */
const FETCHED = "build/linux";

interface Task {
  readonly title: string;
  readonly parameters: readonly string[];
  /** Nothing is built before. */
  readonly cold?: true;
  readonly goalRatio: number;
  readonly goalMegabytes?: number;
}

const TASKS: readonly Task[] = [
  { title: "--help", parameters: ["--help"], goalRatio: 0.35, goalMegabytes: 100 },
  { title: "check", parameters: ["check", SYSTEM], goalRatio: 0.35, goalMegabytes: 100 },
  { title: "plan", parameters: ["plan", SYSTEM], goalRatio: 0.35, goalMegabytes: 100 },
  { title: "build, warm", parameters: ["build", SYSTEM], goalRatio: 0.5 },
  { title: "build, cold", parameters: ["build", SYSTEM], cold: true, goalRatio: 0.8 },
];

interface Row {
  readonly task: Pick<Task, "title" | "goalRatio" | "goalMegabytes">;
  readonly before: Cost;
  readonly now: Cost;
}

/** In every Node process, as it ends. */
const WATCH = `const { appendFileSync } = require("node:fs");
process.on("exit", () => appendFileSync(process.env.AXV_BENCH_PEAKS, ${PEAK} + "\\n"));`;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function timed(checkout: string, scratch: string, { parameters, cold }: Task): Cost {
  if (cold !== undefined) {
    const built = readdirSync(join(checkout, "build"));
    const kept = ["linux", "axv-part", "axv-part.js", "axv-part.stamp", "compile-cache"];
    for (const name of built.filter((each) => !kept.includes(each))) rmSync(join(checkout, "build", name), { recursive: true });
  }
  const peaks = join(scratch, "peaks");
  rmSync(peaks, { force: true });
  const began = performance.now();
  const { status, stderr } = spawnSync(join(checkout, "tools/axv-part"), parameters, {
    cwd: checkout,
    encoding: "utf8",
    env: watched(scratch),
  });
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0)
    throw new BenchError("tool-failed", `axv-part ${parameters.join(" ")} in ${checkout} ended with ${status}:\n${stderr}`);
  const largest = Math.max(...readFileSync(peaks, "utf8").trim().split("\n").map(Number));
  return { seconds, megabytes: (largest * 1024) / 1e6 };
}

function compare(task: Task, old: string, scratch: string): Row {
  const before: Cost[] = [];
  const now: Cost[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    before.push(timed(old, scratch, task));
    now.push(timed(ROOT, scratch, task));
  }
  return { task, before: typical(before), now: typical(now) };
}

function typical(costs: readonly Cost[]): Cost {
  const megabytes = costs.flatMap((cost) => cost.megabytes ?? []);
  const largest = megabytes.length > 0 ? Math.max(...megabytes) : undefined;
  return { seconds: median(costs.map(({ seconds }) => seconds)), megabytes: largest };
}

/** Beside mkimage, and not beside a revision. */
function fitRow(scratch: string): Row {
  const { theirs, ours } = compareFits(scratch, ROUNDS, watched(scratch), join(scratch, "peaks"));
  const task = { title: `FIT of ${FIT_MIB} MiB, signed (beside mkimage)`, goalRatio: 0.2 };
  return { task, before: typical(theirs), now: typical(ours) };
}

const watched = (scratch: string): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_OPTIONS: `--require=${join(scratch, "watch.cjs")}`,
  AXV_BENCH_PEAKS: join(scratch, "peaks"),
});

const ratio = ({ before, now }: Row): number => now.seconds / before.seconds;
const isOver = (row: Row): boolean =>
  ratio(row) > row.task.goalRatio || (row.now.megabytes ?? 0) > (row.task.goalMegabytes ?? Number.POSITIVE_INFINITY);

const megabytesOf = ({ megabytes }: Cost): string => (megabytes === undefined ? "" : `${megabytes.toFixed(0)} MB`);

const columnsBeside = (revision: string): readonly Column<Row>[] => [
  { title: "axv-part", align: "left", cell: ({ task }) => task.title },
  { title: revision, align: "right", cell: ({ before }) => `${before.seconds.toFixed(2)} s` },
  { title: "", align: "right", cell: ({ before }) => megabytesOf(before) },
  { title: "here", align: "right", cell: ({ now }) => `${now.seconds.toFixed(2)} s` },
  { title: "", align: "right", cell: ({ now }) => megabytesOf(now) },
  { title: "ratio", align: "right", cell: (row) => ratio(row).toFixed(2) },
  {
    title: "goal ≤",
    align: "right",
    cell: ({ task }) => `${task.goalRatio}${task.goalMegabytes === undefined ? "" : `, ${task.goalMegabytes} MB`}`,
  },
  { title: "", align: "left", cell: (row) => (isOver(row) ? "OVER" : "ok") },
];

const isSlow = ({ seconds, goal }: BoardRow): boolean => seconds > goal;
const BOARD_COLUMNS: readonly Column<BoardRow>[] = [
  { title: "besides --help", align: "left", cell: ({ title }) => title },
  { title: "here", align: "right", cell: ({ seconds }) => `${(seconds * 1000).toFixed(0)} ms` },
  { title: "goal ≤", align: "right", cell: ({ goal }) => `${goal * 1000} ms` },
  { title: "", align: "left", cell: (row) => (isSlow(row) ? "OVER" : "ok") },
];

/** A checkout of that revision, ready to be called. */
function prepare(revision: string, scratch: string): string {
  const checkout = join(scratch, "before");
  execFileSync("git", ["worktree", "add", "--quiet", "--detach", checkout, revision], { cwd: ROOT });
  console.error(`${revision}: installing …`);
  execFileSync("sh", ["tools/setup.sh"], { cwd: checkout, stdio: ["ignore", "ignore", "inherit"] });
  if (existsSync(join(ROOT, FETCHED)))
    cpSync(join(ROOT, FETCHED), join(checkout, FETCHED), { recursive: true, preserveTimestamps: true });
  return checkout;
}

const { values: options } = parseArgs({
  options: { against: { type: "string", default: "ab7edaa" }, json: { type: "boolean", default: false } },
});
const scratch = mkdtempSync(join(tmpdir(), "axv-bench-tools-"));
const clean = (): void => {
  rmSync(scratch, { recursive: true, force: true });
  execFileSync("git", ["worktree", "prune"], { cwd: ROOT });
};
process.once("SIGINT", () => {
  clean();
  process.exit(130);
});
try {
  const old = prepare(options.against, scratch);
  writeFileSync(join(scratch, "watch.cjs"), WATCH);
  for (const checkout of [old, ROOT]) {
    console.error(`${checkout === ROOT ? "here" : options.against}: building once …`);
    execFileSync(join(checkout, "tools/axv-part"), ["build", SYSTEM], { cwd: checkout, stdio: "ignore" });
  }
  const rows = TASKS.map((task) => {
    console.error(`${task.title}: ${ROUNDS} times each …`);
    return compare(task, old, scratch);
  });
  console.error(`a FIT: ${ROUNDS} times each …`);
  rows.push(fitRow(scratch));
  console.error(`a large board: ${ROUNDS} times …`);
  const boards = await boardRows(scratch, ROUNDS);
  if (options.json) {
    const commands = rows.map((row) => ({ ...row, ratio: ratio(row), over: isOver(row) }));
    console.log(JSON.stringify({ commands, boards }, null, 2));
  } else {
    console.log(`${layOut(columnsBeside(options.against), rows).join("\n")}\n\n${layOut(BOARD_COLUMNS, boards).join("\n")}`);
  }
  if (rows.some(isOver) || boards.some(isSlow)) process.exitCode = 1;
} finally {
  clean();
}

// axv-part plan: what is decided about a system, as tables, JSON or a picture; or what a built blob says.
import type { Command } from "commander";
import { nodeCalled, why } from "../../partitions/devicetree/board-tree/why.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { readFile, UnreadableError } from "../../partitions/source/file.ts";
import { MIB } from "../../partitions/units.ts";
import { OutputError } from "../output/errors.ts";
import { claim, STANDARD_OUTPUT } from "../output/places.ts";
import { writeTogether } from "../output/write.ts";
import type { Outcome } from "../../partitions/index.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { formatBlob } from "../plan/blob-report.ts";
import { diffPlans, formatDifferences } from "../plan/diff.ts";
import { planWhole } from "../plan/file.ts";
import { readPlan } from "../plan/products.ts";
import { drawPlan } from "../plan/picture.ts";
import { formatPlan } from "../plan/report.ts";
import { showDiagnostics, soundSystem } from "../plan/show.ts";
import { formatWhy } from "../plan/why.ts";
import { paintFor } from "../run/paint.ts";

/** Far more than a blob has. */
const BLOB_FILE_MAX = MIB;

interface PlanOptions {
  readonly json?: true;
  readonly svg?: string;
  readonly diff?: string;
  readonly why?: string;
}

/** What --why asks for cannot be told. */
class WhyError extends Error {
  readonly code = "AXV-P104";

  constructor(message: string) {
    super(message);
    this.name = "WhyError";
  }
}

export function register(program: Command): void {
  program
    .command("plan")
    .description("show what is decided about a system: pCPUs, memory, interrupts, channels")
    .argument("<file>", "the system.yaml; with --blob: a system.blob")
    .option("--json", "print it as JSON")
    .option("--svg <file>", "draw the partitions into a file (-: on standard output)")
    .option("--diff <other>", "show only what it decides otherwise than another system.yaml, or the plan.json of a build")
    .option("--why <node>", "explain what is decided about a node of the board's device tree: its path, name or alias")
    .option("--blob", "show what a built blob says, byte for byte as the hypervisor reads it")
    .action((file: string, options: PlanOptions & { readonly blob?: true }) => {
      if (options.blob === true) showBlob(file, options);
      else showPlan(file, options);
    });
}

function showPlan(file: string, { json, svg, diff, why: asked }: PlanOptions): void {
  const outcome = planWhole(file);
  if (asked !== undefined) {
    showWhy(file, outcome, asked, json === true);
    return;
  }
  const { plan } = soundSystem(outcome);
  if (diff !== undefined) {
    showDifferences(diff, file, plan, json === true);
    return;
  }
  if (svg === STANDARD_OUTPUT) {
    if (json === true) throw new OutputError("AXV_OUTPUT_TWICE", "standard output", "the picture", "the plan as JSON");
    process.stdout.write(drawPlan(plan));
    return;
  }
  if (svg !== undefined) {
    const [place = svg] = claim([{ path: svg, what: "the picture" }], outcome.inputs);
    writeTogether(new Map([[place, drawPlan(plan)]]));
  }
  if (json === true) console.log(JSON.stringify(plan, null, 2));
  else if (svg === undefined) console.log(formatPlan(plan, paintFor(process.stdout)));
}

/** Also of a system that cannot be planned: what is asked for may be the reason. */
function showWhy(file: string, outcome: Outcome, asked: string, json: boolean): void {
  showDiagnostics(outcome);
  const { shared } = outcome;
  if (shared === undefined) {
    throw new WhyError(
      `${file}: no guest is told of its board's device tree, or there is none: give it a guest such as linux, on a board ` +
        "whose board.yaml has `tree:`",
    );
  }
  const node = nodeCalled(shared, asked);
  if (node === undefined) throw new WhyError(`the device tree of the board has no ${asked}: give a path, as /serial@fe660000`);
  const found = why(shared, node);
  console.log(json ? JSON.stringify(found, null, 2) : formatWhy(found));
  if (outcome.system === undefined) process.exitCode = 1;
}

function showDifferences(other: string, file: string, plan: Plan, json: boolean): void {
  const found = diffPlans(readPlan(other) ?? soundSystem(planWhole(other)).plan, plan);
  console.log(
    json ? JSON.stringify(found, null, 2) : formatDifferences(found, { before: other, after: file }, paintFor(process.stdout)),
  );
}

/** 64-bit values as hexadecimal text: JSON's numbers do not hold them. */
const jsonValue = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? `0x${value.toString(16)}` : value;

function showBlob(file: string, { json }: PlanOptions): void {
  const bytes = readFile(file, BLOB_FILE_MAX);
  if (typeof bytes === "string")
    throw new UnreadableError(file, `${bytes}. Give the path of a system.blob, which axv-part build writes`);
  const blob = readBlob(bytes);
  console.log(json === true ? JSON.stringify(blob, jsonValue, 2) : formatBlob(blob, paintFor(process.stdout)));
}

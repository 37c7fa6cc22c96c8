// axv-part plan: what is decided about a system, as tables, JSON or a picture; or what a built blob says.
import type { Command } from "commander";
import { readBlob } from "../../partitions/blob/read.ts";
import { readFile } from "../../partitions/source/file.ts";
import { MIB } from "../../partitions/units.ts";
import { OutputError } from "../output/errors.ts";
import { claim, STANDARD_OUTPUT } from "../output/places.ts";
import { writeTogether } from "../output/write.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { formatBlob } from "../plan/blob-report.ts";
import { diffPlans, formatDifferences } from "../plan/diff.ts";
import { planFile } from "../plan/file.ts";
import { readPlan } from "../plan/products.ts";
import { drawPlan } from "../plan/picture.ts";
import { formatPlan } from "../plan/report.ts";
import { soundSystem } from "../plan/show.ts";
import { paintFor } from "../run/paint.ts";

/** Far more than a blob has. */
const BLOB_FILE_MAX = MIB;

/** The file that a command is about cannot be read. */
class UnreadableError extends Error {
  readonly code = "AXV-P103";

  constructor(file: string, reason: string) {
    super(`${file} cannot be read: ${reason}`);
    this.name = "UnreadableError";
  }
}

interface PlanOptions {
  readonly json?: true;
  readonly svg?: string;
  readonly diff?: string;
}

export function register(program: Command): void {
  program
    .command("plan")
    .description("show what is decided about a system: pCPUs, memory, interrupts, channels")
    .argument("<file>", "the system.yaml; with --blob: a system.blob")
    .option("--json", "print it as JSON")
    .option("--svg <file>", "draw the partitions into a file (-: on standard output)")
    .option("--diff <other>", "show only what it decides otherwise than another system.yaml, or the plan.json of a build")
    .option("--blob", "show what a built blob says, byte for byte as the hypervisor reads it")
    .action((file: string, options: PlanOptions & { readonly blob?: true }) => {
      if (options.blob === true) showBlob(file, options);
      else showPlan(file, options);
    });
}

function showPlan(file: string, { json, svg, diff }: PlanOptions): void {
  const outcome = planFile(file);
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

function showDifferences(other: string, file: string, plan: Plan, json: boolean): void {
  const found = diffPlans(readPlan(other) ?? soundSystem(planFile(other)).plan, plan);
  console.log(
    json ? JSON.stringify(found, null, 2) : formatDifferences(found, { before: other, after: file }, paintFor(process.stdout)),
  );
}

/** 64-bit values as hexadecimal text: JSON's numbers do not hold them. */
const jsonValue = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? `0x${value.toString(16)}` : value;

function showBlob(file: string, { json }: PlanOptions): void {
  const bytes = readFile(file, BLOB_FILE_MAX);
  if (typeof bytes === "string") throw new UnreadableError(file, bytes);
  const blob = readBlob(bytes);
  console.log(json === true ? JSON.stringify(blob, jsonValue, 2) : formatBlob(blob, paintFor(process.stdout)));
}

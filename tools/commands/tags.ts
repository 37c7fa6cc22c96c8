// axv-part tags: a system's process values, and all that is made of their table.
import { basename } from "node:path";
import type { Command } from "commander";
import type { PlannedSystem } from "../../partitions/index.ts";
import { formatLock, lockPath } from "../../partitions/tags/lock.ts";
import { registerMap } from "../../partitions/tags/registers.ts";
import type { PartitionTags } from "../../partitions/tags/table.ts";
import { claim, STANDARD_OUTPUT } from "../output/places.ts";
import { writeTogether } from "../output/write.ts";
import { planFile } from "../plan/file.ts";
import { soundSystem } from "../plan/show.ts";
import { paintFor } from "../run/paint.ts";
import { assemblyScript } from "../tags/assembly-script.ts";
import { cHeader } from "../tags/c-header.ts";
import { TagsError } from "../tags/errors.ts";
import { csvMap, markdownMap } from "../tags/register-map.ts";
import { formatTags } from "../tags/report.ts";

/** What --lock mends need not be said before. */
const UNLOCKED = "AXV-P130";

interface TagsOptions {
  readonly json?: true;
  readonly lock?: true;
  readonly c?: true;
  readonly as?: true;
  readonly modbus?: "md" | "csv";
  readonly partition?: string;
  readonly output?: string;
}

export function register(program: Command): void {
  program
    .command("tags")
    .description("show a system's process values; make C, AssemblyScript or a Modbus map of them")
    .argument("<system.yaml>", "the system")
    .option("--lock", "keep the addresses that they have now, in <system>.tags.json beside the file")
    .option("--c", "print the C header of a partition's tags, for beside axv.h")
    .option("--as", "print the same in AssemblyScript")
    .option("--modbus <format>", "print the Modbus map, for the panel builder: md or csv", modbusFormat)
    .option("-p, --partition <name>", "whose, if several have tags")
    .option("-o, --output <file>", "write it there instead of printing it (-: standard output)")
    .option("--json", "print the tags as JSON")
    .action((file: string, options: TagsOptions) => {
      const asked = (["lock", "c", "as", "modbus", "json"] as const).filter((name) => options[name] !== undefined);
      if (asked.length > 1) throw new TagsError("AXV_TAGS_ONE_ONLY", asked.map((name) => `--${name}`).join(" and "));
      const outcome = planFile(file);
      const about = outcome.diagnostics.filter(({ code }) => options.lock === true && code === UNLOCKED);
      const system = soundSystem(outcome, about);
      if (options.lock === true) lock(file, system, outcome.inputs);
      else print(textOf(file, system, options), options.output, outcome.inputs);
    });
}

function modbusFormat(written: string): "md" | "csv" {
  if (written === "md" || written === "csv") return written;
  throw new TagsError("AXV_TAGS_FORMAT", written);
}

function lock(file: string, { tags }: PlannedSystem, inputs: readonly string[]): void {
  const path = lockPath(file);
  if (tags.table.length === 0) throw new TagsError("AXV_TAGS_NONE", file);
  if (!tags.stale) {
    console.log(`${path}: up to date`);
    return;
  }
  const [place = path] = claim([{ path, what: "the tags' addresses" }], inputs.filter((input) => input !== path));
  writeTogether(new Map([[place, formatLock(tags.lock)]]));
  console.log(`${path}: written; commit it together with ${basename(file)}`);
}

function textOf(file: string, system: PlannedSystem, options: TagsOptions): string {
  const { table } = system.tags;
  const { plan } = system;
  if (options.modbus !== undefined) {
    const partitions = plan.partitions.map(({ name, tags }, index) => ({
      name,
      slot: system.tags.slots.get(name) ?? index,
      guestTags: tags,
    }));
    const rows = registerMap(table, partitions);
    return options.modbus === "md" ? markdownMap(rows) : csvMap(rows);
  }
  if (table.length === 0 && options.json !== true) throw new TagsError("AXV_TAGS_NONE", file);
  if (options.json === true) return `${JSON.stringify(table, null, 2)}\n`;
  const make = options.c === true ? cHeader : options.as === true ? assemblyScript : undefined;
  if (make !== undefined) {
    const tags = chosen(table, options.partition);
    return make(tags, basename(file), plan.partitions.find(({ name }) => name === tags.partition)?.tagImage?.ipa ?? 0);
  }
  const shown = options.partition === undefined ? table : [chosen(table, options.partition)];
  return `${formatTags(shown, paintFor(process.stdout))}\n`;
}

function chosen(table: readonly PartitionTags[], wanted: string | undefined): PartitionTags {
  const names = table.map(({ partition }) => partition);
  const found = wanted === undefined && table.length === 1 ? table[0] : table.find(({ partition }) => partition === wanted);
  if (found === undefined) throw new TagsError("AXV_TAGS_PARTITION", wanted ?? "", names.join(", "));
  return found;
}

function print(text: string, output: string | undefined, inputs: readonly string[]): void {
  if (output === undefined || output === STANDARD_OUTPUT) {
    process.stdout.write(text);
    return;
  }
  const [place = output] = claim([{ path: output, what: "the tags" }], inputs);
  writeTogether(new Map([[place, text]]));
}

// axv-part check: is this system.yaml sound? All its mistakes at once, or "ok".
import type { Command } from "commander";
import type { Outcome } from "../../partitions/index.ts";
import { oneLine } from "../../partitions/source/text.ts";
import { countDiagnostics } from "../plan/diagnostics.ts";
import { planWhole } from "../plan/file.ts";
import { showDiagnostics, summary } from "../plan/show.ts";

export function register(program: Command): void {
  program
    .command("check")
    .description("check a system.yaml: all mistakes at once, each with what to write instead")
    .argument("<system.yaml>", "the system to check")
    .option("--json", "print the diagnostics as JSON")
    .action((file: string, { json }: { json?: true }) => check(planWhole(file), json === true));
}

function check(outcome: Outcome, json: boolean): void {
  const { system, diagnostics, source } = outcome;
  if (system === undefined) process.exitCode = 1;
  if (json) {
    console.log(JSON.stringify(diagnostics, null, 2));
    return;
  }
  showDiagnostics(outcome);
  if (system === undefined) console.error(`${oneLine(source.file)}: ${countDiagnostics(diagnostics)}`);
  else console.log(`${oneLine(source.file)}: ok: ${summary(system.plan)}`);
}

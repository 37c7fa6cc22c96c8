// axv-part demo, which `npm run demo` calls: Debian Linux beside the PLC guest, live; and did both really work?
import type { Command } from "commander";
import { inProject } from "../../partitions/project.ts";
import { qemuArguments } from "../run/arguments.ts";
import { judgeDemo } from "../run/demo-checks.ts";
import { parseDuration } from "../run/duration.ts";
import { prepare } from "../run/prepare.ts";
import { startQemu } from "../run/qemu.ts";
import { run } from "../run/run.ts";

const DEMO = inProject("partitions/examples/demo.yaml");

export function register(program: Command): void {
  program
    .command("demo")
    .description("run the demo: Debian Linux beside a real-time PLC guest")
    .option("--for <duration>", "end by itself so long (30s) after both have started; status 0 only if both really worked")
    .option("--json", "events, consoles and telemetry as JSON lines")
    .action(demo);
}

async function demo(options: { readonly for?: string; readonly json?: true }): Promise<void> {
  const durationMs = options.for === undefined ? undefined : parseDuration(options.for);
  const system = await prepare(DEMO, (line) => console.error(line));
  const { partitions } = system.plan;
  process.exitCode = await run(() => startQemu(qemuArguments({ ...system, partitions })), {
    title: system.title,
    partitions,
    json: options.json === true,
    durationMs,
    socketPath: undefined,
    judge: judgeDemo,
    notes: [],
    stdout: process.stdout,
  });
}

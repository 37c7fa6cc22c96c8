// axv-part demo, which `npm run demo` calls: Debian Linux beside the PLC guest, live; and did both really work?
import type { Command } from "commander";
import { inProject } from "../../partitions/project.ts";
import { demoBridge } from "../run/demo-bridge.ts";
import { qemuArguments } from "../run/arguments.ts";
import { judgeDemo } from "../run/demo-checks.ts";
import { parseDuration } from "../run/duration.ts";
import { prepare } from "../run/prepare.ts";
import { TARGETS } from "../build/targets/index.ts";
import { INHERITED_IMAGE, startQemu } from "../run/qemu.ts";
import { run } from "../run/run.ts";

const DEMO = inProject("partitions/examples/demo.yaml");
const IMAGE = inProject("build/demo/image.bin");

export function register(program: Command): void {
  program
    .command("demo")
    .description("run the demo: Debian Linux beside a real-time PLC guest")
    .option("--for <duration>", "end by itself so long (30s) after both have started; status 0 only if both really worked")
    .option("--bridge", "also show it in a browser, by OPC UA, Modbus and to Prometheus, on this machine, and say how to look")
    .option("--json", "events, consoles and telemetry as JSON lines")
    .action(demo);
}

async function demo(options: { readonly for?: string; readonly json?: true; readonly bridge?: true }): Promise<void> {
  const durationMs = options.for === undefined ? undefined : parseDuration(options.for);
  const system = await prepare(DEMO, (line) => console.error(line), IMAGE);
  const { partitions } = system.plan;
  const bridge = options.bridge === true ? await demoBridge(DEMO) : undefined;
  const qemu = qemuArguments({ ...system, image: INHERITED_IMAGE, partitions });
  process.exitCode = await run(() => startQemu(qemu, system.opened, TARGETS[system.board.isa].emulator), {
    title: system.title,
    partitions,
    telemetryMs: system.plan.telemetryMilliseconds,
    watch: "host time",
    json: options.json === true,
    durationMs,
    socketPath: undefined,
    judge: judgeDemo,
    notes: [],
    ...(bridge !== undefined && { beside: (session, note) => bridge.attach(session.link, note) }),
    stdout: process.stdout,
    stdin: process.stdin,
  });
}

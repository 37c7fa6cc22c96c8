// axv-part demo, which `npm run demo` calls: Debian Linux beside the PLC guest, live; and did both really work?
import type { Command } from "commander";
import { inProject } from "../../partitions/project.ts";
import { demoBridge } from "../run/demo-bridge.ts";
import { RunError } from "../run/errors.ts";
import { qemuArguments } from "../run/arguments.ts";
import { judgeDemo } from "../run/demo-checks.ts";
import { parseDuration } from "../run/duration.ts";
import { prepare } from "../run/prepare.ts";
import { TARGETS } from "../build/targets/index.ts";
import { INHERITED_IMAGE, startQemu } from "../run/qemu.ts";
import { run } from "../run/run.ts";

/** By board: the example whose system it is. */
const DEMOS = new Map([["qemu-aarch64", "demo"], ["qemu-riscv64", "demo-riscv64"]]);
const DEFAULT_BOARD = "qemu-aarch64";

export function register(program: Command): void {
  program
    .command("demo")
    .description("run the demo: Debian Linux beside a real-time PLC guest")
    .option("--board <name>", `where: ${[...DEMOS.keys()].join(" or ")}`, DEFAULT_BOARD)
    .option("--for <duration>", "end by itself so long (30s) after both have started; status 0 only if both really worked")
    .option("--bridge", "also show it in a browser, by OPC UA, Modbus and to Prometheus, on this machine, and say how to look")
    .option("--json", "events, consoles and telemetry as JSON lines")
    .action(demo);
}

interface Options {
  readonly board: string;
  readonly for?: string;
  readonly json?: true;
  readonly bridge?: true;
}

async function demo(options: Options): Promise<void> {
  const name = DEMOS.get(options.board);
  if (name === undefined) throw new RunError("AXV_DEMO_BOARD", options.board, [...DEMOS.keys()].join(" or "));
  const file = inProject(`partitions/examples/${name}.yaml`);
  const durationMs = options.for === undefined ? undefined : parseDuration(options.for);
  const system = await prepare(file, (line) => console.error(line), inProject(`build/${name}/image.bin`));
  const { partitions } = system.plan;
  const bridge = options.bridge === true ? await demoBridge(file) : undefined;
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

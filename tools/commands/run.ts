// axv-part run: builds a system if need be, boots it in QEMU, and shows it live.
import type { Command } from "commander";
import type { Plan } from "../../partitions/plan/plan.ts";
import { displayPath, PROJECT_ROOT } from "../../partitions/project.ts";
import { claim } from "../output/places.ts";
import { qemuArguments } from "../run/arguments.ts";
import { judgeHealth } from "../run/checks.ts";
import { parseDuration } from "../run/duration.ts";
import { FirmwareChain } from "../run/firmware.ts";
import { gdbArguments, gdbCommand, gdbPort } from "../run/gdb.ts";
import { RunError } from "../run/errors.ts";
import { judgeAll, judgeLimits, type Limit, parseLimit } from "../run/limits.ts";
import { prepare } from "../run/prepare.ts";
import { TARGETS } from "../build/targets/index.ts";
import { INHERITED_IMAGE, startQemu } from "../run/qemu.ts";
import { run } from "../run/run.ts";

interface Options {
  readonly for?: string;
  readonly limit?: readonly string[];
  readonly json?: true;
  readonly csv?: string;
  readonly output?: string;
  readonly link?: string;
  readonly gdb?: true;
  readonly firmware?: string;
}

export function register(program: Command): void {
  program
    .command("run")
    .description("build a system if need be, boot it in QEMU and show it live")
    .argument("<system.yaml>", "the system to run")
    .argument("[qemu...]", "further options for QEMU, behind --, such as: -- -icount shift=0,sleep=off")
    .option(
      "--for <duration>",
      "end by itself so long (30s, 2m) after every partition has started; status 0 only if all went well",
    )
    .option(
      "--limit <name=value>",
      "with --for: what a partition publishes may not be more, as jitter=50us; again for the next one",
      (text, all: string[] = []) => [...all, text],
    )
    .option("--json", "events, consoles and telemetry as JSON lines")
    .option("--csv <file>", "also write what partitions publish there, a row for each value in each telemetry")
    .option("-o, --output <file>", "where the image is built (default: build/NAME/image.bin beside NAME.yaml)")
    .option("--link <path>", "the socket where consoles attach (default: one of this process, which axv-part console finds)")
    .option("--firmware <name>", "u-boot: Debian's U-Boot starts the system, signed, from a disk, as on a board")
    .option("--gdb", "wait for gdb before the first instruction, and print how to attach it")
    .action(runCommand);
}

async function runCommand(systemFile: string, further: string[], options: Options): Promise<void> {
  if (options.limit !== undefined && options.for === undefined) throw new RunError("AXV_LIMIT_ALONE");
  const durationMs = options.for === undefined ? undefined : parseDuration(options.for);
  const limitsOf = ({ partitions }: Plan): Limit[] => (options.limit ?? []).flatMap((text) => parseLimit(text, partitions));
  let csv: string | undefined;
  const chain = options.firmware === undefined ? undefined : new FirmwareChain(options.firmware, systemFile, options.output);
  const inspect = (plan: Plan): void => {
    limitsOf(plan);
    chain?.inspect(plan);
  };
  // A limit that nobody can keep, or a file that is something else already, is said before minutes are spent on building.
  const system = await prepare(systemFile, (line) => console.error(line), options.output, inspect, (taken) => {
    if (options.csv !== undefined) [csv] = claim([{ path: options.csv, what: "the telemetry" }], taken);
    chain?.claimMore(taken);
  }, (plan, image) => chain?.writeMore(plan, image) ?? new Map());
  const { title, plan, elf, opened } = system;
  const limits = limitsOf(plan);
  const port = options.gdb === undefined ? undefined : await gdbPort();
  const notes =
    port === undefined ? [] : [`QEMU waits for: ${gdbCommand(elf, displayPath(PROJECT_ROOT), plan.image.base, port)}`];
  if (chain !== undefined) notes.push(`U-Boot starts ${displayPath(chain.files.disk)}, signed by ${chain.signedBy}`);
  const debugging = port === undefined ? [] : gdbArguments(port);
  const described = { ...system, image: INHERITED_IMAGE, partitions: plan.partitions, firmware: chain?.files };
  const qemu = [...qemuArguments(described), ...debugging, ...further];
  process.exitCode = await run(() => startQemu(qemu, opened, TARGETS[system.board.isa].emulator), {
    title,
    partitions: plan.partitions,
    telemetryMs: plan.telemetryMilliseconds,
    watch: port !== undefined ? "none" : further.includes("-icount") ? "own time" : "host time",
    json: options.json === true,
    durationMs,
    socketPath: options.link,
    csv,
    judge: judgeAll(judgeHealth, judgeLimits(limits)),
    notes,
    stdout: process.stdout,
    stdin: process.stdin,
  });
}

// axv-part monitor: the live view of `run` for a system that runs on a board, over its serial line.
import { basename } from "node:path";
import type { Command } from "commander";
import { DEFAULT_BAUD, openTransport } from "../../industrial/link/transport.ts";
import { claim } from "../output/places.ts";
import { planFile } from "../plan/file.ts";
import { soundSystem } from "../plan/show.ts";
import { RunError } from "../run/errors.ts";
import type { Machine } from "../run/qemu.ts";
import { run } from "../run/run.ts";

interface Options {
  readonly link: string;
  readonly baud: string;
  readonly json?: true;
  readonly csv?: string;
  readonly web?: string | true;
  readonly users?: string;
}

export function register(program: Command): void {
  program
    .command("monitor")
    .description(
      "show a system live that runs on a board: partitions, exits, times, events, consoles; h shows histograms, " +
        "c clears the maxima",
    )
    .argument("<system.yaml>", "the system that the board runs")
    .requiredOption("--link <address>", "the board's UART: a serial device such as /dev/ttyUSB0, tcp:HOST:PORT, or a unix socket")
    .option("--baud <rate>", "speed of a serial line, 8N1", String(DEFAULT_BAUD))
    .option("--json", "events, consoles and telemetry as JSON lines")
    .option("--csv <file>", "also write what partitions publish there, a row for each value in each telemetry")
    .option("--web [address]", "also as a page for browsers, there: 8080, 127.0.0.1:8080")
    .option("--users <file>", "who may log in on the page: NAME: { role, password }, a line each; needed where others reach it")
    .action(monitor);
}

async function monitor(file: string, { link, baud, json, csv, web, users }: Options): Promise<void> {
  const outcome = planFile(file, "none");
  const system = soundSystem(outcome);
  const { plan } = system;
  const inputs = [...outcome.inputs, ...(users === undefined ? [] : [users])];
  const [taken] = csv === undefined ? [] : claim([{ path: csv, what: "the telemetry" }], inputs);
  const beside =
    web === undefined ? undefined : await (await import("../run/web.ts")).webBeside({ web, users }, basename(file), system);
  process.exitCode = await run(() => board(link, Number(baud)), {
    title: plan.version === undefined ? file : `${file}, version ${plan.version}`,
    partitions: plan.partitions,
    telemetryMs: plan.telemetryMilliseconds,
    watch: "none", // it may have started long ago
    json: json === true,
    durationMs: undefined,
    socketPath: undefined,
    judge: () => () => [],
    csv: taken,
    notes: [],
    ...(beside !== undefined && { beside }),
    stdout: process.stdout,
    stdin: process.stdin,
  });
}

/** A board is not started or ended by who looks at it. */
async function board(address: string, baud: number): Promise<Machine> {
  const uart = await openTransport(address, baud);
  const died = new Promise<RunError>((resolve) => {
    let why = "the other side hung up";
    uart.once("error", ({ message }) => (why = message));
    uart.once("close", () => resolve(new RunError("AXV_BOARD_GONE", address, why)));
  });
  return {
    uart,
    died,
    stop: async () => {
      uart.destroy();
    },
  };
}

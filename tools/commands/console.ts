// axv-part console: a partition's console, of a running `axv-part run` or on a board's serial line.
import type { Command } from "commander";
import { Link } from "../../industrial/link/link.ts";
import { DEFAULT_BAUD, openTransport } from "../../industrial/link/transport.ts";
import { planFile } from "../plan/file.ts";
import { soundSystem } from "../plan/show.ts";
import { RunError } from "../run/errors.ts";
import { ask, findRun } from "../run/run-client.ts";
import { attachTerminal, consoleOf, LEAVE_HINT } from "../run/terminal.ts";

interface Options {
  readonly link?: string;
  readonly serial?: string;
  readonly baud: string;
  readonly system?: string;
}

export function register(program: Command): void {
  program
    .command("console")
    .description(`attach to a partition's console (on a terminal ${LEAVE_HINT}); works on pipes too`)
    .argument("<partition>", "its name; on a serial line without --system its index in the system file: 0, 1, …")
    .option("--link <path>", "the socket of the run (default: the one run that has this partition)")
    .option("--serial <device>", "a board's UART instead: /dev/ttyUSB0, or tcp:HOST:PORT")
    .option("--baud <rate>", "speed of the serial line, 8N1", String(DEFAULT_BAUD))
    .option("--system <system.yaml>", "the system on the board behind --serial: gives partitions their names")
    .action(async (partition: string, options: Options) => {
      if (options.serial !== undefined) await onSerial(partition, options.serial, options);
      else await onRun(partition, options.link ?? (await findRun(partition)));
    });
}

async function onRun(partition: string, path: string): Promise<void> {
  const { run, socket } = await ask(path, { do: "attach", partition });
  console.error(`axv-part: ${partition} of ${run.system}${process.stdin.isTTY ? `; ${LEAVE_HINT}` : ""}`);
  const how = await attachTerminal(socket, process.stdin, process.stdout);
  if (how === "hung up") throw new RunError("AXV_CONSOLE_CLOSED", "the run has ended");
}

async function onSerial(partition: string, device: string, { baud, system }: Options): Promise<void> {
  const index = system === undefined ? parseIndex(partition) : indexIn(system, partition);
  const link = new Link(await openTransport(device, Number(baud)));
  console.error(`axv-part: partition ${partition} on ${device}${process.stdin.isTTY ? `; ${LEAVE_HINT}` : ""}`);
  const how = await attachTerminal(consoleOf(link, index), process.stdin, process.stdout);
  if (how === "hung up") throw new RunError("AXV_CONSOLE_CLOSED", link.closed ?? "");
}

function parseIndex(partition: string): number {
  if (!/^\d+$/.test(partition)) throw new RunError("AXV_PARTITION_INDEX", partition);
  return Number(partition);
}

function indexIn(systemFile: string, partition: string): number {
  const names = soundSystem(planFile(systemFile, "none")).plan.partitions.map(({ name }) => name);
  const index = names.indexOf(partition);
  if (index < 0) throw new RunError("AXV_PARTITION_UNKNOWN", partition, names.join(", "));
  return index;
}

// axv-part control: starts, stops, restarts, pauses or resumes a partition of a running `axv-part run`, takes its update back, or
// begins its maxima anew.
import { Argument, type Command } from "commander";
import { ask, findRun } from "../run/run-client.ts";
import { type Control, CONTROLS } from "../run/run-socket.ts";

const DONE: Readonly<Record<Control, string>> = {
  start: "started",
  stop: "told to stop",
  restart: "told to restart",
  pause: "told to pause",
  resume: "told to go on",
  rollback: "begins with the image before, with its next start",
  "clear-maxima": "maxima begin anew",
};

export function register(program: Command): void {
  program
    .command("control")
    .description(
      "start, stop, restart, pause or resume one partition, roll its update back, or clear its maxima; the others do not notice",
    )
    .addArgument(new Argument("<action>", "what to do").choices(CONTROLS))
    .argument("<partition>", "its name")
    .option("--link <path>", "the socket of the run (default: the one run that has this partition)")
    .action(async (action: Control, partition: string, options: { readonly link?: string }) => {
      await ask(options.link ?? (await findRun(partition)), { do: action, partition });
      console.log(`${partition}: ${DONE[action]}`);
    });
}

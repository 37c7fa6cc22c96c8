// axv-part control: starts, stops, restarts, pauses or resumes a partition of a running `axv-part run`, takes its update back, or
// begins its maxima anew; or tells the hypervisor that the system on trial is good.
import { Argument, type Command } from "commander";
import { RunError } from "../run/errors.ts";
import { ask, findRun } from "../run/run-client.ts";
import { COMMIT, type Control, CONTROLS } from "../run/run-socket.ts";

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
      "start, stop, restart, pause or resume one partition, roll its update back, or clear its maxima; the others do not " +
        "notice. commit: the system on trial is good, and its slot on the disk is so already (axv-part slots --commit)",
    )
    .addArgument(new Argument("<action>", "what to do").choices([...CONTROLS, COMMIT]))
    .argument("[partition]", "its name; of commit none")
    .option("--link <path>", "the socket of the run (default: the one run that has this partition)")
    .action(async (action: Control | typeof COMMIT, partition = "", { link }: { readonly link?: string }) => {
      if ((action === COMMIT) !== (partition === "")) throw new RunError("AXV_CONTROL_WHOM", action, partition);
      if (action === COMMIT) await ask(link ?? (await findRun()), { do: action });
      else await ask(link ?? (await findRun(partition)), { do: action, partition });
      const said = action === COMMIT ? "the trial is over: the board is not reset" : `${partition}: ${DONE[action]}`;
      console.log(said);
    });
}

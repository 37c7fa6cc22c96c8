// axv-part control: starts, stops, restarts, pauses or resumes a partition of a running `axv-part run`.
import { Argument, type Command } from "commander";
import { COMMAND_NAMES, type CommandName } from "../../industrial/link/commands.ts";
import { ask, findRun } from "../run/run-client.ts";

const DONE: Readonly<Record<CommandName, string>> = {
  start: "started",
  stop: "told to stop",
  restart: "told to restart",
  pause: "told to pause",
  resume: "told to go on",
};

export function register(program: Command): void {
  program
    .command("control")
    .description("start, stop, restart, pause or resume one partition; the others do not notice")
    .addArgument(new Argument("<action>", "what to do").choices(COMMAND_NAMES))
    .argument("<partition>", "its name")
    .option("--link <path>", "the socket of the run (default: the one run that has this partition)")
    .action(async (action: CommandName, partition: string, options: { readonly link?: string }) => {
      await ask(options.link ?? (await findRun(partition)), { do: action, partition });
      console.log(`${partition}: ${DONE[action]}`);
    });
}

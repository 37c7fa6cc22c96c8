// axv-part control: starts, stops or restarts a partition of a running `axv-part run`.
import { Argument, type Command } from "commander";
import { ask, findRun } from "../run/run-client.ts";

const DONE = { start: "started", stop: "told to stop", restart: "told to restart" } as const;

export function register(program: Command): void {
  program
    .command("control")
    .description("start, stop or restart one partition; the others do not notice")
    .addArgument(new Argument("<action>", "what to do").choices(Object.keys(DONE)))
    .argument("<partition>", "its name")
    .option("--link <path>", "the socket of the run (default: the one run that has this partition)")
    .action(async (action: keyof typeof DONE, partition: string, options: { readonly link?: string }) => {
      await ask(options.link ?? (await findRun(partition)), { do: action, partition });
      console.log(`${partition}: ${DONE[action]}`);
    });
}

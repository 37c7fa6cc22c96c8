// axv-part inspect: what is in a file that boots.
import type { Command } from "commander";
import { inspectFile } from "../firmware/inspect/inspect.ts";
import { formatFound, foundJson } from "../firmware/inspect/report.ts";
import { paintFor } from "../run/paint.ts";

export function register(program: Command): void {
  program
    .command("inspect")
    .description("show what is in an image, a FIT or a disk image: tables, slots and their state, hashes, partitions")
    .argument("<image>", "as axv-part build leaves it, or from anywhere")
    .option("--json", "print it as JSON")
    .action((file: string, { json }: { json?: true }) => {
      const found = inspectFile(file);
      console.log(json === true ? foundJson(found) : formatFound(file, found, paintFor(process.stdout)));
    });
}

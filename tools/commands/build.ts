// axv-part build: system.yaml → the image that boots, and what was decided on the way.
import { dirname } from "node:path";
import type { Command } from "commander";
import { displayPath } from "../../partitions/project.ts";
import { OutputError } from "../output/errors.ts";
import { STANDARD_OUTPUT } from "../output/places.ts";
import { writeWhole } from "../output/streams.ts";
import { buildSystem, packSystem } from "../plan/build.ts";

const say = (line: string): void => console.error(line);

export function register(program: Command): void {
  program
    .command("build")
    .description("build the image of a system: core, plan, device trees and guests in one file")
    .argument("<system.yaml>", "the system to build")
    .option(
      "-o, --output <file>",
      "the image; what was planned is written beside it (default: build/NAME/image.bin beside NAME.yaml; -: the " +
        "image alone, on standard output)",
    )
    .option("--json", "print where the image is, and its size, as JSON")
    .action(async (file: string, { output, json }: { output?: string; json?: true }) => {
      if (output === STANDARD_OUTPUT) await pipeImage(file, json === true);
      else
        await buildSystem(file, output, say, ({ image, bytes, isSame }) => {
          const folder = displayPath(dirname(image)) || ".";
          if (json === true) console.log(JSON.stringify({ image: displayPath(image), bytes, folder, unchanged: isSame }));
          else console.log(`${displayPath(image)}: ${bytes} bytes${isSame ? ", unchanged" : ""}; the plan is in ${folder}`);
        });
    });
}

async function pipeImage(file: string, json: boolean): Promise<void> {
  if (json) throw new OutputError("AXV_OUTPUT_TWICE", "standard output", "the image", "what is said of it as JSON");
  if (process.stdout.isTTY) throw new OutputError("AXV_OUTPUT_TERMINAL");
  await writeWhole(process.stdout, await packSystem(file, say));
}

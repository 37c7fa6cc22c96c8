// axv-part build: system.yaml → the image that boots, and what was decided on the way.
import { basename, dirname, extname, join, relative } from "node:path";
import type { Command } from "commander";
import { buildSystem } from "../plan/build.ts";

/** partitions/examples/demo.yaml → build/demo/image.bin */
export const standardOutput = (systemFile: string): string =>
  join("build", basename(systemFile, extname(systemFile)), "image.bin");

export function register(program: Command): void {
  program
    .command("build")
    .description("build the image of a system: core, plan, device trees and guests in one file")
    .argument("<system.yaml>", "the system to build")
    .option("-o, --output <file>", "the image; what was planned is written beside it (default: build/<name>/image.bin)")
    .action(async (file: string, { output = standardOutput(file) }: { output?: string }) => {
      const { image, bytes } = await buildSystem(file, output, (line) => console.error(line));
      console.log(`${relative(".", image)}: ${bytes} bytes; the plan is in ${relative(".", dirname(image)) || "."}`);
    });
}

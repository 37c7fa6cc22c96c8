// What is done with a command line: of some commands, or of all.
import { Command } from "commander";
import { projectVersion } from "../partitions/project.ts";
import { fail, USAGE_OUTPUT } from "./failure.ts";
import { heedStreams } from "./output/streams.ts";

/** The folder that axv-part was started in has been deleted. */
class FolderGoneError extends Error {
  readonly code = "AXV_FOLDER_GONE";

  constructor() {
    super("the folder that axv-part was started in is not there any more: go to another one (cd)");
    this.name = "FolderGoneError";
  }
}

/** Paths are meant from there. */
function needFolder(): void {
  try {
    process.cwd();
  } catch {
    throw new FolderGoneError();
  }
}

/** `commands`: each adds one to the program. */
export async function commandLine(commands: readonly ((program: Command) => void)[]): Promise<void> {
  const program = new Command("axv-part")
    .description("Plans, builds, runs and watches partitioned systems.")
    .version(projectVersion(), "-V, --version", "print the version of axv-part")
    // Behind a command its own options count: update sign has a --version, too.
    .enablePositionalOptions()
    .configureOutput(USAGE_OUTPUT)
    .showHelpAfterError("(axv-part --help shows every command)")
    .addHelpText("after", "\nExit status: 0 if all went well, 1 if not; axv-part codes lists what can go wrong.")
    .hook("preAction", needFolder)
    .exitOverride();

  for (const register of commands) register(program);

  heedStreams([process.stdout, process.stderr], fail);
  try {
    await program.parseAsync();
  } catch (error) {
    fail(error);
  }
}

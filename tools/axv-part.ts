// The command line of the project. Every file of tools/commands is one command, and registers itself here.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";

/** What a file of tools/commands exports. */
interface CommandFile {
  readonly register: (program: Command) => void;
}

const COMMANDS = join(import.meta.dirname, "commands");

/** One of ours: it has a stable code, and a message that says what to do. A stack would only hide that. */
const isExplained = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && "code" in error && typeof error.code === "string";

const program = new Command("axv-part")
  .description("Plans, builds, runs and watches partitioned systems.")
  .showHelpAfterError("(axv-part --help shows every command)");

for (const file of readdirSync(COMMANDS)
  .filter((name) => name.endsWith(".ts"))
  .sort()) {
  const command = (await import(pathToFileURL(join(COMMANDS, file)).href)) as CommandFile;
  command.register(program);
}

try {
  await program.parseAsync();
} catch (error) {
  if (!isExplained(error)) throw error;
  console.error(`axv-part: ${error.message}`);
  process.exitCode = 1;
}

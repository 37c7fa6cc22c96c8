// Which program a command's name stands for here. To ask it for its version would take a seventh of a build at which
// nothing has changed: its file tells as well that it is another one, for a package's update brings another file.
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { BuildError } from "./errors.ts";

/** A command, and the Debian package that it comes in. */
export interface Tool {
  readonly command: string;
  readonly package: string;
}

export const notFound = ({ command, package: debian }: Tool): BuildError =>
  new BuildError("tool-missing", `${command} not found (apt-get install ${debian})`);

/** Its path, where the PATH has it, or it is one itself. A folder that cannot be looked into is passed over, as a shell does. */
export function pathOf(program: string): string | undefined {
  const folders = program.includes(sep) ? [""] : (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // it is not there, or not for us
  }
}

/** Where it lies, how large it is, and when it was made. */
export function identityOf(tool: Tool): string {
  const path = pathOf(tool.command);
  if (path === undefined) throw notFound(tool);
  const { size, mtimeMs } = statSync(path);
  return `${realpathSync(path)} ${size} ${mtimeMs}`;
}

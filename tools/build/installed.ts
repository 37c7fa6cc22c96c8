// Which program a command's name stands for here. To ask it for its version would take a seventh of a build at which
// nothing has changed: its file tells as well that it is another one, for a package's update brings another file.
import { realpathSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { BuildError } from "./errors.ts";

/** A command, and the Debian package that it comes in. */
export interface Tool {
  readonly command: string;
  readonly package: string;
}

export const notFound = ({ command, package: debian }: Tool): BuildError =>
  new BuildError("tool-missing", `${command} not found (apt-get install ${debian})`);

/** Where it lies, how large it is, and when it was made. */
export function identityOf(tool: Tool): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  for (const path of folders.map((folder) => join(folder, tool.command))) {
    const info = statSync(path, { throwIfNoEntry: false });
    if (info?.isFile() === true) return `${realpathSync(path)} ${info.size} ${info.mtimeMs}`;
  }
  throw notFound(tool);
}

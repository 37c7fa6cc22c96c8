// Which program a command's name stands for here. To ask it for its version would take a seventh of a build at which
// nothing has changed: its file tells as well that it is another one, for a package's update brings another file.
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { BuildError } from "./errors.ts";

/** A command, and the Debian package that it comes in. */
export interface Tool {
  readonly command: string;
  readonly package: string;
}

export const notFound = ({ command, package: debian }: Tool): BuildError =>
  new BuildError("tool-missing", `${command} not found (apt-get install ${debian})`);

/** Where it lies, how large it is, and when it was made. A folder that cannot be looked into is passed over, as a shell does. */
export function identityOf(tool: Tool): string {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, tool.command);
    try {
      accessSync(path, constants.X_OK);
      const info = statSync(path);
      if (info.isFile()) return `${realpathSync(path)} ${info.size} ${info.mtimeMs}`;
    } catch {
      // not in this folder, or not for us
    }
  }
  throw notFound(tool);
}

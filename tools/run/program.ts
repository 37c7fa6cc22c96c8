// Finds a program before it is started, so that a missing one is told by name and Debian package.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { RunError } from "./errors.ts";

export function findProgram(program: string, debianPackage: string): string {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  throw new RunError("AXV_PROGRAM_MISSING", program, debianPackage);
}

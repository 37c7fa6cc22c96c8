// Finds a program, or a path to one, before it is started, so that a missing one is told by name and Debian package.
import { accessSync, constants } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { RunError } from "./errors.ts";

export function findProgram(program: string, debianPackage: string): string {
  const folders = program.includes(sep) ? [""] : (process.env["PATH"] ?? "").split(delimiter);
  for (const folder of folders) {
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

// Finds a program, or a path to one, before it is started, so that a missing one is told by name and Debian package.
import { pathOf } from "../build/installed.ts";
import { RunError } from "./errors.ts";

export function findProgram(program: string, debianPackage: string): string {
  const path = pathOf(program);
  if (path === undefined) throw new RunError("AXV_PROGRAM_MISSING", program, debianPackage);
  return path;
}

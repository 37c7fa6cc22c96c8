// Where the project's own files are, and how they are named towards people.
import { join, relative, resolve } from "node:path";

export const PROJECT_ROOT = resolve(import.meta.dirname, "..");
export const inProject = (path: string): string => join(PROJECT_ROOT, path);

/** As somebody in the current folder would name it: never an absolute path when a short one leads there. */
export function displayPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("../../..") ? path : short;
}

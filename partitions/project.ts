// Where the project's own files are, and how they are named towards people.
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";

export const PROJECT_ROOT = resolve(import.meta.dirname, "..");
/** A path that is absolute stays. */
export const inProject = (path: string): string => resolve(PROJECT_ROOT, path);

/** Of package.json. */
export const projectVersion = (): string =>
  (JSON.parse(readFileSync(inProject("package.json"), "utf8")) as { readonly version: string }).version;

/** As somebody in the current folder would name it: never an absolute path when a short one leads there. */
export function displayPath(path: string): string {
  const short = relative(process.cwd(), path) || ".";
  return short.startsWith("../../..") ? path : short;
}

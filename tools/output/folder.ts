// Makes the folder of a path that a user has given, step by step: Node's own `recursive` goes on for ever where mkdir(2)
// says ENOENT below a folder that is there, as it does in /proc (Node 22).
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

const ANYBODY = 0o777; // as far as the umask lets

/** `mode`: of what is made. Throws what the system says. */
export function makeFolder(path: string, mode = ANYBODY): void {
  const folder = resolve(path);
  if (isFolder(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder), mode);
  try {
    mkdirSync(folder, mode);
  } catch (error) {
    if (isFolder(folder)) return; // somebody else was faster
    throw existsSync(folder) ? new Error("it is no folder") : error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // then making it says why
  }
}

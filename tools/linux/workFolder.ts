// A folder to work in, which is gone afterwards; what a process that was killed has left is removed by the next one.
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"; // somebody else's
  }
}

/** Calls `work` with a new folder below `parent`, called name-PID-… */
export async function withWorkFolder<T>(parent: string, name: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true });
  for (const other of await readdir(parent)) {
    const [, pid] = new RegExp(`^${name}-(\\d+)-`).exec(other) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(parent, other), { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(parent, `${name}-${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

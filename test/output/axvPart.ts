// axv-part as a user calls it, in a folder of theirs.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const AXV_PART = join(import.meta.dirname, "../../tools/axv-part.ts");

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** No colours, however this test is run. */
const ENVIRONMENT = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };

export const axvPart = (folder: string, ...parameters: readonly string[]): Result =>
  spawnSync(process.execPath, [AXV_PART, ...parameters], { cwd: folder, encoding: "utf8", env: ENVIRONMENT });

// axv-part as a user calls it, in a folder of theirs.
import { execFile, spawnSync } from "node:child_process";
import { BUNDLE } from "../bundle.ts";

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** No colours, however this test is run. */
const ENVIRONMENT = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };

export const axvPart = (folder: string, ...parameters: readonly string[]): Result =>
  spawnSync(process.execPath, [BUNDLE, ...parameters], { cwd: folder, encoding: "utf8", env: ENVIRONMENT });

/** The same, without keeping this process from what it does meanwhile: being the server that is asked. */
export const axvPartLater = (folder: string, ...parameters: readonly string[]): Promise<Result> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [BUNDLE, ...parameters],
      { cwd: folder, encoding: "utf8", env: ENVIRONMENT },
      (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : typeof error.code === "number" ? error.code : null, stdout, stderr });
      },
    );
  });

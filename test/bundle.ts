// What tests start as a process, as one file of JavaScript: two hundred files of TypeScript take Node longer than most commands
// do. Made before the first test (vitest's globalSetup); the command line as users have it, if a source is newer.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { bundle } from "../tools/build/bundle.ts";
import { ROOT, writeIfChanged } from "../tools/build/files.ts";

/** The command line. */
export const BUNDLE = join(ROOT, "build/axv-part.js");

/** A program of test/run. */
export const fakeBundle = (name: "run-fake" | "fake-qemu"): string => join(ROOT, `build/test/${name}.js`);

export async function setup(): Promise<void> {
  execFileSync(join(ROOT, "tools/axv-part"), ["--version"], { stdio: ["ignore", "ignore", "inherit"] });
  for (const name of ["run-fake", "fake-qemu"] as const) writeIfChanged(fakeBundle(name), await bundle(`test/run/${name}.ts`));
}

// npm test: every test, in two runs of vitest side by side. Those that boot machines come one after the other, and leave nearly
// half of two CPUs idle, for machines wait for their clocks; all others take what these leave (`nice`), so that no machine's
// clock waits for a compiler. With arguments (npm test -- FILE) it is one run of vitest with these.
import { spawn } from "node:child_process";
import { runSideBySide } from "./side-by-side.ts";

const given = process.argv.slice(2);
if (given.length > 0) {
  spawn("vitest", ["run", ...given], { stdio: "inherit" }).on("close", (status) => (process.exitCode = status ?? 1));
} else {
  process.exitCode = await runSideBySide(
    [
      ["vitest", "run", "--project", "qemu"],
      ["nice", "vitest", "run", "--project", "unit*", "--project", "counted"],
    ],
    (text) => process.stdout.write(text),
  );
}

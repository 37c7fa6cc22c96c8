// Runs the demo's system on the fake board, in a process of its own: what `axv-part run` does behind the build. Options, as
// the command has them: --for DURATION, --json, --link PATH.
import { parseArgs } from "node:util";
import { failure } from "../../tools/failure.ts";
import { judgeDemo } from "../../tools/run/demo-checks.ts";
import { parseDuration } from "../../tools/run/duration.ts";
import { startQemu } from "../../tools/run/qemu.ts";
import { run } from "../../tools/run/run.ts";
import { demoPartitions } from "./fake-board.ts";

const { values } = parseArgs({
  options: { for: { type: "string" }, json: { type: "boolean", default: false }, link: { type: "string" } },
});

try {
  process.exitCode = await run(() => startQemu([]), {
    title: "demo.yaml",
    partitions: demoPartitions,
    telemetryMs: 1000,
    watch: "host time",
    json: values.json,
    durationMs: values.for === undefined ? undefined : parseDuration(values.for),
    socketPath: values.link,
    judge: judgeDemo,
    notes: [],
    stdout: process.stdout,
    stdin: process.stdin,
  });
} catch (error) {
  process.stderr.write(failure(error, []).stderr);
  process.exitCode = 1;
}

// Standard output that nobody reads, or that has no room.
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-streams-")));
  writeFileSync(
    join(folder, "x.yaml"),
    "board: qemu-aarch64\npartitions:\n  a: { guest: plc, cpus: [3], image: " +
      `${join(import.meta.dirname, "../partitions/images/plc.bin")} }\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

/** "status 0", and what it said on standard error. `to`: where its standard output goes. */
function shell(command: string, to: string): { status: string; stderr: string } {
  const script = `{ "$0" ${BUNDLE} ${command}; echo "status $?" >&3; } 3>status ${to}; cat status`;
  const { stdout, stderr } = spawnSync("bash", ["-c", script, process.execPath], { cwd: folder, encoding: "utf8" });
  return { status: stdout.trim(), stderr };
}

describe("a reader that has gone has had what it wanted: not a word more, and the status is that of the command", () => {
  // `true` has ended before anything is written.
  test.each(["--help", "plan x.yaml", "codes --json"])("%s", (command) => {
    expect(shell(command, "| true")).toEqual({ status: "status 0", stderr: "" });
  });

  test("but of a refusal it is 1", () => {
    expect(shell("check nothing.yaml --json", "| true")).toEqual({ status: "status 1", stderr: "" });
  });

  test("standard error too", () => {
    expect(shell("check nothing.yaml", "2>&1 | true")).toEqual({ status: "status 1", stderr: "" });
  });
});

describe("what could not be written is told, and the status is 1", () => {
  test.each(["--version", "check x.yaml"])("%s", (command) => {
    const message = "axv-part: cannot write standard output: no space left on device [AXV_OUTPUT_FAILED]\n";
    expect(shell(command, "> /dev/full")).toEqual({ status: "status 1", stderr: message });
  });
});

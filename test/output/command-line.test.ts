// What axv-part says of where and how it was started.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";
import { axvPart } from "./axvPart.ts";

test.each(["build", "check", "run"])("from a folder that was deleted: axv-part %s", (command) => {
  const shell = 'cd "$(mktemp -d)" && rmdir "$PWD" && exec "$0" "$1" "$2" x.yaml';
  const { status, stdout, stderr } = spawnSync("sh", ["-c", shell, process.execPath, BUNDLE, command], { encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: "",
    stderr: "axv-part: the folder that axv-part was started in is not there any more: go to another one (cd) [AXV_FOLDER_GONE]\n",
  });
});

test.each([
  ["a command", ["\x1b[31mfoo"], "'\\u001b[31mfoo'"],
  ["an option", ["check", "--\x1b[31m"], "'--\\u001b[31m'"],
  ["a choice", ["control", "\x1b[31m", "x"], "\\u001b[31m"],
  ["an end of line in a command", ["a\nb"], "'a\\u000ab'"],
  ["an end of line in a part", ["init", "/tmp/axv-none.yaml", "--partition", "a=plc\n"], "plc\\u000a"],
])("control characters of the command line are shown, not obeyed: %s", (_, parameters, shown) => {
  const { status, stdout, stderr } = axvPart("/", ...parameters);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr.split("\n")[0]).toContain(shown);
  expect(stderr).not.toContain("\x1b");
});

const UNREADABLE = "cannot be read: there is no such file. Give the path of an image file [AXV_GUEST_UNREADABLE]";

test.each([
  ["an option", ["check", "--none"], "error: unknown option '--none' [AXV_USAGE]\n(axv-part --help shows every command)\n"],
  ["a file", ["guest", "probe", "none"], `axv-part: none ${UNREADABLE}\n`],
])("the code is in brackets behind the message: %s", (_, parameters, said) => {
  expect(axvPart("/", ...parameters)).toMatchObject({ status: 1, stdout: "", stderr: said });
});

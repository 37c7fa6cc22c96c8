// What axv-part says of where and how it was started.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { BUNDLE } from "../bundle.ts";

test.each(["build", "check", "run"])("from a folder that was deleted: axv-part %s", (command) => {
  const shell = 'cd "$(mktemp -d)" && rmdir "$PWD" && exec "$0" "$1" "$2" x.yaml';
  const { status, stdout, stderr } = spawnSync("sh", ["-c", shell, process.execPath, BUNDLE, command], { encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: "",
    stderr: "axv-part: the folder that axv-part was started in is not there any more: go to another one (cd)\n",
  });
});

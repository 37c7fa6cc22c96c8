// tools/axv-part makes its bundle when a source is newer, and only then; and what is in the bundle.
import { execFileSync } from "node:child_process";
import {
  chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { commandLineBundles } from "../../tools/build/bundle.ts";
import { ROOT } from "../../tools/build/files.ts";

describe("a checkout whose Node notes what it is called with", () => {
  let checkout: string;
  const place = (name: string): string => join(checkout, name);
  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), "axv-bundle-"));
    for (const folder of [
      "arch",
      "boards",
      "core",
      "industrial",
      "partitions",
      "rtos-guests",
      "tools/build",
      "node_modules/.bin",
      "bin",
    ])
      mkdirSync(place(folder), { recursive: true });
    copyFileSync(join(ROOT, "tools/axv-part"), place("tools/axv-part"));
    for (const file of ["tools/setup.sh", "tools/build/bundle.ts", "tools/other.ts", "package-lock.json"])
      writeFileSync(place(file), "");
    // Stands in for Node: its first argument that is no option is the bundle's maker, or the bundle.
    const node = [
      "#!/bin/sh",
      'while [ "${1#-}" != "$1" ]; do shift; done',
      `printf '%s ' "$(basename "$1")" >>"${place("calls")}"`,
      `case $1 in *bundle.ts) echo >"${place("build/axv-part.js")}" ;; esac`,
    ];
    writeFileSync(place("node_modules/.bin/node"), `${node.join("\n")}\n`);
    chmodSync(place("node_modules/.bin/node"), 0o755);
    symlinkSync("../tools/axv-part", place("bin/axv-part"));
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  const called = (): string => {
    rmSync(place("calls"), { force: true });
    execFileSync("sh", [place("bin/axv-part"), "check"]);
    return readFileSync(place("calls"), "utf8");
  };
  const BUNDLED = "bundle.ts axv-part.js ";

  test("it is made once", () => {
    expect([called(), called(), called()]).toEqual([BUNDLED, "axv-part.js ", "axv-part.js "]);
  });

  test.each([
    ["a source has changed", () => writeFileSync(place("tools/other.ts"), "2")],
    ["a source is another one, and says that it is old", () => utimesSync(place("tools/other.ts"), 0, 0)],
    ["a source has come", () => writeFileSync(place("partitions/new.ts"), "")],
    ["a source is gone", () => rmSync(place("tools/other.ts"))],
    ["packages have changed", () => writeFileSync(place("package-lock.json"), "2")],
    ["the bundle is gone", () => rmSync(place("build/axv-part.js"))],
  ])("again when %s", (_, change) => {
    called();
    expect(called()).toBe("axv-part.js ");
    change();
    expect([called(), called()]).toEqual([BUNDLED, "axv-part.js "]);
  });

  test("not when something else has", () => {
    called();
    writeFileSync(place("boards/board.yaml"), "read when it is needed");
    called(); // the folder is a new one
    writeFileSync(place("boards/board.yaml"), "changed");
    expect(called()).toBe("axv-part.js ");
  });

  test("not when an example was built, whose outputs lie beside it", () => {
    mkdirSync(place("partitions/examples"));
    called();
    mkdirSync(place("partitions/examples/build/demo"), { recursive: true });
    expect(called()).toBe("axv-part.js ");
  });
});

describe("the command line", async () => {
  const { "axv-part.js": first = "", ...files } = await commandLineBundles();

  test("is a file for each command, one with all of them, and one that finds these", () => {
    const commands = readdirSync(join(ROOT, "tools/commands")).map((name) => basename(name, ".ts"));
    const names = [...commands, "all-commands"].map((name) => `axv-part/${name}.js`);
    expect(Object.keys(files).sort()).toEqual(names.sort());
    for (const command of commands) expect(first).toContain(JSON.stringify(command));
  });

  test.each(Object.keys(files))("%s has no compiler for AssemblyScript, and knows where its sources are", (file) => {
    const { [file]: text = "" } = files;
    expect(text).not.toMatch(/Binaryen|_BinaryenModule/);
    if (/(build|run|all-commands)\.js$/.test(file)) expect(text).toContain('import("assemblyscript/asc")');
    expect(text).not.toMatch(/import\.meta\.dirname/);
    expect(text.match(/import\.meta\.url/g)).toHaveLength(1); // Node's require, in the first line
  });
});

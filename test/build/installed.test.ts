// Which program a command stands for decides whether what it has built is still good.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { identityOf } from "../../tools/build/installed.ts";
import { findProgram } from "../../tools/run/program.ts";
import { errorOf } from "./build.ts";

const TOOL = { command: "axv-clang", package: "axv-clang-19" };

describe("a command of the PATH", () => {
  const { PATH } = process.env;
  let folder: string;
  const place = (name: string): string => join(folder, name);
  const program = (name: string, text: string, seconds: number): void => {
    writeFileSync(place(name), text);
    chmodSync(place(name), 0o755);
    utimesSync(place(name), seconds, seconds);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "axv-installed-"));
    for (const name of ["first", "second"]) mkdirSync(place(name));
    process.env["PATH"] = `${place("first")}:${place("second")}`;
    program("second/axv-clang", "19.1.7", 1000);
  });
  afterEach(() => {
    process.env["PATH"] = PATH;
    rmSync(folder, { recursive: true });
  });

  test("is the same one while nobody replaces it", () => {
    const before = identityOf(TOOL);
    program("second/axv-clang", "19.1.7", 1000);
    expect(identityOf(TOOL)).toBe(before);
  });

  test.each([
    ["an update has brought another one, of the same length", () => program("second/axv-clang", "19.1.8", 2000)],
    ["it is another one of the same time", () => program("second/axv-clang", "19.1.10", 1000)],
    ["one stands before it in the PATH", () => program("first/axv-clang", "19.1.7", 1000)],
    ["its link leads elsewhere", () => {
      rmSync(place("second/axv-clang"));
      program("other", "19.1.7", 1000);
      symlinkSync("../other", place("second/axv-clang"));
    }],
  ])("is another one: %s", (_, change) => {
    const before = identityOf(TOOL);
    change();
    expect(identityOf(TOOL)).not.toBe(before);
  });

  test("a folder of its name is none", () => {
    const before = identityOf(TOOL);
    mkdirSync(place("first/axv-clang"));
    expect(identityOf(TOOL)).toBe(before);
    expect(findProgram(TOOL.command, TOOL.package)).toBe(place("second/axv-clang"));
  });

  test.each([
    ["cannot be looked into", () => { // its links lead in a circle; root may look into any other
      rmSync(place("first"), { recursive: true });
      symlinkSync("first", place("first"));
    }],
    ["has one that may not be started", () => {
      program("first/axv-clang", "text", 1000);
      chmodSync(place("first/axv-clang"), 0o644);
    }],
  ])("a folder is passed over that %s", (_, change) => {
    const before = identityOf(TOOL);
    change();
    expect(identityOf(TOOL)).toBe(before);
  });

  test("one that is not there is named with its package", async () => {
    rmSync(place("second/axv-clang"));
    const error = await errorOf(() => identityOf(TOOL));
    expect(error.code).toBe("tool-missing");
    expect(error.message).toContain("apt-get install axv-clang-19");
  });
});

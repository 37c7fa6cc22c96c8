// Files that a system.yaml names and that are no images: what each is, is said at the place where it is named, at once,
// whatever it is; and nothing is read whose size is not known and small enough.
import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { displayPath } from "../../partitions/project.ts";
import { readFile } from "../../partitions/source/file.ts";
import { GIB, MIB } from "../../partitions/units.ts";
import { Random } from "../hostile/random.ts";
import { codeOf, elfFile } from "./imageFiles.ts";
import { plan } from "./systems.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-files-"));
  mkdirSync(join(folder, "folder"));
  spawnSync("mkfifo", [join(folder, "pipe")]);
  symlinkSync("circle", join(folder, "circle"));
  symlinkSync("/dev/zero", join(folder, "endless"));
  writeFileSync(join(folder, "plain"), "text, as people write it\n");
  sparse("empty", 0);
  sparse("zeros", 100_000);
  const random = new Random(1);
  writeFileSync(join(folder, "noise"), Uint8Array.from({ length: 5000 }, () => random.below(256)));
  writeFileSync(join(folder, "loop"), codeOf(0x14000000));
  sparse("large", 1.5 * GIB);
  sparse("huge", 5 * GIB);
  writeFileSync(join(folder, "debug.elf"), elfFile({ entry: 0n, segments: [] }));
  sparse("debug.elf", 1.5 * GIB);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of so many bytes, of which none is anywhere. */
function sparse(name: string, size: number): void {
  const descriptor = openSync(join(folder, name), "a");
  ftruncateSync(descriptor, size);
  closeSync(descriptor);
}

const checked = (image: string, key = "image"): string[] => {
  const file = join(folder, "system.yaml");
  const guest = key === "image" ? "freertos" : "linux";
  writeFileSync(
    file,
    `board: qemu-aarch64\npartitions:\n  a: { guest: ${guest}, cpus: [1], memory: 64M, ${key}: ${JSON.stringify(image)} }\n`,
  );
  return plan(file)
    .diagnostics.filter(({ severity }) => severity === "error")
    .map(
      ({ line, column, code, message }) =>
        `${line}:${column} ${code} ${message.replaceAll(displayPath(folder), "…").replaceAll(folder, "…")}`,
    );
};

const CASES: readonly (readonly [string, string])[] = [
  ["pipe", "it is a pipe"],
  ["endless", "it is a device"],
  ["/dev/null", "it is a device"],
  ["folder", "it is a folder"],
  ["none", "there is no such file"],
  ["plain/x", "a part of its path is a file, not a folder"],
  ["plain/", "a part of its path is a file, not a folder"],
  ["plain/.", "a part of its path is a file, not a folder"],
  ["folder/", "it is a folder"],
  ["circle", "its links lead in a circle"],
  ["x".repeat(300), "its name, or the path to it, is too long"],
  ["y/".repeat(3000), "its name, or the path to it, is too long"],
];

describe.each(["image", "initrd"])("as %s", (key) => {
  test.each(CASES)("%.20s: %s", (name, reason) => {
    const [found = "", ...rest] = checked(name, key);
    expect(rest).toEqual([]);
    expect(found).toMatch(key === "image" ? /^3:56 AXV-P050/ : /^3:54 AXV-P050/);
    expect(found.endsWith(`cannot be read: ${reason}`)).toBe(true);
  });

  test.each([["large", "1536M"], ["huge", "5G"]])("%s: it is not even read", (name, size) => {
    expect(checked(name, key)).toEqual([
      `${key === "image" ? "3:56" : "3:54"} AXV-P033 the ${key} needs ${size} of memory, and the partition has 64M`,
    ]);
  });
});

test("an ELF file may be larger than the memory, for what is for debuggers is not loaded, but not that much", () => {
  expect(checked("debug.elf")).toEqual([
    "3:56 AXV-P050 the file …/debug.elf cannot be read: it has 1536M, and at most 256M are read: " +
      "take out what is for debuggers (llvm-strip --strip-debug)",
  ]);
});

test("an initrd of no bytes is refused, as an image is", () => {
  expect(checked("empty", "initrd")).toEqual(["3:54 AXV-P050 the file …/empty cannot be read: it is empty"]);
  expect(checked("empty")).toMatchObject([expect.stringContaining("it is empty")]);
});

describe("a file without a header in which no function returns", () => {
  const warnings = (name: string): string[] => {
    const file = join(folder, "system.yaml");
    writeFileSync(file, `board: qemu-aarch64\npartitions:\n  a: { guest: bare-metal, cpus: [1], image: ${name} }\n`);
    return plan(file).diagnostics.map(({ line, column, code, severity }) => `${line}:${column} ${code} ${severity}`);
  };

  test.each(["noise", "zeros"])("is warned of: %s", (name) => {
    expect(warnings(name)).toEqual(["3:45 AXV-P186 warning"]);
  });

  test("is fine where it is a small program, which may have none", () => {
    expect(warnings("loop")).toEqual([]);
  });
});

test("text is no image", () => {
  const [found = ""] = checked("plain");
  expect(found).toBe('3:56 AXV-P051 plain is not what guest profile "freertos" takes: it is text');
});

test.each(["pipe", "endless", "folder", "none"])("%s as the system itself", (name) => {
  expect(plan(join(folder, name)).diagnostics).toMatchObject([{ code: "AXV-P001", line: 1, column: 1 }]);
});

test("what has no size is empty, what is larger than it may be is not read, a NUL is in no name", () => {
  expect(readFile("/proc/self/status", MIB)).toHaveLength(0);
  expect(readFile(join(folder, "plain"), 10)).toBe("it has 1K, and at most 1K are read");
  expect(readFile("a\0b", 10)).toBe("no file's name has a NUL in it");
});

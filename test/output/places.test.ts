import { execFileSync } from "node:child_process";
import {
  existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { claim, type Output } from "../../tools/output/places.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-output-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

const image = (path: string): Output => ({ path, what: "the image" });
const refusal = (outputs: readonly Output[], inputs: readonly string[] = []): string => {
  try {
    claim(outputs, inputs);
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error("it was not refused");
};

describe("where something may be written", () => {
  test("a new file, in folders that are made", () => {
    expect(claim([image(at("a/b/image.bin"))], [])).toEqual([at("a/b/image.bin")]);
    expect(readdirSync(at("a/b"))).toEqual([]);
  });

  test("a regular file that was named", () => {
    writeFileSync(at("image.bin"), "old");
    expect(claim([image(at("image.bin"))], [at("system.yaml")])).toEqual([at("image.bin")]);
  });

  test("behind a link, which stays", () => {
    writeFileSync(at("old.bin"), "old");
    symlinkSync("old.bin", at("image.bin"));
    expect(claim([image(at("image.bin"))], [])).toEqual([at("old.bin")]);
  });
});

describe("not over what is read", () => {
  beforeEach(() => writeFileSync(at("x.yaml"), "board: b"));

  test("by its name", () => {
    expect(refusal([image(at("x.yaml"))], [at("x.yaml")])).toBe(
      `the image would be written to ${at("x.yaml")}, and ${at("x.yaml")} is read for it: choose another place`,
    );
  });

  test.each([
    ["another way there", () => at("sub/../x.yaml"), () => mkdirSync(at("sub"))],
    ["a symbolic link", () => at("link"), () => symlinkSync(at("x.yaml"), at("link"))],
    ["a hard link", () => at("hard"), () => linkSync(at("x.yaml"), at("hard"))],
    ["a folder that is a link", () => at("here/x.yaml"), () => symlinkSync(".", at("here"))],
  ])("by %s", (_, path, make) => {
    make();
    expect(refusal([image(path())], [at("x.yaml")])).toMatch(/is read for it/);
  });

  test("nor where it will be only read later: it is not there yet", () => {
    expect(refusal([image(at("new/guest.bin"))], [at("new/../new/guest.bin")])).toMatch(/is read for it/);
  });

  test("an input that cannot be looked at is in nobody's way", () => {
    expect(claim([image(at("image.bin"))], [at("x.yaml/below"), "a\0b"])).toEqual([at("image.bin")]);
  });
});

describe("no two outputs on each other", () => {
  test("by name", () => {
    const plan = { path: at("plan.json"), what: "the plan" };
    expect(refusal([image(at("./plan.json")), plan])).toBe(
      `the image and the plan would both be written to ${at("plan.json")}: choose another name or folder`,
    );
  });

  test("by a link", () => {
    writeFileSync(at("plan.json"), "");
    symlinkSync("plan.json", at("image.bin"));
    expect(refusal([image(at("image.bin")), { path: at("plan.json"), what: "the plan" }])).toMatch(/both be written/);
  });
});

describe("nothing but regular files is replaced", () => {
  test.each([
    ["a folder", (path: string) => mkdirSync(path)],
    ["a FIFO", (path: string) => execFileSync("mkfifo", [path])],
    ["a link that leads nowhere", (path: string) => symlinkSync("nowhere", path)],
    ["a link that leads nowhere", (path: string) => symlinkSync(path, path)],
  ])("%s", (kind, make) => {
    make(at("image.bin"));
    expect(refusal([image(at("image.bin"))])).toBe(`${at("image.bin")} is ${kind}, and stays as it is: name a file`);
    expect(readdirSync(folder)).toEqual(["image.bin"]);
  });

  test("a socket", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at("image.bin"), resolve));
    expect(refusal([image(at("image.bin"))])).toMatch(/is a socket/);
    server.close();
  });

  test("a device", () => {
    expect(refusal([image("/dev/null")])).toBe("/dev/null is a device, and stays as it is: name a file");
  });

  test.each([
    ["", '"" is no name of a file'],
    ["a\0b", "is no name of a file"],
    ["new/", "new/ is a folder"],
    ["-", "cannot go to standard output here"],
  ])("the name %j", (path, message) => {
    expect(refusal([image(path)])).toContain(message);
  });
});

describe("what was not named replaces only what comes from axv-part", () => {
  const plan = (isOurs: boolean): Output => ({ path: at("plan.json"), what: "the plan", isOurs: () => isOurs });

  test("and nothing of somebody else's", () => {
    writeFileSync(at("plan.json"), "mine");
    expect(claim([plan(true)], [])).toEqual([at("plan.json")]);
    expect(refusal([plan(false)])).toMatch(/what is there does not come from axv-part: choose another folder, or move it away/);
  });

  test("where nothing is, nobody is asked", () => {
    expect(claim([plan(false)], [])).toEqual([at("plan.json")]);
  });
});

describe("a folder that cannot be had is told at once", () => {
  test("a file stands there", () => {
    writeFileSync(at("file"), "");
    expect(refusal([image(at("file/image.bin"))])).toBe(
      `cannot write into ${at("file")}: it is no folder. Choose another place, or correct that`,
    );
    expect(refusal([image(at("file/sub/image.bin"))])).toMatch(/cannot write into .*file\/sub: it is no folder/);
  });

  test("nobody can make it", () => {
    expect(refusal([image("/proc/axv/image.bin")])).toMatch(/cannot write into \/proc\/axv: /);
    expect(existsSync("/proc/axv")).toBe(false);
  });

  test("it is there, and takes nothing", () => {
    expect(refusal([image("/proc/image.bin")])).toMatch(/cannot write into \/proc: /);
  });

  test("the name is too long", () => {
    expect(refusal([image(at("n".repeat(300)))])).toMatch(/name too long/);
    expect(claim([image(at("n".repeat(255)))], [])).toHaveLength(1);
  });
});

// How a file that a person named is read, and what is said where it cannot be: partitions/source/file.ts.
import {
  closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  besideFile, isThere, namesIn, OpenFile, readFile, UnreadableError, whileOpen, withFile,
} from "../../partitions/source/file.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-read-"));
  mkdirSync(at("folder"));
  writeFileSync(at("six"), Uint8Array.of(1, 2, 3, 4, 5, 6));
  writeFileSync(at("folder/b"), "");
  writeFileSync(at("folder/a"), "");
  symlinkSync("circle", at("circle"));
  symlinkSync("six", at("link"));
  symlinkSync("nowhere", at("dangling"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Descriptors that are open on the file. */
const opened = (name: string): number =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === at(name);
    } catch {
      return false; // the folder's own, closed by now
    }
  }).length;

describe("a file that is open", () => {
  const use = <T>(what: (file: OpenFile) => T): T => {
    const result = withFile(at("six"), what);
    expect(opened("six"), "it is closed").toBe(0);
    return result as T;
  };

  test("its first bytes, no more than there are", () => {
    for (const [count, expected] of [[0, []], [2, [1, 2]], [6, [1, 2, 3, 4, 5, 6]], [9, [1, 2, 3, 4, 5, 6]]] as const)
      expect(use((file) => [...file.first(count)])).toEqual(expected);
  });

  test("what is there from an offset on, as far as it goes", () => {
    for (const [length, offset, expected] of [[3, 1, [2, 3, 4]], [3, 5, [6, 0, 0]], [2, 6, [0, 0]], [0, 0, []]] as const) {
      const target = new Uint8Array(length);
      const count = use((file) => file.fill(target, offset));
      expect([...target]).toEqual(expected);
      expect(count).toBe(Math.max(0, Math.min(length, 6 - offset)));
    }
  });

  test("all of it, or why that is too much", () => {
    expect(use((file) => file.whole(6))).toHaveLength(6);
    expect(use((file) => file.whole(5))).toBe("it has 1K, and at most 1K are read");
    expect(new OpenFile(0, 1024 * 1024 + 1).whole(1024 * 1024)).toBe("it has 1025K, and at most 1M are read");
  });

  test("one that has become shorter since it was opened ends where it ends", () => {
    const descriptor = openSync(at("six"), "r");
    try {
      expect([...new OpenFile(descriptor, 100).first(100)]).toEqual([1, 2, 3, 4, 5, 6]);
    } finally {
      closeSync(descriptor);
    }
  });

  test("is closed also where what is made of it fails, of which nothing is taken for the system's", async () => {
    const fail = (): never => {
      throw new Error("mine");
    };
    expect(() => withFile(at("six"), fail)).toThrow("mine");
    await expect(whileOpen(at("six"), async () => fail())).rejects.toThrow("mine");
    const coded = (): never => {
      throw Object.assign(new Error("mine"), { code: "AXV_MINE" });
    };
    expect(() => withFile(at("six"), coded)).toThrow("mine");
    expect(opened("six")).toBe(0);
  });

  test("stays open while something is made of it that takes its time", async () => {
    const made = await whileOpen(at("six"), async (file) => {
      await new Promise((resolve) => setImmediate(resolve));
      return [opened("six"), ...file.first(1)];
    });
    expect([made, opened("six")]).toEqual([[1, 1], 0]);
    expect(await whileOpen(at("folder"), async () => 1)).toBe("it is a folder");
    expect(opened("folder")).toBe(0);
    expect(await whileOpen(at("none"), async () => 1)).toBe("there is no such file");
  });
});

describe("why it cannot be read", () => {
  test.each([
    ["none", "there is no such file"],
    ["dangling", "there is no such file"],
    ["folder", "it is a folder"],
    ["six/x", "a part of its path is a file, not a folder"],
    ["circle", "its links lead in a circle"],
    ["x".repeat(300), "its name, or the path to it, is too long"],
    ["a\0b", "no file's name has a NUL in it"],
  ])("%.20s: %s", (name, reason) => expect(readFile(at(name), 10)).toBe(reason));

  test.each([["EACCES", "you may not read it"], ["EPERM", "you may not read it"], ["EISDIR", "it is a folder"],
    ["ENXIO", "it is a socket or a device"], ["EIO", "the system says EIO"]])("%s: %s", (code, reason) => {
    const told = withFile(at("six"), () => {
      throw Object.assign(new Error(""), { code });
    });
    expect(told).toBe(reason);
  });

  test.each(["", "AXV_E", "XE", "eacces", "E-X"])("what has the code %j is not the system's", (code) => {
    expect(() => withFile(at("six"), () => {
      throw Object.assign(new Error("mine"), { code });
    })).toThrow("mine");
    expect(() => withFile(at("six"), () => {
      throw code;
    })).toThrow();
  });

  test("a device, and nothing is waited for", () => expect(readFile("/dev/zero", 10)).toBe("it is a device"));
  test("through a link it can", () => expect(readFile(at("link"), 10)).toHaveLength(6));
});

describe("where a path leads that a file names", () => {
  test.each([
    ["/a/b.yaml", "c", "/a/c"],
    ["/a/b.yaml", "../c", "/c"],
    ["/a/b.yaml", "/c/d", "/c/d"],
    ["/a/b.yaml", "c/", "/a/c/"],
    ["/a/b.yaml", "c/.", "/a/c/"],
    ["/a/b.yaml", "c.", "/a/c."],
    ["/a/b.yaml", "c/d", "/a/c/d"],
    ["/a/b.yaml", "c/..", "/a"],
  ])("%s: %s is %s", (file, given, path) => expect(besideFile(file, given)).toBe(path));
});

test("whether something is there; what cannot be looked at is, for to read it says why", () => {
  expect(["six", "folder", "none", "dangling", "circle", "six/x"].map((name) => isThere(at(name)))).toEqual([
    true, true, false, false, true, false,
  ]);
});

describe("the names in a folder", () => {
  test("none, where there is no folder", () => {
    expect(["folder", "none", "six"].map((name) => namesIn(at(name), "").sort())).toEqual([["a", "b"], [], []]);
  });

  test("one that cannot be read is an error, with what to do", () => {
    const error = ((): unknown => {
      try {
        return namesIn(at("circle"), "Move it away");
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(UnreadableError);
    expect(error).toMatchObject({
      name: "UnreadableError", code: "AXV-P103",
      message: `${at("circle")} cannot be read: its links lead in a circle. Move it away`,
    });
  });
});

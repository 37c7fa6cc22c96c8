// axv-part keys as a user calls it: a key's life, and all that can be wrong with its files.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readFdt } from "../../../partitions/devicetree/fdt.ts";
import { newKey, publicKeysOf, revokeKey, rotateKey, signersOf } from "../../../tools/firmware/keys/folder.ts";
import { axvPart, type Result } from "../../output/axvPart.ts";

let folder = "";
let keys = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-keys-"));
  keys = join(folder, "keys");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const call = (...parameters: string[]): Result => axvPart(folder, "keys", ...parameters);
const file = (name: string): string => join(keys, name);
const names = (): string[] => signersOf(keys).map(({ name }) => name);
const codeOf = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
  return "nothing refused";
};

test("a key's life: made, doubled, revoked; its name is never given again", () => {
  expect(call("new", "first")).toMatchObject({ status: 0, stderr: "" });
  expect(readdirSync(keys).sort()).toEqual(["first.pem", "first.pub.pem", "keys.json"]);
  expect(statSync(file("first.pem")).mode & 0o777).toBe(0o600);
  expect(statSync(keys).mode & 0o777).toBe(0o700);
  expect(() => newKey(keys, "second", "rsa2048")).toThrow("first is active: axv-part keys rotate NAME");

  expect(call("rotate", "second", "-a", "rsa4096").stdout).toContain("keys/second.pem: a new rsa4096 key.");
  expect(names()).toEqual(["first", "second"]);
  expect(() => rotateKey(keys, "third", undefined)).toThrow("first and second are both active: revoke the old one");

  const { stdout } = call("revoke", "first");
  expect(stdout).toContain("first signs nothing any more; active: second");
  expect(names()).toEqual(["second"]);
  expect(existsSync(file("first.pem"))).toBe(true);
  expect(() => rotateKey(keys, "first", undefined)).toThrow('has, or had, a key "first"');
  expect(call("show").stdout).toMatch(/^name +algorithm +state[^]+\nfirst +rsa2048 +revoked[^]+\nsecond +rsa4096 +active/);
});

test("openssl reads what was made, and its public half is the one beside it", () => {
  for (const [name, algorithm] of [["a", "rsa2048"], ["b", "ecdsa256"]] as const) {
    if (name === "a") newKey(keys, name, algorithm);
    else rotateKey(keys, name, algorithm);
    const half = execFileSync("openssl", ["pkey", "-in", file(`${name}.pem`), "-pubout"], { encoding: "utf8" });
    expect(half).toBe(readFileSync(file(`${name}.pub.pem`), "utf8"));
  }
});

test("--dtb writes the active keys into another file, and says what that does", () => {
  newKey(keys, "first", "rsa2048");
  rotateKey(keys, "second", undefined);
  revokeKey(keys, "first");
  const tree = execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb"], { input: "/dts-v1/; / { chosen { }; };" });
  writeFileSync(join(folder, "board.dtb"), tree);
  expect(call("show", "--dtb", "board.dtb", "-o", "board.dtb").stderr).toContain("board.dtb is read for it");
  const { stdout } = call("show", "--dtb", "board.dtb", "-o", "control.dtb");
  expect(stdout).toBe("control.dtb: U-Boot with this tree starts nothing that is not signed by second\n");
  const { root } = readFdt(readFileSync(join(folder, "control.dtb")));
  expect(root.children.find(({ name }) => name === "signature")?.children.map(({ name }) => name)).toEqual(["key-second"]);
  expect(readFileSync(join(folder, "board.dtb")).equals(tree)).toBe(true);
  writeFileSync(join(folder, "text.dtb"), "no tree");
  expect(call("show", "--dtb", "text.dtb", "-o", "out.dtb").stderr).toContain("text.dtb is no device tree");
  expect(existsSync(join(folder, "out.dtb"))).toBe(false);
});

describe("refused, and nothing is written", () => {
  test.each(["", "../up", "a b", "-x", "__proto__", "kernel@1", "x".repeat(33)])("the name %j", (name) => {
    expect(codeOf(() => newKey(keys, name, "rsa2048"))).toBe("AXV_KEYS_NAME");
    expect(existsSync(keys)).toBe(false);
  });

  test("an algorithm that is none; a folder that is none; a key that is none", () => {
    expect(call("new", "a", "--algorithm", "rsa1024").stderr).toContain("write one of rsa2048, rsa4096, ecdsa256");
    expect(codeOf(() => rotateKey(keys, "a", undefined))).toBe("AXV_KEYS_FOLDER");
    newKey(keys, "a", "rsa2048");
    expect(() => revokeKey(keys, "b")).toThrow('there is no key "b": write one of a');
  });

  test("a file of that name that somebody has put there", () => {
    newKey(keys, "a", "rsa2048");
    for (const name of ["b.pem", "c.pub.pem"]) writeFileSync(file(name), "mine");
    expect(codeOf(() => rotateKey(keys, "b", undefined))).toBe("AXV_KEYS_EXISTS");
    expect(codeOf(() => rotateKey(keys, "c", undefined))).toBe("AXV_KEYS_EXISTS");
    expect(readFileSync(file("b.pem"), "utf8")).toBe("mine");
    expect(readdirSync(keys).sort()).toEqual(["a.pem", "a.pub.pem", "b.pem", "c.pub.pem", "keys.json"]);
    expect(names()).toEqual(["a"]);
  });

  test("where nothing can be written", () => {
    writeFileSync(keys, "a file");
    expect(codeOf(() => newKey(keys, "a", "rsa2048"))).toBe("AXV_OUTPUT_FOLDER");
  });
});

describe("a key does not sign if", () => {
  const openssl = (command: string, ...parameters: string[]): void => {
    execFileSync("openssl", [command, "-out", file("a.pem"), ...parameters], { stdio: "ignore" });
  };
  beforeEach(() => {
    newKey(keys, "a", "rsa2048");
  });

  test("all are revoked", () => {
    revokeKey(keys, "a");
    expect(codeOf(() => signersOf(keys))).toBe("AXV_KEYS_NONE_ACTIVE");
    expect(codeOf(() => publicKeysOf(keys))).toBe("AXV_KEYS_NONE_ACTIVE");
    newKey(keys, "b", "rsa2048");
    expect(names()).toEqual(["b"]);
  });

  test("it has another length, or is of another kind", () => {
    openssl("genrsa", "3072");
    expect(() => signersOf(keys)).toThrow("a.pem is rsa 3072, and rsa2048 is wanted");
    openssl("ecparam", "-genkey", "-noout", "-name", "prime256v1");
    expect(() => signersOf(keys)).toThrow("a.pem is ec prime256v1, and rsa2048 is wanted");
    openssl("genpkey", "-algorithm", "ed25519");
    expect(codeOf(() => signersOf(keys))).toBe("AXV_KEYS_KIND");
  });

  test("it is another one than was made", () => {
    openssl("genrsa", "2048");
    expect(codeOf(() => signersOf(keys))).toBe("AXV_KEYS_CHANGED");
  });

  test("it is gone, empty, no PEM, kept by a passphrase, or a certificate", () => {
    const pem = readFileSync(file("a.pem"));
    for (const contents of ["", "no key", pem.subarray(0, 100)]) {
      writeFileSync(file("a.pem"), contents);
      expect(codeOf(() => signersOf(keys))).toBe("AXV_KEYS_UNREADABLE");
    }
    openssl("genrsa", "-aes256", "-passout", "pass:x", "2048");
    expect(codeOf(() => signersOf(keys))).toBe("AXV_KEYS_UNREADABLE");
    rmSync(file("a.pem"));
    expect(codeOf(() => signersOf(keys))).toBe("AXV_KEYS_UNREADABLE");
  });

  test("others can read it", () => {
    chmodSync(file("a.pem"), 0o640);
    expect(() => signersOf(keys)).toThrow(`chmod 600 ${file("a.pem")}`);
  });

  test.each([
    ["no JSON", "{"], ["another form", '{"keys": {}}'], ["a name that leads elsewhere", '{"keys": [{"name": "../a"}]}'],
  ])("keys.json is %s", (_, contents) => {
    writeFileSync(file("keys.json"), contents);
    expect(codeOf(() => signersOf(keys))).toBe("AXV_KEYS_INDEX");
  });

  test("keys.json has it twice", () => {
    const { keys: list } = JSON.parse(readFileSync(file("keys.json"), "utf8")) as { keys: unknown[] };
    writeFileSync(file("keys.json"), JSON.stringify({ keys: [...list, ...list] }));
    expect(() => signersOf(keys)).toThrow("two keys have one name");
  });
});

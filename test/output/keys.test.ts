// No command writes over a key but axv-part keys.
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newKey } from "../../tools/firmware/keys/folder.ts";
import { diskWith, system } from "../firmware/deployDisks.ts";
import { axvPart } from "./axvPart.ts";

const SYSTEM = "board: qemu-aarch64\npartitions:\n  plc: { guest: plc, cpus: [3] }\n";

let folder = "";
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "axv-kept-")));
  writeFileSync(at("x.yaml"), SYSTEM);
  for (const name of ["keys", "vault"]) newKey(at(name), "line", "rsa2048");
  execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", at("plc.key")]);
  execFileSync("openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-out", at("curve.key")]);
  writeFileSync(at("b.dts"), "/dts-v1/;\n/ { };\n");
  execFileSync("dtc", ["-O", "dtb", "-o", at("b.dtb"), at("b.dts")]);
  mkdirSync(at("hard"));
  linkSync(at("keys/line.pem"), at("hard/image.bin"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const KEYS = ["keys/line.pem", "keys/line.pub.pem", "keys/keys.json", "vault/line.pem", "plc.key", "curve.key"];

describe("nothing is written over keys", () => {
  test.each([
    ["keys/line.pem", "build", "x.yaml", "-o", "keys/line.pem"],
    ["hard/image.bin", "build", "x.yaml", "-o", "hard/image.bin"],
    ["plc.key", "build", "x.yaml", "-o", "plc.key"],
    ["curve.key", "build", "x.yaml", "-o", "curve.key"],
    ["keys/line.pem", "build", "x.yaml", "--fit", "-o", "keys/line.pem"],
    ["keys/line.pub.pem", "build", "x.yaml", "--fit", "-o", "keys/line.pub.pem"],
    ["keys/keys.json", "build", "x.yaml", "--fit", "-o", "keys/keys.json"],
    ["vault/line.pem", "build", "x.yaml", "--fit", "--keys", "vault", "-o", "vault/line.pem"],
    ["keys/line.pem", "build", "x.yaml", "--fit", "-o", "o/i.bin", "--disk", "keys/line.pem"],
    ["keys/line.pem", "plan", "x.yaml", "--svg", "keys/line.pem"],
    ["keys/line.pem", "run", "x.yaml", "--for", "1s", "--csv", "keys/line.pem"],
    ["keys/line.pem", "keys", "show", "--dtb", "b.dtb", "-o", "keys/line.pem"],
    ["keys/keys.json", "keys", "show", "--dtb", "b.dtb", "-o", "keys/keys.json"],
    ["keys/line.pem", "tags", "x.yaml", "--modbus", "md", "-o", "keys/line.pem"],
    ["plc.key", "monitor", "x.yaml", "--link", "tcp:127.0.0.1:1", "--csv", "plc.key"],
  ])("%s: axv-part %s %s %s %s", (key, ...parameters) => {
    const before = KEYS.map((name) => readFileSync(at(name)));
    const { status, stdout, stderr } = axvPart(folder, ...parameters);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(`would be written to ${key}, and ${key} holds keys: choose another place`);
    expect(KEYS.map((name) => readFileSync(at(name)))).toEqual(before);
  });

  test("by a backup; nor is the disk that it is of", () => {
    const before = diskWith(system("a", 9_000, 1));
    writeFileSync(at("disk.img"), before);
    expect(axvPart(folder, "backup", "disk.img", "plc.key").stderr).toMatch(/plc.key holds keys/);
    expect(axvPart(folder, "backup", "disk.img", "./disk.img").stderr).toMatch(/is read for it/);
    expect(readFileSync(at("disk.img")).equals(before)).toBe(true);
  });

  test("a file beside them is written", () => {
    expect(axvPart(folder, "keys", "show", "--dtb", "b.dtb", "-o", "keys/control.dtb").status).toBe(0);
  });
});

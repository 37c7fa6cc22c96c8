// The public key as U-Boot finds it: what mkimage -K writes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readFdt, type FdtNode } from "../../../partitions/devicetree/fdt.ts";
import { trusting } from "../../../tools/firmware/keys/control.ts";
import { imageOf, keyPair, mkimageFit, type Pair } from "../fits.ts";

let folder = "";
let tree: Buffer;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "axv-keys-"));
  tree = execFileSync("dtc", ["-q", "-I", "dts", "-O", "dtb", "-p", "4096"], {
    input: '/dts-v1/; / { compatible = "linux,dummy-virt"; signature { }; chosen { }; };',
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const signatureIn = (dtb: Uint8Array): FdtNode | undefined => readFdt(dtb).root.children.find(({ name }) => name === "signature");
const numbersOf = (dtb: Uint8Array): Record<string, Record<string, string>> =>
  Object.fromEntries((signatureIn(dtb)?.children ?? []).map(({ name, properties }) => [
    name, Object.fromEntries([...properties].map(([property, value]) => [property, Buffer.from(value).toString("hex")])),
  ]));

function asMkimage(pair: Pair): Buffer {
  const control = join(folder, "control.dtb");
  writeFileSync(control, tree);
  mkimageFit(folder, imageOf(64), [pair], ["-r", "-K", "control.dtb"]);
  return readFileSync(control);
}

test.each([["rsa2048"], ["rsa4096"]] as const)("%s: the very numbers that mkimage writes", (algorithm) => {
  const pair = keyPair("plant", algorithm);
  const theirs = numbersOf(asMkimage(pair));
  expect(Object.keys(theirs)).toEqual(["key-plant"]);
  expect(numbersOf(trusting(tree, [pair.known]))).toEqual(theirs);
});

test("ecdsa256: the point is mkimage's, which in Debian 12 forgets to say what the key is for, and that it is required", () => {
  const pair = keyPair("plant", "ecdsa256");
  const theirs = numbersOf(asMkimage(pair))["plant"] ?? {};
  expect(Object.keys(theirs)).toEqual(expect.arrayContaining(["ecdsa,curve", "ecdsa,x-point", "ecdsa,y-point"]));
  const text = (string: string): string => Buffer.from(`${string}\0`).toString("hex");
  const said = { required: text("conf"), algo: text("sha256,ecdsa256"), "key-name-hint": text("plant") };
  expect(numbersOf(trusting(tree, [pair.known]))).toEqual({ plant: { ...theirs, ...said } });
});

test("two keys: one of them is enough; what was trusted before is not any more, all else stays", () => {
  const [first, second, third] = [keyPair("a", "rsa2048"), keyPair("b", "rsa2048"), keyPair("c", "ecdsa256")];
  const before = trusting(tree, [first.known, second.known]);
  expect(Object.keys(numbersOf(before))).toEqual(["key-a", "key-b"]);
  expect(signatureIn(before)?.properties.get("required-mode")).toEqual(Buffer.from("any\0"));
  const after = trusting(before, [third.known]);
  expect(Object.keys(numbersOf(after))).toEqual(["c"]);
  expect([...(signatureIn(after)?.properties ?? [])]).toEqual([]);
  expect(readFdt(after).root.children.map(({ name }) => name)).toEqual(["chosen", "signature"]);
  expect(readFdt(after).root.properties).toEqual(readFdt(tree).root.properties);
});
